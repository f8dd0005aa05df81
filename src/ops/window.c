#include "ops/window.h"

#include <string.h>

static int or_default(int given, int standard) { return given ? given : standard; }

fv_window fv_window_from(const fv_window_sugar *sugar) {
    fv_window window;
    bool pads = false;
    for (int i = 0; i < 4; i++) pads |= sugar->pads[i] != 0;
    for (int i = 0; i < 4; i++) window.pad[i] = pads ? sugar->pads[i] : sugar->pad;
    for (int i = 0; i < 2; i++) {
        window.kernel[i] = or_default(sugar->kernels[i], sugar->kernel);
        int step = sugar->stride_is_kernel ? window.kernel[i] : 1;
        window.stride[i] = or_default(sugar->strides[i], or_default(sugar->stride, step));
        window.dilation[i] = or_default(sugar->dilations[i], or_default(sugar->dilation, 1));
    }
    return window;
}

fv_status fv_window_output(const fv_node *node, const fv_window *window, const int size[2], bool ceil_mode,
                           int out[2]) {
    static const char *const sides[] = {"height", "width"};
    for (int i = 0; i < 2; i++) {
        int before = window->pad[i], after = window->pad[i + 2], stride = window->stride[i];
        int64_t span = (int64_t)window->dilation[i] * (window->kernel[i] - 1) + 1;
        int64_t room = (int64_t)size[i] + before + after - span + (ceil_mode ? stride - 1 : 0);
        if (room < 0)
            return fv_fail_node(FV_BAD_ARGUMENT, node,
                                "kernel %d (dilation %d) is larger than the input's %s %d with padding %d+%d",
                                window->kernel[i], window->dilation[i], sides[i], size[i], before, after);
        int64_t count = room / stride + 1;
        if (ceil_mode && (count - 1) * stride >= (int64_t)size[i] + before) count--;
        out[i] = (int)count;
    }
    return FV_OK;
}

fv_taps fv_window_taps(const fv_window *window, int axis, int size, int at) {
    int dilation = window->dilation[axis], kernel = window->kernel[axis];
    fv_taps taps = {.origin = at * window->stride[axis] - window->pad[axis], .end = kernel};
    if (taps.origin < 0) taps.begin = (-taps.origin + dilation - 1) / dilation;
    if (taps.origin >= size)
        taps.end = 0;
    else if ((size - 1 - taps.origin) / dilation < kernel)
        taps.end = (size - 1 - taps.origin) / dilation + 1;
    if (taps.end > kernel) taps.end = kernel;
    if (taps.begin > taps.end) taps.begin = taps.end;
    return taps;
}

/* ---- Pooling ----------------------------------------------------------------------------------------------------- */

fv_pool_node_args fv_pool_args_from(int kernel, const fv_pool_args *args) {
    fv_window_sugar sugar = {
        .kernel = kernel,
        .stride = args->stride,
        .pad = args->pad,
        .dilation = args->dilation,
        .kernels = args->kernels,
        .strides = args->strides,
        .pads = args->pads,
        .dilations = args->dilations,
        .stride_is_kernel = true,
    };
    return (fv_pool_node_args){fv_window_from(&sugar), args->ceil_mode, args->count_include_pad};
}

fv_status fv_pool_infer(const fv_node *node, fv_shape out[]) {
    const fv_pool_node_args *args = node->args;
    const fv_shape *x = &node->in[0]->shape;
    char text[64];
    if (x->rank != 4)
        return fv_fail_node(FV_BAD_ARGUMENT, node, "takes images [N,C,H,W] (input %s)", fv_shape_text(x, true, text));
    int size[2];
    FV_TRY(fv_window_output(node, &args->window, &x->dim[2], args->ceil_mode, size));
    for (int axis = 0; axis < 2; axis++)
        for (int at = 0; at < size[axis]; at++) {
            fv_taps taps = fv_window_taps(&args->window, axis, x->dim[2 + axis], at);
            if (taps.begin == taps.end)
                return fv_fail_node(FV_BAD_ARGUMENT, node,
                                    "padding %d+%d: a window of kernel %d lies wholly in it (input %s)",
                                    args->window.pad[axis], args->window.pad[axis + 2], args->window.kernel[axis],
                                    fv_shape_text(x, true, text));
        }
    out[0] = FV_SHAPE(x->dim[0], x->dim[1], size[0], size[1]);
    return FV_OK;
}

fv_pool_shape fv_pool_shape_of(const fv_node *node) {
    const fv_node *pool = node->forward ? node->forward : node;
    const fv_pool_node_args *args = pool->args;
    const int *x = pool->in[0]->shape.dim, *y = pool->out[0].shape.dim;
    fv_pool_shape shape = {.n = x[0], .c = x[1], .ih = x[2], .iw = x[3], .oh = y[2], .ow = y[3]};
    memcpy(shape.kernel, args->window.kernel, sizeof shape.kernel);
    memcpy(shape.stride, args->window.stride, sizeof shape.stride);
    memcpy(shape.dilation, args->window.dilation, sizeof shape.dilation);
    memcpy(shape.pad, args->window.pad, sizeof shape.pad);
    shape.count_include_pad = args->count_include_pad;
    return shape;
}
