#include "engine/networks.h"

/* Everything that a residual network is made of, with channels on the vector width. */
static fv_value *residual(fv_graph *g) {
    fv_value *x = fv_input(g, 3, 20, 20);
    x = fv_relu(fv_batch_norm(fv_conv2d(x, "stem", 32, 3, .stride = 2, .pad = 1, .no_bias = true), "bn0"));
    fv_value *skip = x;
    x = fv_relu(fv_batch_norm(fv_conv2d(x, "conv1", 16, 1), "bn1"));
    x = fv_relu(fv_batch_norm(fv_conv2d(x, "conv2", 16, 3, .pad = 1, .no_bias = true), "bn2"));
    x = fv_batch_norm(fv_conv2d(x, "conv3", 32, 1, .no_bias = true), "bn3");
    x = fv_relu(fv_add(x, skip));
    x = fv_max_pool(x, 3, .stride = 2, .pad = 1);
    x = fv_global_avg_pool(x);
    return fv_linear(fv_flatten(x), "fc", ENGINE_CLASSES);
}

/* Branches, activations of every kind, channels off the vector width. */
static fv_value *branching(fv_graph *g) {
    fv_value *x = fv_leaky_relu(fv_conv2d(fv_input(g, 3, 15, 17), "conv1", 10, 3, .pads = {1, 0, 2, 1}), .slope = 0.1f);
    fv_value *a = fv_tanh(fv_conv2d(x, "conv2", 7, 3, .pad = 1, .stride = 2));
    fv_value *b = fv_relu(fv_conv2d(x, "conv3", 10, 3, .groups = 5, .pad = 1, .stride = 2));
    x = fv_concat((fv_value *[]){a, b}, 2);
    x = fv_avg_pool(x, 2, .ceil_mode = true);
    x = fv_dropout(fv_linear(fv_flatten(x), "fc1", 24), 0.3f);
    return fv_linear(fv_sigmoid(x), "fc2", ENGINE_CLASSES);
}

static fv_value *small_lenet(fv_graph *g) {
    fv_value *x = fv_sigmoid(fv_conv2d(fv_input(g, 1, 12, 12), "conv1", 6, 5));
    x = fv_sigmoid(fv_max_pool(x, 2));
    return fv_linear(fv_flatten(x), "fc", ENGINE_CLASSES);
}

/* Plain features made of a blocked map of several pixels. */
static fv_value *blocked_flatten(fv_graph *g) {
    fv_value *x = fv_input(g, 3, 12, 12);
    for (int i = 0; i < 3; i++) {
        fv_scope(g, "block%d", i);
        x = fv_relu(fv_conv2d(x, "conv", 64, 3, .stride = i ? 1 : 2));
        fv_unscope(g);
    }
    return fv_linear(fv_flatten(x), "fc", ENGINE_CLASSES);
}

fv_value *(*const engine_networks[ENGINE_NETWORKS])(fv_graph *g) = {residual, branching, small_lenet, blocked_flatten};
