/* Convolution, backward weights.
 *
 *   dw[oc][k] = sum over images, pixels p of dy[oc][p] * x[p + tap(k)],  k = (ic,kh,kw)
 *
 * Images are lanes here, so a tile of M channels by T taps has M * T vectors of sums. It runs over a stripe of rows
 * that stays in the first-level cache while all taps pass over it, and adds to sums in scratch, whose lanes are added
 * up at the end. A fully connected layer has too few pixels (one) to pay for that; there x is transposed to
 * [image][feature] and a tile is channels by vectors of features (tile.h), summed over images. */
#include "core/threads.h"
#include "kernels/simd/conv.h"
#include "kernels/simd/conv_winograd.h"

/* Per pixel M + T loads for M * T multiply-adds. Registers: avx512 4x5: 20 sums + 4 dy + 1 x; avx2, generic 2x5: 10 + 2 + 1. */
enum { DOT_M = FV_WIDTH == 16 ? 4 : 2, DOT_T = 5 };

enum { STRIPE_BYTES = 16384 }; /* of dy, at once: half of the smallest first-level cache */

enum { LINEAR_GROUPS = 8 }; /* transposed at once, at most */

typedef struct stripe {
    const field *f;
    int rows, cols;  /* of output pixels */
    ptrdiff_t inner; /* taps */
} stripe;

/* sum[m * inner + t] += the products over the stripe; x and dy are at its first pixel. */
FV_INLINE void tile_dot(const int M, const int T, const stripe *s, const float *x, const tap *at, const float *dy,
                        float *sums) {
    const ptrdiff_t map = s->f->y_map, x_col = s->f->x_col, inner = s->inner * WIDTH;
    const float *look[DOT_T];
#pragma GCC unroll 5
    for (int t = 0; t < T; t++) look[t] = x + at[t].x;
    vf sum[DOT_M * DOT_T];
#pragma GCC unroll 20
    for (int i = 0; i < M * T; i++) sum[i] = load(sums + i / T * inner + i % T * WIDTH);
    for (int r = 0; r < s->rows; r++) {
        ptrdiff_t from = r * s->f->x_row;
        for (int c = 0; c < s->cols; c++, from += x_col)
            for (int slice = 0; slice < LANES; slice += WIDTH, dy += WIDTH) {
                vf down[DOT_M];
#pragma GCC unroll 4
                for (int m = 0; m < M; m++) down[m] = load(dy + m * map);
#pragma GCC unroll 5
                for (int t = 0; t < T; t++) {
                    vf value = load(look[t] + from + slice);
                    HOLD(value);
#pragma GCC unroll 4
                    for (int m = 0; m < M; m++) sum[m * T + t] += value * down[m];
                }
            }
    }
#pragma GCC unroll 20
    for (int i = 0; i < M * T; i++) store(sums + i / T * inner + i % T * WIDTH, sum[i]);
}

typedef void dot_tile(const stripe *s, const float *x, const tap *at, const float *dy, float *sums);

#define DOT(M, T)                                                                                             \
    static void dot_##M##x##T(const stripe *s, const float *x, const tap *at, const float *dy, float *sums) { \
        tile_dot(M, T, s, x, at, dy, sums);                                                                   \
    }
/* clang-format off */
#define DOTS(M) DOT(M, 1) DOT(M, 2) DOT(M, 3) DOT(M, 4) DOT(M, 5)
#define ROW(M)  {dot_##M##x1, dot_##M##x2, dot_##M##x3, dot_##M##x4, dot_##M##x5}
DOTS(1) DOTS(2)
#if FV_WIDTH == 16
DOTS(3) DOTS(4)
static dot_tile *const dot_tiles[DOT_M][DOT_T] = {ROW(1), ROW(2), ROW(3), ROW(4)};
#else
static dot_tile *const dot_tiles[DOT_M][DOT_T] = {ROW(1), ROW(2)};
#endif
/* clang-format on */

