/* The geometry that kernels of every kind are given: plain numbers, already checked. */
#ifndef KERNELS_SHAPES_H
#define KERNELS_SHAPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* x [N,IC,IH,IW] * w [OC,IC/groups,KH,KW] -> y [N,OC,OH,OW]; OH = (IH + top + bottom - dilation_h*(KH-1) - 1)/stride_h + 1 */
typedef struct fv_conv_shape {
    int n, ic, ih, iw, oc, oh, ow;
    int kernel[2], stride[2], dilation[2]; /* h, w */
    int pad[4];                            /* top, left, bottom, right */
    int groups;
} fv_conv_shape;

/* x [N,C,IH,IW] -> y [N,C,OH,OW]. The last window may hang over the padded input (ceil_mode), so OH is given. */
typedef struct fv_pool_shape {
    int n, c, ih, iw, oh, ow;
    int kernel[2], stride[2], dilation[2];
    int pad[4];
    bool count_include_pad; /* average: padding counts in the divisor */
} fv_pool_shape;

/* One side of a resampling: out[i] = (sum over k < count[i] of weight[i * most + k] * in[first[i] + k]) >> FV_FILTER_BITS, rounded.
 * The weights are not negative and sum to about 1 << FV_FILTER_BITS, so that a sum of bytes fits 32 bits. */
enum { FV_FILTER_BITS = 22 };
typedef struct fv_filter {
    int n, most;        /* outputs, and the most weights of one */
    int span;           /* first[i] + count[i] <= span */
    int *first, *count; /* [n] */
    int32_t *weight;    /* [n, most] */
} fv_filter;

/* One side of an interpolation: out[i] = weight[0][i] * in[at[0][i]] + weight[1][i] * in[at[1][i]], weights of 11 bits. */
enum { FV_PAIR_BITS = 11 };
typedef struct fv_pairs {
    int n;
    int *at[2];         /* [n] */
    int16_t *weight[2]; /* [n] */
    float *share[2];    /* [n] the weights before they were rounded */
} fv_pairs;

#endif
