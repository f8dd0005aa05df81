/* The micro-kernel of convolutions and linear layers: a tile of M rows (output channels, or features) by N places
 * (pixels, or image groups) whose sums stay in registers over the whole of the inner dimension:
 *
 *     sum[m][n] += w[m * row + tap.w] * x[n][tap.x .. tap.x + 16)       for every tap
 *
 * Where a tap looks, in x and in w, is a small table, so that kernel size, dilation, flattening and transposition of w
 * all cost the inner loop two loads and nothing else: w is read as the model holds it, never packed. Per tap a tile does
 * M * N multiply-adds for M + N + 2 loads.
 *
 * Registers of the largest tile: avx512 6x4: 24 sums + 4 x + 1 w = 29 of 32. avx2 6x2 or 3x4: 12 sums + 2 or 1 x + 1 to
 * 3 w of 16; generic likewise (NEON has 32, SSE 16). */
#ifndef KERNELS_SIMD_TILE_H
#define KERNELS_SIMD_TILE_H

#include "kernels/simd/vector.h"

enum {
    TILE_M = 6,                      /* rows of the largest tile */
    TILE_N = FV_WIDTH == 16 ? 4 : 2, /* its places */
    POOL_M = FV_WIDTH == 16 ? 6 : 2, /* rows of a tile over the 4 places of a 2x2 pool window */
};

typedef struct tap {
    ptrdiff_t x, w; /* in floats */
} tap;

typedef struct taps {
    const tap *tap;
    int count;
    ptrdiff_t row; /* floats from one row of w to the next */
} taps;

/* sum[m * n_places + n]; places of x already point to the wanted slice. M and N are constants where this is inlined. */
FV_INLINE void gather(const int M, const int N, const taps *t, const float *const *x, int slice, const float *w,
                      vf *sum) {
    const float *place[4];
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) place[n] = x[n] + slice;
    const ptrdiff_t row = t->row;
    for (const tap *k = t->tap, *end = k + t->count; k < end; k++) {
        const float *weight = w + k->w;
        vf value[4];
#pragma GCC unroll 4
        for (int n = 0; n < N; n++) value[n] = load(place[n] + k->x);
#pragma GCC unroll 6
        for (int m = 0; m < M; m++) {
            vf factor = splat(weight[m * row]);
#pragma GCC unroll 4
            for (int n = 0; n < N; n++) sum[m * N + n] += factor * value[n];
        }
    }
}

/* y[n][m * plane] = bias[m] + sum. */
FV_INLINE void tile_store(const int M, const int N, const taps *t, const float *const *x, const float *w,
                          const float *bias, float *const *y, ptrdiff_t plane) {
    for (int slice = 0; slice < LANES; slice += WIDTH) {
        vf sum[TILE_M * 4];
#pragma GCC unroll 6
        for (int m = 0; m < M; m++)
#pragma GCC unroll 4
            for (int n = 0; n < N; n++) sum[m * N + n] = splat(bias ? bias[m] : 0);
        gather(M, N, t, x, slice, w, sum);
#pragma GCC unroll 6
        for (int m = 0; m < M; m++)
#pragma GCC unroll 4
            for (int n = 0; n < N; n++) store(y[n] + m * plane + slice, sum[m * N + n]);
    }
}

/* y[n][at[m].x] += sum. Places of one tile may coincide. */
FV_INLINE void tile_scatter(const int M, const int N, const taps *t, const float *const *x, const float *w,
                            float *const *y, const tap *at) {
    for (int slice = 0; slice < LANES; slice += WIDTH) {
        vf sum[TILE_M * 4];
#pragma GCC unroll 24
        for (int i = 0; i < M * N; i++) sum[i] = (vf){0};
        gather(M, N, t, x, slice, w, sum);
#pragma GCC unroll 6
        for (int m = 0; m < M; m++)
#pragma GCC unroll 4
            for (int n = 0; n < N; n++) {
                float *p = y[n] + at[m].x + slice;
                store(p, load(p) + sum[m * N + n]);
            }
    }
}

/* The maximum of the four places of a 2x2 window, and which it is: the first; NaN beats all. */
FV_INLINE void pool_four(const vf *four, float *y, uint16_t *index) {
    vf best = four[0];
    vi which = {0};
#pragma GCC unroll 4
    for (int n = 1; n < 4; n++) {
        mask better = either(greater(four[n], best), unordered(four[n]));
        best = choose(better, four[n], best);
        which = choose_int(better, n - (vi){0}, which);
    }
    store(y, best);
    store_index(index, which);
}

/* A tile over the four places of a window. */
FV_INLINE void tile_pool(const int M, const taps *t, const float *const *x, const float *w, const float *bias, float *y,
                         uint16_t *index, ptrdiff_t plane) {
    for (int slice = 0; slice < LANES; slice += WIDTH) {
        vf sum[POOL_M * 4];
#pragma GCC unroll 24
        for (int i = 0; i < M * 4; i++) sum[i] = splat(bias ? bias[i / 4] : 0);
        gather(M, 4, t, x, slice, w, sum);
#pragma GCC unroll 6
        for (int m = 0; m < M; m++) pool_four(sum + m * 4, y + m * plane + slice, index + m * plane + slice);
    }
}

/* The above for every constant size: [m - 1][n - 1]. */
typedef void store_tile(const taps *t, const float *const *x, const float *w, const float *bias, float *const *y,
                        ptrdiff_t plane);
typedef void scatter_tile(const taps *t, const float *const *x, const float *w, float *const *y, const tap *at);
typedef void pool_tile(const taps *t, const float *const *x, const float *w, const float *bias, float *y,
                       uint16_t *index, ptrdiff_t plane);

extern store_tile *const SIMD(store_tiles)[TILE_M][TILE_N];
extern scatter_tile *const SIMD(scatter_tiles)[TILE_M][TILE_N];
extern pool_tile *const SIMD(pool_tiles)[POOL_M];

#endif
