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
