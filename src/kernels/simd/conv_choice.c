/* A convolution and its 2x2 max pool of stride 2, backward: by choosing operands per lane.
 *
 * Three of four gradients of the full map are zero, but which of the four is not differs from lane to lane.
 * So for stride 1 the two passes choose operands by lane, instead of multiplying by zeros: where `index` is 2 * lower +
 * right, each lane's tap (kh,kw) sees input row kh + lower, column kw + right of the window:
 *
 *   dw[oc][kh,kw]  += dy[oc] * x[lower ? kh + 1 : kh][right ? kw + 1 : kw]
 *   dx[a,b]        += dy[oc] * w[oc][lower ? a - 1 : a][right ? b - 1 : b],   a <= KH, b <= KW, w zero outside
 *
 * Choices in a column of the kernel share their halves: T taps take T + 1 choices of `right`, T of `lower`, and T
 * multiply-adds instead of the 4 T of the full map. Of w, a lane picks one of four scalars. */
#include "core/threads.h"
#include "kernels/simd/conv_pool.h"

enum {
    FOURS = FV_WIDTH / 4,               /* tables of four floats to a vector */
    CHOICE_T = CHOICE_ROWS,             /* taps of a kernel's column at once */
    CHOICE_XM = FV_WIDTH == 16 ? 2 : 1, /* channels at once, for dw, ... */
    CHOICE_XC = FV_WIDTH == 16 ? 2 : 1, /* ... and columns. avx512: 20 sums, 4 uppers, 3 x, 2 dy, 2 of work */
    CHOICE_WM = FV_WIDTH == 16 ? 3 : 1, /* channels at once, for dx. avx512: 18 sums, 1 dy, 1 index, 1 w */
};

/* M channels, T taps of C columns of the kernel, the first at x: dw[m * inner + t * kw + c] (+)= the sum over pixels.
 * `right` is chosen once an input row, and the row's choices serve two taps: as `lower` of one, as upper of the next. */
FV_INLINE void tile_choose_x(const int M, const int C, const int T, const quads *q, const float *x, const float *dy,
                             const uint16_t *index, float *dw, ptrdiff_t inner, int kw, bool add) {
    const ptrdiff_t row = q->f->x_row;
    vf sum[CHOICE_XM * CHOICE_XC * CHOICE_T];
#pragma GCC unroll 20
    for (int i = 0; i < M * C * T; i++) sum[i] = (vf){0};
    for (int g = 0; g < q->groups; g++)
        for (int r = 0; r < q->rows; r++) {
            const float *from = x + g * q->f->x_group + 2 * r * row;
            ptrdiff_t at = g * q->group + (ptrdiff_t)r * q->cols * LANES, end = at + q->cols * LANES;
            for (; at < end; at += LANES, from += 2 * LANES)
                for (int slice = 0; slice < LANES; slice += WIDTH) {
                    vf grad[CHOICE_XM], upper[CHOICE_XM * CHOICE_XC];
                    mask right[CHOICE_XM], lower[CHOICE_XM];
                    FORGET(from);
#pragma GCC unroll 2
                    for (int m = 0; m < M; m++) {
                        vi which = load_index(index + m * q->map + at + slice);
                        right[m] = bit_of(which, 1), lower[m] = bit_of(which, 2);
                        grad[m] = load(dy + m * q->map + at + slice);
                    }
#pragma GCC unroll 6
                    for (int t = -1; t < T; t++) {
                        vf near[CHOICE_XC + 1];
#pragma GCC unroll 3
                        for (int c = 0; c <= C; c++) {
                            near[c] = load(from + (t + 1) * row + c * LANES + slice);
                            HOLD(near[c]);
                        }
#pragma GCC unroll 4
                        for (int i = 0; i < M * C; i++) {
                            vf next = choose(right[i / C], near[i % C + 1], near[i % C]);
                            if (t >= 0) sum[i * T + t] += grad[i / C] * choose(lower[i / C], next, upper[i]);
                            upper[i] = next;
                        }
                    }
                }
        }
#pragma GCC unroll 20
    for (int i = 0; i < M * C * T; i++) {
        float *to = dw + i / T / C * inner + i % T * kw + i / T % C, all = sum_lanes(sum[i]);
        *to = add ? *to + all : all;
    }
}

