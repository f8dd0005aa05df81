/* AlexNet (Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", 2012) on one
 * machine: without the paper's two groups and its local response normalisation. Sizes follow from the input. */
#include "models/models.h"

enum { HIDDEN = 4096, FEATURES_SIDE = 6 };
static const float standard_dropout = 0.5f;

/* As the book has it: 224-56-28-14-7, with pools that do not overlap. Its code's initialisation is PaddlePaddle's, which is
 * each layer's own here. `sigmoid` is what ReLU came to replace (the paper's section 3.1). */
fv_value *fv_build_alexnet(const fv_arch *arch) {
    float rate = fv_dropout_rate(arch, standard_dropout);
    fv_value *(*act)(fv_value * x) = arch->sigmoid ? fv_sigmoid : fv_relu;
    fv_graph *g = fv_graph_new("alexnet");
    fv_value *x = fv_input(g, arch->input[0], arch->input[1], arch->input[2]);
    x = fv_max_pool(act(fv_conv2d(x, "conv1", 96, 11, .stride = 4, .pad = 5, .init = arch->init)), 2);
    x = fv_max_pool(act(fv_conv2d(x, "conv2", 256, 5, .pad = 2, .init = arch->init)), 2);
    x = act(fv_conv2d(x, "conv3", 384, 3, .pad = 1, .init = arch->init));
    x = act(fv_conv2d(x, "conv4", 384, 3, .pad = 1, .init = arch->init));
    x = fv_max_pool(act(fv_conv2d(x, "conv5", 256, 3, .pad = 1, .init = arch->init)), 2);
    x = fv_dropout(act(fv_linear(fv_flatten(x), "fc1", HIDDEN, .init = arch->init)), rate);
    x = fv_dropout(act(fv_linear(x, "fc2", HIDDEN, .init = arch->init)), rate);
    x = fv_linear(x, "fc3", arch->classes, .init = arch->init);
    if (!x) fv_graph_free(g);
    return x;
}

/* The one-column network of Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014, as
 * torchvision has it, with its names: 224-55-27-13-6. */
fv_value *fv_build_alexnet_owt(const fv_arch *arch) {
    float rate = fv_dropout_rate(arch, standard_dropout);
    fv_graph *g = fv_graph_new("alexnet_owt");
    fv_value *x = fv_input(g, arch->input[0], arch->input[1], arch->input[2]);
    fv_scope(g, "features");
    x = fv_max_pool(fv_relu(fv_conv2d(x, "0", 64, 11, .stride = 4, .pad = 2, .init = arch->init)), 3, .stride = 2);
    x = fv_max_pool(fv_relu(fv_conv2d(x, "3", 192, 5, .pad = 2, .init = arch->init)), 3, .stride = 2);
    x = fv_relu(fv_conv2d(x, "6", 384, 3, .pad = 1, .init = arch->init));
    x = fv_relu(fv_conv2d(x, "8", 256, 3, .pad = 1, .init = arch->init));
    x = fv_max_pool(fv_relu(fv_conv2d(x, "10", 256, 3, .pad = 1, .init = arch->init)), 3, .stride = 2);
    fv_unscope(g);
    fv_scope(g, "classifier");
    x = fv_dropout(fv_flatten(fv_pool_to(x, FEATURES_SIDE)), rate);
    x = fv_dropout(fv_relu(fv_linear(x, "1", HIDDEN, .init = arch->init)), rate);
    x = fv_relu(fv_linear(x, "4", HIDDEN, .init = arch->init));
    x = fv_linear(x, "6", arch->classes, .init = arch->init);
    fv_unscope(g);
    if (!x) fv_graph_free(g);
    return x;
}
