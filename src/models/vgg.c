/* VGG (Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2015, table 1, columns
 * A, B, D and E), with torchvision's names; _bn has a batch norm after each convolution. Convolutions start as He et al. 2015
 * have it, linear layers as Glorot and Bengio: the book's initialisation. */
#include "models/models.h"

#include <stdio.h>

enum { BLOCKS = 5, FEATURES_SIDE = 7, HIDDEN = 4096 };

typedef struct design {
    const char *name;
    int convs[BLOCKS]; /* 3x3 convolutions of each block, a max pool behind them */
    bool bn;
} design;

static const int widths[BLOCKS] = {64, 128, 256, 512, 512};

/* torchvision numbers the layers of features, those without parameters too. */
static fv_value *conv(const fv_arch *arch, const design *d, fv_value *x, int *layer, int width) {
    char name[16], bn[16];
    snprintf(name, sizeof name, "%d", *layer);
    snprintf(bn, sizeof bn, "%d", *layer + 1);
    *layer += d->bn ? 3 : 2;
    x = fv_conv2d(x, name, width, 3, .pad = 1, .init = arch->init);
    return fv_relu(d->bn ? fv_batch_norm(x, bn) : x);
}

static fv_value *features(const fv_arch *arch, const design *d, fv_value *x) {
    int layer = 0;
    for (int block = 0; block < BLOCKS; block++, layer++) {
        for (int i = 0; i < d->convs[block]; i++) x = conv(arch, d, x, &layer, widths[block]);
        x = fv_max_pool(x, 2);
    }
    return x;
}

/* The book has its ReLU twice behind each of the two hidden layers, which changes nothing. */
static fv_value *classifier(const fv_arch *arch, fv_value *x) {
    float rate = fv_dropout_rate(arch, 0.5f);
    x = fv_dropout(fv_relu(fv_linear(x, "0", HIDDEN, .init = arch->init)), rate);
    x = fv_dropout(fv_relu(fv_linear(x, "3", HIDDEN, .init = arch->init)), rate);
    return fv_linear(x, "6", arch->classes, .init = arch->init);
}

static fv_value *build(const fv_arch *arch, const design *d) {
    fv_graph *g = fv_graph_new(d->name);
    fv_value *x = fv_input(g, arch->input[0], arch->input[1], arch->input[2]);
    fv_scope(g, "features");
    x = features(arch, d, x);
    fv_unscope(g);
    fv_scope(g, "classifier");
    x = classifier(arch, fv_flatten(fv_pool_to(x, FEATURES_SIDE)));
    fv_unscope(g);
    if (!x) fv_graph_free(g);
    return x;
}

#define NETWORK(name_, ...) \
    fv_value *fv_build_##name_(const fv_arch *arch) { return build(arch, &(design){.name = #name_, __VA_ARGS__}); }

NETWORK(vgg11, {1, 1, 2, 2, 2})
NETWORK(vgg13, {2, 2, 2, 2, 2})
NETWORK(vgg16, {2, 2, 3, 3, 3})
NETWORK(vgg19, {2, 2, 4, 4, 4})
NETWORK(vgg11_bn, {1, 1, 2, 2, 2}, .bn = true)
NETWORK(vgg13_bn, {2, 2, 2, 2, 2}, .bn = true)
NETWORK(vgg16_bn, {2, 2, 3, 3, 3}, .bn = true)
NETWORK(vgg19_bn, {2, 2, 4, 4, 4}, .bn = true)
