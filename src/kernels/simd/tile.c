/* The micro-kernel in every size up to the largest. */
#include "kernels/simd/tile.h"

#define TILE(M, N)                                                                                       \
    static void store_##M##x##N(const taps *t, const float *const *x, const float *w, const float *bias, \
                                float *const *y, ptrdiff_t plane) {                                      \
        tile_store(M, N, t, x, w, bias, y, plane);                                                       \
    }                                                                                                    \
    static void scatter_##M##x##N(const taps *t, const float *const *x, const float *w, float *const *y, \
                                  const tap *at) {                                                       \
        tile_scatter(M, N, t, x, w, y, at);                                                              \
    }
#define POOL(M)                                                                                             \
    static void pool_##M(const taps *t, const float *const *x, const float *w, const float *bias, float *y, \
                         uint16_t *index, ptrdiff_t plane) {                                                \
        tile_pool(M, t, x, w, bias, y, index, plane);                                                       \
    }

/* clang-format off */
#if FV_WIDTH == 16
#define TILES_OF(M)  TILE(M, 1) TILE(M, 2) TILE(M, 3) TILE(M, 4)
#define ROW(kind, M) {kind##_##M##x1, kind##_##M##x2, kind##_##M##x3, kind##_##M##x4}
POOL(1) POOL(2) POOL(3) POOL(4) POOL(5) POOL(6)
pool_tile *const SIMD(pool_tiles)[POOL_M] = {pool_1, pool_2, pool_3, pool_4, pool_5, pool_6};
#else
#define TILES_OF(M)  TILE(M, 1) TILE(M, 2)
#define ROW(kind, M) {kind##_##M##x1, kind##_##M##x2}
POOL(1) POOL(2)
pool_tile *const SIMD(pool_tiles)[POOL_M] = {pool_1, pool_2};
#endif
#define ROWS(kind) {ROW(kind, 1), ROW(kind, 2), ROW(kind, 3), ROW(kind, 4), ROW(kind, 5), ROW(kind, 6)}

TILES_OF(1) TILES_OF(2) TILES_OF(3) TILES_OF(4) TILES_OF(5) TILES_OF(6)
store_tile *const SIMD(store_tiles)[TILE_M][TILE_N] = ROWS(store);
scatter_tile *const SIMD(scatter_tiles)[TILE_M][TILE_N] = ROWS(scatter);