/* M input channels, column b of the (T+1) x (KW+1) inputs of one pooled pixel: dx[m][a] += the sum over oc. dy and index
 * are at that pixel; quad points to the channels' fours of that column, oc_step floats apart from oc to oc. */
FV_INLINE void tile_choose_w(const int M, const int T, const quads *q, int oc, const float *dy, const uint16_t *index,
                             const float *quad, ptrdiff_t oc_step, float *dx) {
    for (int slice = 0; slice < LANES; slice += WIDTH) {
        vf sum[CHOICE_WM * (CHOICE_T + 1)];
#pragma GCC unroll 18
        for (int i = 0; i < M * (T + 1); i++) sum[i] = (vf){0};
        const float *four = quad;
        for (ptrdiff_t at = slice, end = slice + oc * q->map; at < end; at += q->map, four += oc_step) {
            vf grad = load(dy + at), table;
            vi which[FOURS];
#pragma GCC unroll 4
            for (int i = 0; i < FOURS; i++) which[i] = load_index(index + at) + 4 * i;
#pragma GCC unroll 18
            for (int i = 0; i < M * (T + 1); i++) {
                if (i % FOURS == 0) table = load(four + 4 * i);
                sum[i] += grad * pick(table, which[i % FOURS]);
            }
        }
#pragma GCC unroll 3
        for (int m = 0; m < M; m++)
#pragma GCC unroll 6
            for (int a = 0; a <= T; a++) {
                float *to = dx + m * q->f->map + a * q->f->x_row + slice;
                store(to, load(to) + sum[m * (T + 1) + a]);
            }
    }
}

typedef void choose_x_tile(const quads *q, const float *x, const float *dy, const uint16_t *index, float *dw,
                           ptrdiff_t inner, int kw, bool add);
typedef void choose_w_tile(const quads *q, int oc, const float *dy, const uint16_t *index, const float *quad,
                           ptrdiff_t oc_step, float *dx);

#define CHOICE_X(M, C, T)                                                                                        \
    static void choose_x_##M##x##C##x##T(const quads *q, const float *x, const float *dy, const uint16_t *index, \
                                         float *dw, ptrdiff_t inner, int kw, bool add) {                         \
        tile_choose_x(M, C, T, q, x, dy, index, dw, inner, kw, add);                                             \
    }
#define CHOICE_W(M, T)                                                                                                \
    static void choose_w_##M##x##T(const quads *q, int oc, const float *dy, const uint16_t *index, const float *quad, \
                                   ptrdiff_t oc_step, float *dx) {                                                    \
        tile_choose_w(M, T, q, oc, dy, index, quad, oc_step, dx);                                                     \
    }
/* clang-format off */
#define CHOICES_X(M, C) CHOICE_X(M, C, 1) CHOICE_X(M, C, 2) CHOICE_X(M, C, 3) CHOICE_X(M, C, 4) CHOICE_X(M, C, 5)
#define CHOICES_W(M)    CHOICE_W(M, 1) CHOICE_W(M, 2) CHOICE_W(M, 3) CHOICE_W(M, 4) CHOICE_W(M, 5)
#define ROW(name)       {name##x1, name##x2, name##x3, name##x4, name##x5}
CHOICES_X(1, 1) CHOICES_W(1)
#if FV_WIDTH == 16
CHOICES_X(1, 2) CHOICES_X(2, 1) CHOICES_X(2, 2) CHOICES_W(2) CHOICES_W(3)
static choose_x_tile *const choose_x_tiles[CHOICE_XM][CHOICE_XC][CHOICE_T] = {
    {ROW(choose_x_1x1), ROW(choose_x_1x2)}, {ROW(choose_x_2x1), ROW(choose_x_2x2)}};
