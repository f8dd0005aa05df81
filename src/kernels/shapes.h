/* The geometry that convolution and pooling kernels of every kind are given: plain numbers, already checked. */
#ifndef KERNELS_SHAPES_H
#define KERNELS_SHAPES_H

#include <stdbool.h>
#include <stddef.h>

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

#endif
