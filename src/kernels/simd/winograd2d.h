/* What the files of Winograd's convolution in FV_BLOCKED share. Channels are vectors: inputs in slices of WIDTH, outputs in panels
 * of two vectors. With i*N + j the point (i,j) of a tile:
 *
 *     U [point][panel][input channel][PANEL]    transformed weights; input channels up to whole slices
 *     V [point][slice][tile of the block][WIDTH]    transformed inputs
 *     M [point][panel of the band][tile of the block][PANEL]    sums of products; gradients of outputs, transformed
 *
 * The distance between points is never a power of two, which would share sets of the cache. */
#ifndef KERNELS_SIMD_WINOGRAD2D_H
#define KERNELS_SIMD_WINOGRAD2D_H

#include "kernels/simd/vector.h"
#include "kernels/winograd.h"

enum {
    PANEL = 2 * WIDTH,
    TILES = FV_WIDTH == 16 ? 12 : 6, /* whose sums fit the registers */
};

static inline ptrdiff_t u_panel(const fv_winograd *k) { return (ptrdiff_t)k->slices * WIDTH * PANEL; }
static inline ptrdiff_t v_slice(const fv_winograd *k) { return (ptrdiff_t)k->block * WIDTH; }
static inline ptrdiff_t m_panel(const fv_winograd *k) { return (ptrdiff_t)k->block * PANEL; }
static inline int points_of(const fv_winograd *k) { return k->tile.points * k->tile.points; }
/* Vectors of output channels, in whole blocks; the last panel may hold one only. */
static inline int out_slices(const fv_winograd *k) {
    return (k->shape.oc + k->lanes - 1) / k->lanes * (k->lanes / WIDTH);
}

/* ---- winograd2d_transform.c, by kind of tile. A transform is one of a KxK patch to or from NxN points, for one vector of channels;
 * points lie `point` floats apart. */

/* The patch's pixels lie `row` and `column` floats apart. */
typedef void spread_tile(const fv_winograd_tile *t, const float *patch, ptrdiff_t row, ptrdiff_t column, float *to,
                         ptrdiff_t point);
/* The patch has rows of K vectors. */
typedef void gather_tile(const fv_winograd_tile *t, const float *from, ptrdiff_t point, vf *patch);

typedef struct transforms {
    spread_tile *input, *gradient, *weights; /* V = B' x B, M = A dy A', U = G w G' */
    gather_tile *output, *weights_back;      /* y = A' M A, dw = G' U G */
} transforms;

extern const transforms SIMD(winograd2d_transforms)[];
static inline const transforms *transforms_of(const fv_winograd *k) { return &SIMD(winograd2d_transforms)[k->kind]; }

/* ---- winograd2d_product.c, at one point. */

/* M = V U for `tiles` tiles and one panel of `vectors` (1 or 2) vectors; `next` is the panel that will be asked for next. */
void SIMD(winograd2d_product)(const fv_winograd *k, int tiles, int vectors, const float *v, const float *u,
                              const float *next, float *m);
/* U = V' M over the tiles, or where `add` is set that much more. */
void SIMD(winograd2d_product_back)(const fv_winograd *k, int tiles, int vectors, const float *v, const float *m,
                                   bool add, float *u);

#endif
