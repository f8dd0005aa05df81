/* Winograd's minimal filtering F(MxM, RxR) (Winograd 1980; Lavin and Gray 2016): MxM neighbouring outputs of an RxR
 * convolution take NxN products a pair of channels instead of MxM RxR, N = M + R - 1:
 *
 *     y = A' [ (G g G') * (B' d B) ] A        g RxR weights   d NxN inputs   y MxM outputs   * by elements
 *
 * It is polynomial multiplication by values at N points (Cook and Toom), one of them infinity, transposed. The points here are 0,
 * pairs of p and -p, and infinity: rows of a pair share their even and their odd part, up to a sign. */
#ifndef KERNELS_WINOGRAD_H
#define KERNELS_WINOGRAD_H

#include "kernels/shapes.h"

/* What is there: M and R. */
#define FV_WINOGRAD_TILES(X) X(4, 5) X(6, 3) X(4, 3)

enum { FV_WINOGRAD_MOST = 8 /* points */, FV_WINOGRAD_ROWS = FV_WINOGRAD_MOST / 2 + 1 };

/* A row for the point 0, one for each pair (its positive point), one for infinity. Of the transposes B' [N] and A [M], and of G [R]. */
typedef struct fv_winograd_tile {
    const char *name;
    int points, outputs, taps; /* N, M, R */
    float input[FV_WINOGRAD_ROWS][FV_WINOGRAD_MOST];
    float output[FV_WINOGRAD_ROWS][FV_WINOGRAD_MOST];
    float weights[FV_WINOGRAD_ROWS][FV_WINOGRAD_MOST];
} fv_winograd_tile;

/* How many kinds there are; one of them with its matrices. */
int fv_winograd_kinds(void);
fv_winograd_tile fv_winograd_tile_of(int kind);

/* A convolution by one of them in FV_BLOCKED, as simd/winograd2d.c is given it. */
typedef struct fv_winograd {
    fv_conv_shape shape; /* of what is computed: backward data is a convolution of dy with turned weights */
    int lanes;           /* channels to a block of FV_BLOCKED */
    int kind;            /* of tile */
    fv_winograd_tile tile;
    int down, across, tiles; /* of a map; tiles of all images */
    int block;               /* tiles transformed at once */
    bool
        together; /* threads share a block, then its panels; otherwise each has tiles, or for the gradient panels, of its own */
    int slices, panels; /* vectors of input channels, pairs of vectors of output channels */
    int band;           /* panels whose M is there at once */
    /* Floats from one point to the next: of transformed weights U, inputs V, products (or gradients of outputs) M. */
    ptrdiff_t u_point, v_point, m_point;
} fv_winograd;

#endif
