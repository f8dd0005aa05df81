/* Convolution, backward weights.
 *
 *   dw[oc][k] = sum over images, pixels p of dy[oc][p] * x[p + tap(k)],  k = (ic,kh,kw)
 *
 * Images are lanes here, so a tile of M channels by T taps keeps M * T vectors of sums over the whole of its groups, and
 * adds up the lanes once, at the end. A fully connected layer has too few pixels (one) to pay for that; there x is
 * transposed to [image][feature] and a tile is channels by vectors of features (tile.h), summed over images. */
#include "core/threads.h"
#include "kernels/simd/conv.h"

/* Per pixel M + T loads for M * T multiply-adds. Registers: avx512 4x5: 20 sums + 4 dy + 1 x; avx2, generic 2x5: 10 + 2 + 1. */
enum { DOT_M = FV_WIDTH == 16 ? 4 : 2, DOT_T = 5 };

enum { LINEAR_GROUPS = 8 }; /* transposed at once, at most */

typedef struct dots {
    int groups, rows, cols; /* output pixels */
    const field *f;
} dots;

/* dw[m * inner + n] (+)= the sum over all pixels and lanes. */
FV_INLINE void tile_dot(const int M, const int T, const dots *d, const float *x, const tap *at, const float *dy,
                        float *dw, ptrdiff_t inner, bool add) {
    const ptrdiff_t map = d->f->y_map, x_col = d->f->x_col;
    const float *look[DOT_T];
    for (int t = 0; t < T; t++) look[t] = x + at[t].x;
    vf sum[DOT_M * DOT_T];
#pragma GCC unroll 20
    for (int i = 0; i < M * T; i++) sum[i] = (vf){0};
    for (int g = 0; g < d->groups; g++)
        for (int r = 0; r < d->rows; r++) {
            ptrdiff_t from = g * d->f->x_group + r * d->f->x_row;
            const float *grad = dy + g * d->f->y_group + (ptrdiff_t)r * d->cols * LANES;
            for (int c = 0; c < d->cols; c++, from += x_col)
                for (int slice = 0; slice < LANES; slice += WIDTH, grad += WIDTH) {
                    vf down[DOT_M];
#pragma GCC unroll 4
                    for (int m = 0; m < M; m++) down[m] = load(grad + m * map);
#pragma GCC unroll 5
                    for (int t = 0; t < T; t++) {
                        vf value = load(look[t] + from + slice);
#pragma GCC unroll 4
                        for (int m = 0; m < M; m++) sum[m * T + t] += value * down[m];
                    }
                }
        }
#pragma GCC unroll 4
    for (int m = 0; m < M; m++)
#pragma GCC unroll 5
        for (int t = 0; t < T; t++) {
            float *to = dw + m * inner + t, all = sum_lanes(sum[m * T + t]);
            *to = add ? *to + all : all;
        }
}

typedef void dot_tile(const dots *d, const float *x, const tap *at, const float *dy, float *dw, ptrdiff_t inner,
                      bool add);

#define DOT(M, T)                                                                                       \
    static void dot_##M##x##T(const dots *d, const float *x, const tap *at, const float *dy, float *dw, \
                              ptrdiff_t inner, bool add) {                                              \
        tile_dot(M, T, d, x, at, dy, dw, inner, add);                                                   \
    }
