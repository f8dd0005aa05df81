/* The arguments of the operators that fusion passes and other rooms read and write. */
#ifndef OPS_FUSED_H
#define OPS_FUSED_H

#include "ops/activation.h"
#include "ops/window.h"

/* Inputs x, weight, bias if has_bias, skip (of the output's shape) if has_skip: activation(conv(x) + bias + skip). */
typedef struct fv_conv2d_node_args {
    fv_window window;
    int groups;
    int activation; /* fv_activation */
    float slope;    /* of the leaky ReLU */
    bool has_bias, has_skip;
} fv_conv2d_node_args;

/* Inputs as ops/batch_norm.h says, a skip of the output's shape behind them if has_skip: activation(norm(x) + skip). */
typedef struct fv_batch_norm_node_args {
    float momentum; /* fraction kept */
    float epsilon;
    int activation; /* fv_activation, but not the leaky ReLU; with a skip the ReLU or none */
    bool has_skip;
} fv_batch_norm_node_args;

typedef struct fv_leaky_relu_node_args {
    float slope; /* of x < 0 */
} fv_leaky_relu_node_args;

typedef struct fv_slice_node_args {
    int begin, channels; /* the first channel, and how many */
} fv_slice_node_args;

/* Output 0 the folded weight, output 1 the folded bias; in: w, gamma, beta, mean, variance and, if has_bias, b. */
fv_value *fv_fold_batch_norm_node(fv_graph *graph, const char *name, float epsilon, fv_value *const in[],
                                  bool has_bias);

#endif
