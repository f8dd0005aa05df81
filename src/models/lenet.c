/* LeNet as the book has it (LeCun et al. 1998, its third layer a convolution): sizes follow from the input,
 * 28-24-12-8-4-1 for 1x28x28. */
#include "models/models.h"

/* 2x2 maxima, the convolution before being of stride 1; with no_pool every second position of it is all there is. */
static fv_value *pool(const fv_arch *arch, fv_value *x) { return arch->no_pool ? x : fv_max_pool(x, 2); }

/* The book's text says a sigmoid after each convolution; its code has one on both sides of the first pool, and none after
 * the second and third convolution. The code is what its figures come from: it is the default, `text` gives the other. */
fv_value *fv_build_lenet(const fv_arch *arch) {
    fv_graph *g = fv_graph_new("lenet");
    fv_value *x = fv_input(g, arch->input[0], arch->input[1], arch->input[2]);
    bool text = arch->text;
    int stride = arch->no_pool ? 2 : 1;
    x = fv_sigmoid(fv_conv2d(x, "conv1", 6, 5, .stride = stride, .init = arch->init));
    x = pool(arch, x);
    if (!text) x = fv_sigmoid(x);
    x = fv_conv2d(x, "conv2", 16, 5, .stride = stride, .init = arch->init);
    if (text) x = fv_sigmoid(x);
    x = pool(arch, x);
    x = fv_conv2d(x, "conv3", 120, 4, .init = arch->init);
    if (text) x = fv_sigmoid(x);
    x = fv_linear(fv_flatten(x), "fc1", 64, .init = arch->init);
    x = fv_linear(fv_sigmoid(x), "fc2", arch->classes, .init = arch->init);
    if (!x) fv_graph_free(g);
    return x;
}
