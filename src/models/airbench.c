/* airbench94 (Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU", 2024, section 3): a small network made to be learned
 * fast. Its first layer is meant to be whitened and left so (fv_whiten, layer "whiten"); the other convolutions start as
 * identities as far as they go; scales of batch norms stay 1 (freeze "norm"). Deviations: ReLU for the paper's GELU, no bias of
 * the first layer, and running statistics of the usual momentum, 0.9 for 0.6. Logits are a ninth of a linear layer's there; here
 * the head's start has that factor, and its learning rate must have it squared (recipes/cifar10-fast.recipe). */
#include "models/models.h"

#include <math.h>

enum { WHITEN = 24 /* 2x2 patches of three channels have 12 directions, each with its negative */ };

static fv_init init_of(const fv_arch *arch, fv_init_kind standard) {
    return arch->init.kind ? arch->init : (fv_init){.kind = standard};
}

static fv_value *conv(const fv_arch *arch, fv_value *x, const char *name, int width) {
    return fv_conv2d(x, name, width, 3, .pad = 1, .no_bias = true, .init = init_of(arch, FV_INIT_DIRAC));
}

static fv_value *norm(fv_value *x, const char *name) { return fv_relu(fv_batch_norm(x, name)); }

static fv_value *block(const fv_arch *arch, fv_value *x, int index, int width) {
    fv_graph *g = fv_value_graph(x);
    fv_scope(g, "block%d", index);
    x = norm(fv_max_pool(conv(arch, x, "conv1", width), 2), "norm1");
    x = norm(conv(arch, x, "conv2", width), "norm2");
    fv_unscope(g);
    return x;
}

static fv_init head_init(const fv_arch *arch, const fv_value *x) {
    int features, h, w;
    fv_value_shape(x, &features, &h, &w);
    return arch->init.kind ? arch->init : (fv_init){.kind = FV_INIT_UNIFORM, .scale = 1 / (9 * sqrtf((float)features))};
}

/* 32x32 becomes 31, 15, 7, 3, 1. */
fv_value *fv_build_airbench94(const fv_arch *arch) {
    static const int widths[] = {64, 256, 256};
    fv_graph *g = fv_graph_new("airbench94");
    fv_value *x = fv_input(g, arch->input[0], arch->input[1], arch->input[2]);
    x = fv_relu(fv_conv2d(x, "whiten", WHITEN, 2, .no_bias = true, .init = init_of(arch, FV_INIT_FAN_IN_UNIFORM)));
    for (int i = 0; i < 3; i++) x = block(arch, x, i + 1, widths[i]);
    x = fv_flatten(fv_max_pool(x, 3));
    x = fv_linear(x, "head", arch->classes, .no_bias = true, .init = head_init(arch, x));
    if (!x) fv_graph_free(g);
    return x;
}
