/* A linear layer of few images on plain tensors: bound by reading the weights, which come once, some rows side by side.
 *
 * A product of a row with an image is a vector of sums until its end. More than two images do not stay in the first-level cache
 * whole: then a block of rows goes through them piece by piece, and fetches what the next piece needs of its weights. */
#include "kernels/simd/vector.h"

enum {
    IMAGES = 8,                      /* at most */
    SUMS = FV_WIDTH == 16 ? 24 : 12, /* in registers */
    MOST_ROWS = 8,                   /* side by side */
    BLOCK = 48,                      /* rows */
    PIECE = 512,                     /* input features */
    WHOLE = 2,                       /* images that need no pieces */
};

typedef struct piece {
    size_t in, count; /* features from one row to the next; of this piece */
    bool first, ahead;
} piece;

FV_INLINE void products(const int R, const int N, const piece *p, const float *x, const float *w, float *part) {
    vf sum[SUMS];
#pragma GCC unroll 24
    for (int k = 0; k < R * N; k++) sum[k] = p->first ? (vf){0} : load(part + k * WIDTH);
    size_t i = 0;
    for (; i + WIDTH <= p->count; i += WIDTH) {
        vf weight[MOST_ROWS];
#pragma GCC unroll 8
        for (int r = 0; r < R; r++) {
            const float *from = w + (size_t)r * p->in + i;
            weight[r] = load(from);
            if (p->ahead) __builtin_prefetch(from + PIECE, 0, 2);
        }
#pragma GCC unroll 8
        for (int n = 0; n < N; n++) {
            vf value = load(x + (size_t)n * p->in + i);
#pragma GCC unroll 8
            for (int r = 0; r < R; r++) sum[n * R + r] += weight[r] * value;
        }
    }
    if (i < p->count)
        for (int n = 0; n < N; n++)
#pragma GCC unroll 8
            for (int r = 0; r < R; r++)
                sum[n * R + r] += load_some(w + (size_t)r * p->in + i, p->count - i) *
                                  load_some(x + (size_t)n * p->in + i, p->count - i);
#pragma GCC unroll 24
    for (int k = 0; k < R * N; k++) store(part + k * WIDTH, sum[k]);
}

/* Rows side by side, by images: as many as there are sums for. */
#define MANY(N) (SUMS / (N) < MOST_ROWS ? SUMS / (N) : MOST_ROWS)
#define PRODUCTS(N)                                                                     \
    static void many_##N(const piece *p, const float *x, const float *w, float *part) { \
        products(MANY(N), N, p, x, w, part);                                            \
    }                                                                                   \
    static void one_##N(const piece *p, const float *x, const float *w, float *part) { products(1, N, p, x, w, part); }
#define ROW(N)  {MANY(N), many_##N, one_##N},
#define EACH(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)

EACH(PRODUCTS)
static const struct {
    int rows;
    void (*many)(const piece *p, const float *x, const float *w, float *part);
    void (*one)(const piece *p, const float *x, const float *w, float *part);
} kernels[IMAGES] = {EACH(ROW)};

/* part [group of rows][image][row of the group][WIDTH]; rows that fill no group are groups of one. */
static void multiply_block(const fv_conv_shape *s, int rows, const float *x, const float *w, float *part) {
    const size_t in = (size_t)s->ic, size = s->n > WHOLE ? PIECE : in;
    const int side = kernels[s->n - 1].rows;
    for (size_t i = 0; i < in; i += size) {
        const piece p = {in, in - i < size ? in - i : size, .first = i == 0, .ahead = i + size < in};
        for (int row = 0, taken; row < rows; row += taken) {
            taken = rows - row < side ? 1 : side;
            (taken == side ? kernels[s->n - 1].many : kernels[s->n - 1].one)(&p, x + i, w + (size_t)row * in + i,
                                                                             part + row * s->n * WIDTH);
        }
    }
}

static void add_up_block(const fv_conv_shape *s, int first, int rows, const float *part, const float *bias, float *y) {
    const int side = kernels[s->n - 1].rows;
    for (int row = 0, taken; row < rows; row += taken) {
        taken = rows - row < side ? 1 : side;
        for (int n = 0; n < s->n; n++)
            for (int r = 0; r < taken; r++, part += WIDTH)
                y[(size_t)n * (size_t)s->oc + (size_t)(first + row + r)] =
                    sum_lanes(load(part)) + (bias ? bias[first + row + r] : 0);
    }
}

bool SIMD(linear_supported)(const fv_conv_shape *s) { return s->n <= IMAGES; }

void SIMD(linear_forward)(const fv_conv_shape *s, int o0, int o1, const float *x, const float *w, const float *bias,
                          float *y) {
    float part[BLOCK * IMAGES * WIDTH];
    for (int row = o0; row < o1; row += BLOCK) {
        int rows = o1 - row < BLOCK ? o1 - row : BLOCK;
        multiply_block(s, rows, x, w + (size_t)row * (size_t)s->ic, part);
        add_up_block(s, row, rows, part, bias, y);
    }
}
