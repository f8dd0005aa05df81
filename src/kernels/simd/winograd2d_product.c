/* The products of Winograd's convolution at one point, matrix by matrix, their sums in registers: tiles by output channels over
 * the input channels; for the weights' gradient input by output channels over the tiles.
 *
 * Registers: avx512 12 tiles by 2 vectors, 24 sums + 2 u + 1 v of 32; avx2 and generic 6 by 2, 12 + 2 + 1 of 16. */
#include "kernels/simd/winograd2d.h"

enum { CHANNELS = FV_WIDTH == 16 ? 8 : 4 };

/* ---- M = V U ------------------------------------------------------------------------------------------------------- */

FV_INLINE void product(const int T, const int C, int channels, const float *v, ptrdiff_t slice, const float *u,
                       const float *next, float *m) {
    vf sum[TILES * 2];
#pragma GCC unroll 24
    for (int i = 0; i < T * C; i++) sum[i] = (vf){0};
    for (; channels > 0; channels -= WIDTH, v += slice) {
        const float *from = v, *end = v + (channels < WIDTH ? channels : WIDTH);
        for (; from < end; from++, u += PANEL, next += PANEL) {
            vf weight[2];
#pragma GCC unroll 2
            for (int c = 0; c < C; c++) __builtin_prefetch(next + c * WIDTH, 0, 2);
#pragma GCC unroll 2
            for (int c = 0; c < C; c++) weight[c] = load(u + c * WIDTH);
#pragma GCC unroll 12
            for (int t = 0; t < T; t++) {
                vf value = splat(from[t * WIDTH]);
#pragma GCC unroll 2
                for (int c = 0; c < C; c++) sum[t * C + c] += value * weight[c];
            }
        }
    }
#pragma GCC unroll 12
    for (int t = 0; t < T; t++)
#pragma GCC unroll 2
        for (int c = 0; c < C; c++) store(m + t * PANEL + c * WIDTH, sum[t * C + c]);
}

typedef void product_of(int channels, const float *v, ptrdiff_t slice, const float *u, const float *next, float *m);

#define PRODUCT(T, C)                                                                                               \
    static void product_##T##x##C(int channels, const float *v, ptrdiff_t slice, const float *u, const float *next, \
                                  float *m) {                                                                       \
        product(T, C, channels, v, slice, u, next, m);                                                              \
    }
#define PRODUCTS(T) PRODUCT(T, 1) PRODUCT(T, 2)
#define ROW(T) \
    { product_##T##x1, product_##T##x2 }

/* clang-format off */
PRODUCTS(1) PRODUCTS(2) PRODUCTS(3) PRODUCTS(4) PRODUCTS(5) PRODUCTS(6)
#if FV_WIDTH == 16
PRODUCTS(7) PRODUCTS(8) PRODUCTS(9) PRODUCTS(10) PRODUCTS(11) PRODUCTS(12)
#endif
static product_of *const products[TILES][2] = {
    ROW(1), ROW(2), ROW(3), ROW(4), ROW(5), ROW(6),
#if FV_WIDTH == 16
    ROW(7), ROW(8), ROW(9), ROW(10), ROW(11), ROW(12),
#endif
};
/* clang-format on */

/* In groups of much the same size: a small one at the end would wait for its few sums. */
void SIMD(winograd2d_product)(const fv_winograd *k, int tiles, int vectors, const float *v, const float *u,
                              const float *next, float *m) {
    const int groups = (tiles + TILES - 1) / TILES;
    for (int group = 0; group < groups; group++) {
        int first = tiles * group / groups, count = tiles * (group + 1) / groups - first;
        products[count - 1][vectors - 1](k->shape.ic, v + first * WIDTH, v_slice(k), u, next, m + first * PANEL);
    }
}

/* ---- U = V' M ------------------------------------------------------------------------------------------------------ */

FV_INLINE void product_back(const int C, int tiles, const float *v, const float *m, bool add, float *u) {
    vf sum[CHANNELS * 2];
#pragma GCC unroll 8
    for (int i = 0; i < CHANNELS; i++)
#pragma GCC unroll 2
        for (int c = 0; c < C; c++) sum[i * C + c] = add ? load(u + i * PANEL + c * WIDTH) : (vf){0};
    for (const float *end = v + (ptrdiff_t)tiles * WIDTH; v < end; v += WIDTH, m += PANEL) {
        vf gradient[2];
#pragma GCC unroll 2
        for (int c = 0; c < C; c++) gradient[c] = load(m + c * WIDTH);
#pragma GCC unroll 8
        for (int i = 0; i < CHANNELS; i++) {
            vf value = splat(v[i]);
#pragma GCC unroll 2
            for (int c = 0; c < C; c++) sum[i * C + c] += value * gradient[c];
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < CHANNELS; i++)
#pragma GCC unroll 2
        for (int c = 0; c < C; c++) store(u + i * PANEL + c * WIDTH, sum[i * C + c]);
}

void SIMD(winograd2d_product_back)(const fv_winograd *k, int tiles, int vectors, const float *v, const float *m,
                                   bool add, float *u) {
    for (int c = 0; c < k->shape.ic; c += CHANNELS, u += CHANNELS * PANEL) {
        const float *from = v + c / WIDTH * v_slice(k) + c % WIDTH;
        if (vectors == 2)
            product_back(2, tiles, from, m, add, u);
        else
            product_back(1, tiles, from, m, add, u);
    }
}