static choose_w_tile *const choose_w_tiles[CHOICE_WM][CHOICE_T] = {ROW(choose_w_1), ROW(choose_w_2), ROW(choose_w_3)};
#else
static choose_x_tile *const choose_x_tiles[CHOICE_XM][CHOICE_XC][CHOICE_T] = {{ROW(choose_x_1x1)}};
static choose_w_tile *const choose_w_tiles[CHOICE_WM][CHOICE_T] = {ROW(choose_w_1)};
#endif
/* clang-format on */

/* All of dw, over the groups of q. */
void SIMD(choose_weights)(const fv_conv_shape *s, const quads *q, const float *x, const float *dy,
                          const uint16_t *index, float *dw, bool add) {
    int kh = s->kernel[0], kw = s->kernel[1], bands = tiles_for(s->oc, CHOICE_XM);
    int columns = tiles_for(kw, CHOICE_XC), parts = tiles_for(kh, CHOICE_T);
    for (int j = 0; j < bands; j++)
        for (int i = 0; i < s->ic * columns * parts; i++) {
            int m0, m1, c0, c1, t0, t1, ic = i / parts / columns;
            fv_share(s->oc, j, bands, &m0, &m1);
            fv_share(kw, i / parts % columns, columns, &c0, &c1);
            fv_share(kh, i % parts, parts, &t0, &t1);
            const float *from = x + ic * q->f->map + t0 * q->f->x_row + c0 * LANES;
            float *to = dw + ((ptrdiff_t)(m0 * s->ic + ic) * kh + t0) * kw + c0;
            choose_x_tiles[m1 - m0 - 1][c1 - c0 - 1][t1 - t0 - 1](q, from, dy + m0 * q->map, index + m0 * q->map, to,
                                                                  conv_inner(s), kw, add);
        }
}

/* What an input at row a, column b of a window may see of w [KH,KW], by the four values of index:
 * quads[b][oc][ic][a] = {w[a][b], w[a][b-1], w[a-1][b], w[a-1][b-1]}, zero outside w; a <= KH, b <= KW. */
void SIMD(make_quads)(const fv_conv_shape *s, const float *w, float *quad) {
    const int kh = s->kernel[0], kw = s->kernel[1], filters = s->oc * s->ic;
    for (int b = 0; b <= kw; b++)
        for (int filter = 0; filter < filters; filter++) {
            const float *of = w + (ptrdiff_t)filter * kh * kw;
            for (int a = 0; a <= kh; a++)
                for (int which = 0; which < 4; which++) {
                    int h = a - which / 2, v = b - which % 2;
                    *quad++ = h >= 0 && h < kh && v >= 0 && v < kw ? of[h * kw + v] : 0;
                }
        }
}

/* Adds one group's gradient to the field dx, which the caller has cleared. */
void SIMD(choose_data)(const fv_conv_shape *s, const quads *q, const float *dy, const uint16_t *index,
                       const float *quad, float *dx) {
    int kh = s->kernel[0], bands = tiles_for(s->ic, CHOICE_WM);
    ptrdiff_t fours = 4 * (kh + 1), oc_step = s->ic * fours;
    for (int b = 0; b <= s->kernel[1]; b++, quad += s->oc * oc_step)
        for (int p = 0; p < q->rows * q->cols; p++) {
            float *window = dx + p / q->cols * 2 * q->f->x_row + p % q->cols * 2 * q->f->x_col + b * LANES;
            for (int j = 0; j < bands; j++) {
                int m0, m1;
                fv_share(s->ic, j, bands, &m0, &m1);
                choose_w_tiles[m1 - m0 - 1][kh - 1](q, s->oc, dy + p * LANES, index + p * LANES, quad + m0 * fours,
                                                    oc_step, window + m0 * q->f->map);
            }
        }
}