/* The channels of one band, over `groups` groups, into sums [M][inner] of vectors. */
static void dot_band(const fv_conv_shape *s, const field *f, const tap *at, int groups, int channels, const float *x,
                     const float *dy, float *sums) {
    stripe part = {.f = f, .cols = s->ow, .inner = conv_inner(s)};
    int height = STRIPE_BYTES / (channels * s->ow * LANES * (int)sizeof *dy), parts = tiles_for(conv_inner(s), DOT_T);
    if (height < 1) height = 1;
    memset(sums, 0, (size_t)(channels * part.inner) * WIDTH * sizeof *sums);
    for (int g = 0; g < groups; g++)
        for (int row = 0; row < s->oh; row += height) {
            part.rows = s->oh - row < height ? s->oh - row : height;
            const float *from = x + g * f->x_group + row * f->x_row;
            const float *grad = dy + g * f->y_group + (ptrdiff_t)row * s->ow * LANES;
            for (int i = 0; i < parts; i++) {
                int k0, k1;
                fv_share(conv_inner(s), i, parts, &k0, &k1);
                dot_tiles[channels - 1][k1 - k0 - 1](&part, from, at + k0, grad, sums + k0 * WIDTH);
            }
        }
}

void SIMD(weights_field)(const fv_conv_shape *s, const field *f, const tap *at, int groups, const float *x,
                         const float *dy, float *dw, float *sums, bool add) {
    const ptrdiff_t inner = conv_inner(s);
    for (int j = 0, bands = tiles_for(s->oc, DOT_M); j < bands; j++) {
        int m0, m1;
        fv_share(s->oc, j, bands, &m0, &m1);
        dot_band(s, f, at, groups, m1 - m0, x, dy + m0 * f->y_map, sums);
        for (ptrdiff_t i = 0; i < (m1 - m0) * inner; i++) {
            float *to = dw + m0 * inner + i, all = sum_lanes(load(sums + i * WIDTH));
            *to = add ? *to + all : all;
        }
    }
}

size_t SIMD(weights_sums)(const fv_conv_shape *s) {
    return (size_t)(DOT_M * WIDTH) * (size_t)conv_inner(s) * sizeof(float);
}

/* dbias[oc] = the sum of dy over images and `map` / 16 pixels. */
void SIMD(bias_sums)(int channels, ptrdiff_t map, int g0, int g1, const float *dy, float *dbias) {
    for (int c = 0; c < channels; c++) {
        vf sum[4] = {{0}};
        for (int g = g0; g < g1; g++) {
            const float *from = dy + (ptrdiff_t)(g * channels + c) * map;
            for (ptrdiff_t i = 0; i < map; i += LANES)
                for (int slice = 0; slice < LANES; slice += WIDTH)
                    sum[(i / WIDTH + slice) / WIDTH % 4] += load(from + i + slice);
        }
        dbias[c] = sum_lanes((sum[0] + sum[1]) + (sum[2] + sum[3]));
    }
}

/* ---- Fully connected: x [groups,I,16], dy [groups,O,16]. */

/* How many images are transposed at once. */
static size_t linear_images(const fv_conv_shape *s) {
    int groups = tiles_for(s->n, LANES);
    return (size_t)(groups < LINEAR_GROUPS ? groups : LINEAR_GROUPS) * LANES;
}

/* Floats of the gradient with its rows on whole vectors; 0 where they are so anyway. */
static size_t linear_wide(const fv_conv_shape *s) {
    size_t inner = (size_t)conv_inner(s), columns = round_up(inner, LANES);
    return columns == inner ? 0 : (size_t)s->oc * columns;
}

/* Forward and backward data need tables alone. */
static size_t linear_scratch(const fv_conv_shape *s) {
    size_t inner = (size_t)conv_inner(s), oc = (size_t)s->oc, images = linear_images(s);
    size_t forward = round_up(inner * sizeof(tap), 64) + round_up(oc * sizeof(tap), 64);
    size_t weights = round_up((images * inner + LANES) * sizeof(float), 64) +
                     round_up(linear_wide(s) * sizeof(float), 64) + round_up(images * sizeof(tap), 64) +
                     round_up(oc * sizeof(tap), 64);
    return forward > weights ? forward : weights;
}

