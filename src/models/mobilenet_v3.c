/* MobileNetV3 (Howard et al. 2019), tables 1 and 2: MobileNetV2's blocks, some with squeeze-and-excitation behind the
 * depthwise convolution, their activation ReLU in the early layers and hard swish in the late ones. */
#include "models/mobilenet.h"

#include <stddef.h>

typedef struct row {
    int kernel, expanded, out;
    bool squeeze, hard_swish;
    int stride;
} row;

/* clang-format off */
static const row large[] = {
    {3,  16,  16, false, false, 1}, {3,  64,  24, false, false, 2}, {3,  72,  24, false, false, 1},
    {5,  72,  40, true,  false, 2}, {5, 120,  40, true,  false, 1}, {5, 120,  40, true,  false, 1},
    {3, 240,  80, false, true,  2}, {3, 200,  80, false, true,  1}, {3, 184,  80, false, true,  1},
    {3, 184,  80, false, true,  1}, {3, 480, 112, true,  true,  1}, {3, 672, 112, true,  true,  1},
    {5, 672, 160, true,  true,  2}, {5, 960, 160, true,  true,  1}, {5, 960, 160, true,  true,  1}, {0},
};
static const row small[] = {
    {3,  16,  16, true,  false, 2}, {3,  72,  24, false, false, 2}, {3,  88,  24, false, false, 1},
    {5,  96,  40, true,  true,  2}, {5, 240,  40, true,  true,  1}, {5, 240,  40, true,  true,  1},
    {5, 120,  48, true,  true,  1}, {5, 144,  48, true,  true,  1}, {5, 288,  96, true,  true,  2},
    {5, 576,  96, true,  true,  1}, {5, 576,  96, true,  true,  1}, {0},
};
/* clang-format on */
enum { STEM = 16, WIDENING = 6, LARGE_LAST = 1280, SMALL_LAST = 1024 };

/* Convolution, batch norm and activation in a scope of their own, "SCOPE.0" and "SCOPE.1". */
static fv_value *unit(fv_value *x, int scope, int width, int kernel, fv_conv_bn_args args) {
    fv_graph *g = fv_value_graph(x);
    args.epsilon = 1e-3f;
    args.momentum = 0.99f;
    fv_scope(g, "%d", scope);
    x = fv_conv_bn_with(x, "0", "1", width, kernel, &args);
    fv_unscope(g);
    return x;
}

/* Squeeze-and-excitation: each channel times a factor that the means of all channels decide. */
static fv_value *squeeze_excite(fv_value *x, int scope, fv_init init) {
    fv_graph *g = fv_value_graph(x);
    int width = fv_mobilenet_channels(x);
    fv_scope(g, "%d", scope);
    fv_value *s = fv_conv2d(fv_global_avg_pool(x), "fc1", fv_mobilenet_round(width / 4), 1, .init = init);
    s = fv_conv2d(fv_relu(s), "fc2", width, 1, .init = init);
    fv_unscope(g);
    return fv_scale(x, fv_hard_sigmoid(s));
}

static fv_value *block(fv_value *x, const row *r, const fv_arch *arch) {
    int in = fv_mobilenet_channels(x), out = fv_mobilenet_width(r->out, arch), part = 0;
    int expanded = fv_mobilenet_width(r->expanded, arch);
    fv_init init = fv_mobilenet_init(arch);
    fv_value *(*act)(fv_value *) = r->hard_swish ? fv_hard_swish : fv_relu, *y = x;
    if (expanded != in) y = unit(y, part++, expanded, 1, (fv_conv_bn_args){.act = act, .init = init});
    y = unit(y, part++, expanded, r->kernel,
             (fv_conv_bn_args){.stride = r->stride, .groups = expanded, .act = act, .init = init});
    if (r->squeeze) y = squeeze_excite(y, part++, init);
    y = unit(y, part, out, 1, (fv_conv_bn_args){.init = init});
    return r->stride == 1 && in == out ? fv_add(x, y) : y;
}

static fv_value *build(const char *name, const row *rows, int last, const fv_arch *arch) {
    fv_graph *g = fv_graph_new(name);
    fv_value *x = fv_input(g, arch->input[0], arch->input[1], arch->input[2]);
    fv_init init = fv_mobilenet_init(arch), linear = fv_mobilenet_linear_init(arch);
    int index = 0;
    fv_scope(g, "features");
    x = unit(x, index++, fv_mobilenet_width(STEM, arch), 3,
             (fv_conv_bn_args){.stride = 2, .act = fv_hard_swish, .init = init});
    for (const row *r = rows; r->kernel; r++) {
        fv_scope(g, "%d", index++);
        fv_scope(g, "block");
        x = block(x, r, arch);
        fv_unscope(g);
        fv_unscope(g);
    }
    x = unit(x, index, WIDENING * fv_mobilenet_channels(x), 1, (fv_conv_bn_args){.act = fv_hard_swish, .init = init});
    fv_unscope(g);
    x = fv_linear(fv_flatten(fv_global_avg_pool(x)), "classifier.0", fv_mobilenet_width(last, arch), .init = linear);
    x = fv_dropout(fv_hard_swish(x), fv_dropout_rate(arch, 0.2f));
    x = fv_linear(x, "classifier.3", arch->classes, .init = linear);
    if (!x) fv_graph_free(g);
    return x;
}

fv_value *fv_build_mobilenet_v3_large(const fv_arch *arch) {
    return build("mobilenet_v3_large", large, LARGE_LAST, arch);
}

fv_value *fv_build_mobilenet_v3_small(const fv_arch *arch) {
    return build("mobilenet_v3_small", small, SMALL_LAST, arch);
}
