/* ShuffleNetV2 1x (Ma et al. 2018), table 5: half of the channels pass a unit untouched, and a shuffle mixes the halves for
 * the next one. A unit of stride 2 convolves all channels in both branches instead. Weights start as PyTorch's do. */
#include "models/conv_bn.h"
#include "models/models.h"

static const struct stage {
    const char *name;
    int channels, units;
} stages[] = {{"stage2", 116, 4}, {"stage3", 232, 8}, {"stage4", 464, 4}};
enum { STAGES = sizeof stages / sizeof *stages, STEM = 24, LAST = 1024 };

static fv_value *untouched_or_halved(fv_value *x, int in, int half, int stride, fv_init init) {
    if (stride == 1) return fv_slice(x, 0, half);
    x = fv_conv_bn(x, "branch1.0", "branch1.1", in, 3, .stride = stride, .groups = in, .init = init);
    return fv_conv_bn(x, "branch1.2", "branch1.3", half, 1, .act = fv_relu, .init = init);
}

static fv_value *convolved(fv_value *x, int half, int stride, fv_init init) {
    if (stride == 1) x = fv_slice(x, half, half);
    x = fv_conv_bn(x, "branch2.0", "branch2.1", half, 1, .act = fv_relu, .init = init);
    x = fv_conv_bn(x, "branch2.3", "branch2.4", half, 3, .stride = stride, .groups = half, .init = init);
    return fv_conv_bn(x, "branch2.5", "branch2.6", half, 1, .act = fv_relu, .init = init);
}

static fv_value *unit(fv_value *x, int in, int out, int stride, fv_init init) {
    fv_value *a = untouched_or_halved(x, in, out / 2, stride, init), *b = convolved(x, out / 2, stride, init);
    return fv_channel_shuffle(fv_concat((fv_value *[]){a, b}, 2), 2);
}

fv_value *fv_build_shufflenet_v2_x1_0(const fv_arch *arch) {
    fv_graph *g = fv_graph_new("shufflenet_v2_x1_0");
    fv_value *x = fv_input(g, arch->input[0], arch->input[1], arch->input[2]);
    fv_init init = arch->init.kind ? arch->init : (fv_init){.kind = FV_INIT_FAN_IN_UNIFORM};
    int in = STEM;
    x = fv_conv_bn(x, "conv1.0", "conv1.1", STEM, 3, .stride = 2, .act = fv_relu, .init = init);
    x = fv_max_pool(x, 3, .stride = 2, .pad = 1);
    for (const struct stage *s = stages; s < stages + STAGES; s++) {
        fv_scope(g, "%s", s->name);
        for (int i = 0; i < s->units; i++) {
            fv_scope(g, "%d", i);
            x = unit(x, in, s->channels, i ? 1 : 2, init);
            fv_unscope(g);
            in = s->channels;
        }
        fv_unscope(g);
    }
    x = fv_conv_bn(x, "conv5.0", "conv5.1", LAST, 1, .act = fv_relu, .init = init);
    x = fv_linear(fv_flatten(fv_global_avg_pool(x)), "fc", arch->classes, .init = init);
    if (!x) fv_graph_free(g);
    return x;
}
