/* DenseNet-BC (Huang et al., "Densely connected convolutional networks", 2017, table 1), with torchvision's names: each layer
 * reads all maps of its block that came before it. Convolutions start as He et al. 2015 have it, the classifier as
 * U(+-1/sqrt(features)). */
#include "models/conv_bn.h"
#include "models/models.h"

enum { BLOCKS = 4, GROWTH = 32, BOTTLENECK = 4 * GROWTH, STEM = 64 };

typedef struct design {
    const char *name;
    int layers[BLOCKS];
} design;

/* Activation before convolution. */
static fv_value *conv(const fv_arch *arch, fv_value *x, const char *norm, const char *name, int width, int kernel) {
    x = fv_relu(fv_batch_norm(x, norm));
    return fv_conv2d(x, name, width, kernel, .pad = kernel / 2, .no_bias = true, .init = arch->init);
}

static fv_value *dense_layer(const fv_arch *arch, fv_value *x) {
    fv_value *y = conv(arch, x, "norm1", "conv1", BOTTLENECK, 1);
    return fv_concat((fv_value *[]){x, conv(arch, y, "norm2", "conv2", GROWTH, 3)}, 2);
}

/* Half the channels, half the size. */
static fv_value *transition(const fv_arch *arch, fv_value *x) {
    int c, h, w;
    fv_value_shape(x, &c, &h, &w);
    return fv_avg_pool(conv(arch, x, "norm", "conv", c / 2, 1), 2);
}

static fv_value *block(const fv_arch *arch, const design *d, fv_value *x, int index) {
    fv_graph *g = fv_value_graph(x);
    for (int i = 0; i < d->layers[index]; i++) {
        fv_scope(g, "denseblock%d.denselayer%d", index + 1, i + 1);
        x = dense_layer(arch, x);
        fv_unscope(g);
    }
    if (index == BLOCKS - 1) return x;
    fv_scope(g, "transition%d", index + 1);
    x = transition(arch, x);
    fv_unscope(g);
    return x;
}

static fv_value *build(const fv_arch *arch, const design *d) {
    const fv_init head = arch->init.kind ? arch->init : (fv_init){.kind = FV_INIT_FAN_IN_UNIFORM};
    fv_graph *g = fv_graph_new(d->name);
    fv_value *x = fv_input(g, arch->input[0], arch->input[1], arch->input[2]);
    fv_scope(g, "features");
    x = fv_conv_bn(x, "conv0", "norm0", STEM, 7, .stride = 2, .act = fv_relu, .init = arch->init);
    x = fv_max_pool(x, 3, .stride = 2, .pad = 1);
    for (int i = 0; i < BLOCKS; i++) x = block(arch, d, x, i);
    x = fv_relu(fv_batch_norm(x, "norm5"));
    fv_unscope(g);
    x = fv_linear(fv_flatten(fv_global_avg_pool(x)), "classifier", arch->classes, .init = head);
    if (!x) fv_graph_free(g);
    return x;
}

fv_value *fv_build_densenet121(const fv_arch *arch) { return build(arch, &(design){"densenet121", {6, 12, 24, 16}}); }
