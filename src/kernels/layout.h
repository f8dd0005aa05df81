/* How a tensor lies in memory. */
#ifndef KERNELS_LAYOUT_H
#define KERNELS_LAYOUT_H

#include <stddef.h>

typedef enum fv_layout_kind {
    FV_PLAIN = 0, /* [N,C,H,W] row-major; a parameter as the model file holds it */
    FV_BLOCKED,   /* [N, C/B, H, W, B], B = fv_block(): oneDNN's nChw16c or nChw8c; lanes beyond C are zero */
    FV_BATCH,  /* [N/16, C, H, W, 16]: sixteen images to a vector; lanes beyond N hold finite values, zero gradients */
    FV_OPAQUE, /* a parameter as one oneDNN primitive wants it; described by an fv_dnn_layout */
    FV_WINOGRAD, /* a convolution's weight, transformed: U of kernels/simd/winograd2d.h; described by an fv_winograd */
} fv_layout_kind;

enum { FV_BATCH_WIDTH = 16 }; /* images to a vector in FV_BATCH, on every ISA */

#endif
