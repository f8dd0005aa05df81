/* The arguments of the operators that fusion passes write to. */
#ifndef OPS_FUSED_H
#define OPS_FUSED_H

#include "ops/window.h"

typedef enum fv_activation { FV_ACTIVATION_NONE, FV_ACTIVATION_RELU, FV_ACTIVATION_LEAKY_RELU } fv_activation;

/* Inputs x, weight, bias if has_bias, skip (of the output's shape) if has_skip: activation(conv(x) + bias + skip). */
typedef struct fv_conv2d_node_args {
    fv_window window;
    int groups;
    int activation; /* fv_activation */
    float slope;    /* of the leaky ReLU */
    bool has_bias, has_skip;
} fv_conv2d_node_args;

typedef struct fv_batch_norm_node_args {
    float momentum; /* fraction kept */
    float epsilon;
    int relu; /* 1: y = max(0, ...) */
} fv_batch_norm_node_args;

#endif
