/* What convolution and pooling share: kernel, stride, dilation and padding per side, and the size that comes out. */
#ifndef OPS_WINDOW_H
#define OPS_WINDOW_H

#include "graph/op.h"

typedef struct fv_window {
    int kernel[2], stride[2], dilation[2]; /* h, w */
    int pad[4];                            /* top, left, bottom, right */
} fv_window;

enum { FV_MAX_WINDOW = 65535 }; /* the largest kernel, stride, dilation, padding */

/* The rows of an argument table for a field `window` of struct_. */
#define FV_WINDOW_ROWS(struct_)                                                           \
    {"kernel",                                                                            \
     "kernel_shape",                                                                      \
     FV_ARG_INT,                                                                          \
     2,                                                                                   \
     offsetof(struct_, window.kernel),                                                    \
     1,                                                                                   \
     FV_MAX_WINDOW,                                                                       \
     1,                                                                                   \
     "height and width of the window, pixels",                                            \
     false},                                                                              \
        {"stride",                                                                        \
         "strides",                                                                       \
         FV_ARG_INT,                                                                      \
         2,                                                                               \
         offsetof(struct_, window.stride),                                                \
         1,                                                                               \
         FV_MAX_WINDOW,                                                                   \
         1,                                                                               \
         "steps of the window, pixels",                                                   \
         false},                                                                          \
        {"dilation",                                                                      \
         "dilations",                                                                     \
         FV_ARG_INT,                                                                      \
         2,                                                                               \
         offsetof(struct_, window.dilation),                                              \
         1,                                                                               \
         FV_MAX_WINDOW,                                                                   \
         1,                                                                               \
         "distance between the window's taps, pixels",                                    \
         false},                                                                          \
    {                                                                                     \
        "pad", "pads", FV_ARG_INT, 4, offsetof(struct_, window.pad), 0, FV_MAX_WINDOW, 0, \
            "padding on the top, left, bottom, right, pixels", false                      \
    }

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

/* The taps of one axis that fall on the input, for the window at output position `at`: its position of tap 0 (negative in
 * the padding), and the first and last tap + 1. */
typedef struct fv_taps {
    int origin, begin, end;
} fv_taps;
fv_taps fv_window_taps(const fv_window *window, int axis, int size, int at);

#endif