/* Adds the gradient of the images in `t` to out [O, columns]. */
static void linear_block(const fv_conv_shape *s, const taps *t, const tap *at, const float *images, const float *dy,
                         float *out) {
    int vectors = tiles_for(conv_inner(s), LANES), places = tiles_for(vectors, TILE_N),
        bands = tiles_for(s->oc, TILE_M);
    for (int i = 0; i < places; i++) {
        int v0, v1;
        fv_share(vectors, i, places, &v0, &v1);
        const float *from[TILE_N];
        float *to[TILE_N];
        for (int n = 0; n < v1 - v0; n++) from[n] = images + (v0 + n) * LANES, to[n] = out + (v0 + n) * LANES;
        for (int j = 0; j < bands; j++) {
            int m0, m1;
            fv_share(s->oc, j, bands, &m0, &m1);
            SIMD(scatter_tiles)[m1 - m0 - 1][v1 - v0 - 1](t, from, dy + m0 * t->row, to, at + m0);
        }
    }
}

static void linear_weights(const fv_conv_shape *s, int g0, int g1, const float *x, const float *dy, float *dw,
                           void *scratch) {
    const ptrdiff_t inner = conv_inner(s), columns = (ptrdiff_t)round_up((size_t)inner, LANES);
    const size_t oc = (size_t)s->oc, at_once = linear_images(s);
    char *rest = scratch;
    float *images =
        cut(&rest, ((size_t)inner * at_once + LANES) * sizeof *images); /* its last vector may reach beyond */
    float *wide = cut(&rest, linear_wide(s) * sizeof *wide);
    tap *table = cut(&rest, at_once * sizeof *table), *at = cut(&rest, oc * sizeof *at);
    float *out = columns == inner ? dw : wide;
    memset(out, 0, oc * (size_t)columns * sizeof *out);
    for (int o = 0; o < s->oc; o++) at[o].x = o * columns;
    for (int i = 0; i < (int)at_once; i++)
        table[i] = (tap){i * inner, (ptrdiff_t)(i / LANES) * s->oc * LANES + i % LANES};
    for (int g = g0; g < g1; g += LINEAR_GROUPS) {
        int groups = g1 - g < LINEAR_GROUPS ? g1 - g : LINEAR_GROUPS;
        SIMD(batch_to_plain)(groups * LANES, (size_t)inner, 0, groups, x + g * inner * LANES, images);
        linear_block(s, &(taps){table, groups * LANES, LANES}, at, images, dy + (ptrdiff_t)g * s->oc * LANES, out);
    }
    if (out != dw)
        for (int o = 0; o < s->oc; o++) memcpy(dw + o * inner, wide + o * columns, (size_t)inner * sizeof *dw);
}

/* ---- The table's functions. */

size_t SIMD(conv_scratch)(const fv_conv_shape *s) {
    field f = SIMD(conv_field)(s);
    if (conv_is_linear(s, &f)) return linear_scratch(s);
    size_t tables = round_up((size_t)conv_inner(s) * sizeof(tap), 64) + round_up((size_t)s->oc * sizeof(tap), 64);
    size_t sums = round_up(SIMD(weights_sums)(s), 64), winograd = SIMD(winograd_bytes)(s, &f);
    return tables + round_up(canvas_bytes(s, &f), 64) + (sums > winograd ? sums : winograd);
}

void SIMD(conv_backward_weights)(const fv_conv_shape *s, int g0, int g1, const float *x, const float *dy, float *dw,
                                 float *dbias, void *scratch) {
    field f = SIMD(conv_field)(s);
    if (dbias) SIMD(bias_sums)(s->oc, f.y_map, g0, g1, dy, dbias);
    if (conv_is_linear(s, &f)) {
        linear_weights(s, g0, g1, x, dy, dw, scratch);
        return;
    }
    char *rest = scratch;
    tap *at = cut(&rest, (size_t)conv_inner(s) * sizeof *at);
    float *canvas = cut(&rest, canvas_bytes(s, &f)), *sums = cut(&rest, SIMD(weights_sums)(s));
    SIMD(conv_taps)(s, &f, at);
    if (g0 == g1) memset(dw, 0, (size_t)s->oc * (size_t)conv_inner(s) * sizeof *dw);
    ptrdiff_t group = (ptrdiff_t)s->ic * s->ih * s->iw * LANES;
    for (int g = g0, step = field_groups(&f, g0, g1); g < g1; g += step) {
        if (f.canvas) SIMD(canvas_fill)(s, &f, x + g * group, canvas);
        SIMD(weights_field)(s, &f, at, step, f.canvas ? canvas : x + g * group, dy + g * f.y_group, dw, sums, g > g0);
    }
}
