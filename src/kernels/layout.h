/* How a tensor lies in memory. */
#ifndef KERNELS_LAYOUT_H
#define KERNELS_LAYOUT_H

#include "fovea/base.h"

typedef enum fv_layout_kind {
    FV_PLAIN = 0, /* [N,C,H,W] row-major; a parameter as the model file holds it */
    FV_BLOCKED,   /* [N, C/B, H, W, B], B = fv_block(): oneDNN's nChw16c or nChw8c; lanes beyond C are zero */
    FV_BATCH, /* [N/16, C, H, W, 16]: sixteen images to a vector; lanes beyond N hold finite values, zero gradients */
    FV_BLOCKED_BF16, /* FV_BLOCKED in bf16, two bytes a value: of plans of that precision alone */
    FV_OPAQUE,       /* a parameter as one oneDNN primitive wants it; described by an fv_dnn_layout */
    FV_WINOGRAD, /* a convolution's weight, transformed: U of kernels/simd/winograd2d.h; described by an fv_winograd */
} fv_layout_kind;

/* What a value of it is stored as (not FV_OPAQUE), and in how many bytes. */
static inline fv_precision fv_layout_precision(fv_layout_kind kind) {
    return kind == FV_BLOCKED_BF16 ? FV_BF16 : FV_F32;
}
static inline size_t fv_layout_width(fv_layout_kind kind) { return kind == FV_BLOCKED_BF16 ? 2 : 4; }

enum { FV_BATCH_WIDTH = 16 }; /* images to a vector in FV_BATCH, on every ISA */

#endif
