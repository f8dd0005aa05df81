/* Own SIMD kernels: one source per idea in kernels/simd/, written over vectors of the compiler and compiled once per
 * ISA; a table of functions for each. kernels/cpu.h picks one at run time. simd/functions.def says what there is. */
#ifndef KERNELS_SIMD_H
#define KERNELS_SIMD_H

#include "core/random.h"
#include "kernels/activation.h"
#include "kernels/layout.h"
#include "kernels/shapes.h"
#include "kernels/winograd.h"

/* Adam's step and its like, with the bias corrections worked in. */
typedef struct fv_adam_terms {
    float beta1, one_less_beta1, beta2, one_less_beta2, rate, gradient_rate, scale, epsilon;
} fv_adam_terms;

typedef struct fv_rmsprop_terms {
    float rho, one_less_rho, epsilon, momentum, rate;
} fv_rmsprop_terms;

/* Binary cross entropy: factors of the positive and the negative term, share of the target that goes half to each, and
 * focal loss's exponent (0: none). */
typedef struct fv_bce_terms {
    float positive, negative, smoothing, gamma;
} fv_bce_terms;

/* A block of channels as a source of some lanes of another: which of its lanes goes to lane j, -1 for none. */
typedef struct fv_lanes {
    const float *x;
    int32_t lane[16];
} fv_lanes;

/* How a line of a local response normalisation lies in memory (simd/lrn.c), and what is done to it (ops/lrn.c). */
typedef struct fv_lrn_line {
    size_t vectors, stride, width, shift; /* width is at most the first line's of lrn_scratch */
    int size;
    float alpha, beta, k;
} fv_lrn_line;

/* Batch norm of up to 16 channels: z = (x - mean) scale + beta; dx = scale g + along (x - mean) + offset. */
typedef struct fv_norm_terms {
    float mean[16], scale[16], beta[16], along[16], offset[16];
} fv_norm_terms;

typedef struct fv_simd {
    const char *name; /* "avx512", "avx2", "generic" */
    int width;        /* floats to a register */
#define FV_SIMD(type, name, args) type(*name) args;
#include "kernels/simd/functions.def"
#undef FV_SIMD
} fv_simd;

extern const fv_simd fv_simd_generic;
#if defined(__x86_64__)
extern const fv_simd fv_simd_avx2, fv_simd_avx512;
#endif

/* How many groups of FV_BATCH_WIDTH images n images take. */
static inline int fv_groups(int n) { return (n + FV_BATCH_WIDTH - 1) / FV_BATCH_WIDTH; }

/* A linear layer [N,in] -> [N,out] is a convolution of a 1x1 map. */
static inline fv_conv_shape fv_linear_shape(int n, int in, int out) {
    return (fv_conv_shape){.n = n,
                           .ic = in,
                           .ih = 1,
                           .iw = 1,
                           .oc = out,
                           .oh = 1,
                           .ow = 1,
                           .kernel = {1, 1},
                           .stride = {1, 1},
                           .dilation = {1, 1},
                           .groups = 1};
}

#endif
