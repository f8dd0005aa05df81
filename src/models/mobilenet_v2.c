/* MobileNetV2 (Sandler et al. 2018), table 2: blocks that expand the channels, convolve each by itself, and project back
 * without an activation; a skip where nothing changes shape. */
#include "models/mobilenet.h"

static const struct stage {
    int expansion, channels, blocks, stride; /* t, c, n and s of the paper; the stride is the first block's */
} stages[] = {
    {1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1},
};
enum { STAGES = sizeof stages / sizeof *stages, STEM = 32, LAST = 1280 };

/* Convolution, batch norm and ReLU6 in a scope of their own, "SCOPE.0" and "SCOPE.1". */
static fv_value *unit(fv_value *x, int scope, int channels, int kernel, int stride, int groups, fv_init init) {
    fv_graph *g = fv_value_graph(x);
    fv_scope(g, "%d", scope);
    x = fv_conv_bn(x, "0", "1", channels, kernel, .stride = stride, .groups = groups, .act = fv_relu6, .init = init);
    fv_unscope(g);
    return x;
}

static fv_value *block(fv_value *x, int expansion, int channels, int stride, fv_init init) {
    static const char *const names[] = {"0", "1", "2", "3"};
    int in = fv_mobilenet_channels(x), hidden = in * expansion, part = 0;
    fv_value *y = x;
    if (expansion != 1) y = unit(y, part++, hidden, 1, 1, 1, init);
    y = unit(y, part++, hidden, 3, stride, hidden, init);
    y = fv_conv_bn(y, names[part], names[part + 1], channels, 1, .init = init);
    return stride == 1 && in == channels ? fv_add(x, y) : y;
}

fv_value *fv_build_mobilenet_v2(const fv_arch *arch) {
    fv_graph *g = fv_graph_new("mobilenet_v2");
    fv_value *x = fv_input(g, arch->input[0], arch->input[1], arch->input[2]);
    fv_init init = fv_mobilenet_init(arch);
    int index = 1, last = fv_mobilenet_width(LAST, arch);
    fv_scope(g, "features");
    x = unit(x, 0, fv_mobilenet_width(STEM, arch), 3, 2, 1, init);
    for (const struct stage *s = stages; s < stages + STAGES; s++)
        for (int b = 0; b < s->blocks; b++) {
            fv_scope(g, "%d", index++);
            fv_scope(g, "conv");
            x = block(x, s->expansion, fv_mobilenet_width(s->channels, arch), b == 0 ? s->stride : 1, init);
            fv_unscope(g);
            fv_unscope(g);
        }
    x = unit(x, index, last > LAST ? last : LAST, 1, 1, 1, init);
    fv_unscope(g);
    x = fv_dropout(fv_flatten(fv_global_avg_pool(x)), fv_dropout_rate(arch, 0.2f));
    x = fv_linear(x, "classifier.1", arch->classes, .init = fv_mobilenet_linear_init(arch));
    if (!x) fv_graph_free(g);
    return x;
}
