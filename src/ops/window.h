/* What convolution and pooling share: kernel, stride, dilation and padding per side, and the size that comes out. */
#ifndef OPS_WINDOW_H
#define OPS_WINDOW_H

#include "graph/op.h"

typedef struct fv_window {
    int kernel[2], stride[2], dilation[2]; /* h, w */
    int pad[4];                            /* top, left, bottom, right */
} fv_window;

/* The sugar of the option structs: a scalar or an array, zero for the default. */
typedef struct fv_window_sugar {
    int kernel, stride, pad, dilation;
    const int *kernels, *strides, *pads, *dilations;
    bool stride_is_kernel; /* the default stride */
} fv_window_sugar;

fv_window fv_window_from(const fv_window_sugar *sugar);

/* Output size for an input of (height, width), or FV_BAD_ARGUMENT naming the side that does not fit. With ceil_mode the
 * last window may hang over the edge, but starts inside the input or its top/left padding. */
fv_status fv_window_output(const fv_node *node, const fv_window *window, const int size[2], bool ceil_mode, int out[2]);

#endif