#define DOTS(M) DOT(M, 1) DOT(M, 2) DOT(M, 3) DOT(M, 4) DOT(M, 5)
#define ROW(M) \
    { dot_##M##x1, dot_##M##x2, dot_##M##x3, dot_##M##x4, dot_##M##x5 }
#if FV_WIDTH == 16
DOTS(1) DOTS(2) DOTS(3) DOTS(4) static dot_tile *const dot_tiles[DOT_M][DOT_T] = {ROW(1), ROW(2), ROW(3), ROW(4)};
#else
DOTS(1) DOTS(2) static dot_tile *const dot_tiles[DOT_M][DOT_T] = {ROW(1), ROW(2)};
#endif

/* All of dw, over `groups` groups. */
void SIMD(weights_field)(const fv_conv_shape *s, const field *f, const tap *at, int groups, const float *x,
                         const float *dy, float *dw, bool add) {
    dots d = {groups, s->oh, s->ow, f};
    int inner = conv_inner(s), bands = tiles_for(s->oc, DOT_M), parts = tiles_for(inner, DOT_T);
    for (int j = 0; j < bands; j++)
        for (int i = 0; i < parts; i++) {
            int m0, m1, k0, k1;
            fv_share(s->oc, j, bands, &m0, &m1);
            fv_share(inner, i, parts, &k0, &k1);
            dot_tiles[m1 - m0 - 1][k1 - k0 - 1](&d, x, at + k0, dy + m0 * f->y_map, dw + (ptrdiff_t)m0 * inner + k0,
                                                inner, add);
        }
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

static size_t linear_scratch(const fv_conv_shape *s) {
    size_t inner = (size_t)conv_inner(s), oc = (size_t)s->oc, images = LINEAR_GROUPS * LANES;
    return round_up((images * inner + LANES) * sizeof(float), 64) +
           round_up(oc * round_up(inner, LANES) * sizeof(float), 64) + round_up(images * sizeof(tap), 64) +
           round_up(oc * sizeof(tap), 64);
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
    const size_t oc = (size_t)s->oc;
    char *rest = scratch;
    float *images = cut(&rest, ((size_t)inner * LINEAR_GROUPS * LANES + LANES) * sizeof *images);
    float *wide = cut(&rest, oc * (size_t)columns * sizeof *wide);
    tap *table = cut(&rest, LINEAR_GROUPS * LANES * sizeof *table), *at = cut(&rest, oc * sizeof *at);
    float *out = columns == inner ? dw : wide;
    memset(out, 0, oc * (size_t)columns * sizeof *out);
    for (int o = 0; o < s->oc; o++) at[o].x = o * columns;
    for (int i = 0; i < LINEAR_GROUPS * LANES; i++)
        table[i] = (tap){i * inner, (ptrdiff_t)(i / LANES) * s->oc * LANES + i % LANES};
    for (int g = g0; g < g1; g += LINEAR_GROUPS) {
        int groups = g1 - g < LINEAR_GROUPS ? g1 - g : LINEAR_GROUPS;
        memset(images + groups * LANES * inner, 0, LANES * sizeof *images); /* what the last vector reads beyond */
        SIMD(batch_to_plain)(groups * LANES, (size_t)inner, 0, groups, x + g * inner * LANES, images);
        linear_block(s, &(taps){table, groups * LANES, LANES}, at, images, dy + (ptrdiff_t)g * s->oc * LANES, out);
    }
    if (out != dw)
        for (int o = 0; o < s->oc; o++) memcpy(dw + o * inner, wide + o * columns, (size_t)inner * sizeof *dw);
}

/* ---- The table's functions. */

size_t SIMD(conv_scratch)(const fv_conv_shape *s) {
    field f = SIMD(conv_field)(s);
    size_t tables = round_up((size_t)conv_inner(s) * sizeof(tap), 64) + round_up((size_t)s->oc * sizeof(tap), 64);
    size_t unpooled = round_up((size_t)f.y_group * sizeof(float), 64);
    size_t canvas = round_up(canvas_bytes(s, &f), 64), pairs = round_up(pairs_bytes(s), 64);
    return tables + canvas + (unpooled > pairs ? unpooled : pairs) + (conv_is_linear(s, &f) ? linear_scratch(s) : 0);
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
    float *canvas = cut(&rest, canvas_bytes(s, &f));
    SIMD(conv_taps)(s, &f, at);
    if (g0 == g1) memset(dw, 0, (size_t)s->oc * (size_t)conv_inner(s) * sizeof *dw);
    ptrdiff_t group = (ptrdiff_t)s->ic * s->ih * s->iw * LANES;
    for (int g = g0, step = field_groups(&f, g0, g1); g < g1; g += step) {
        if (f.canvas) SIMD(canvas_fill)(s, &f, x + g * group, canvas);
        SIMD(weights_field)(s, &f, at, step, f.canvas ? canvas : x + g * group, dy + g * f.y_group, dw, g > g0);
    }
}
