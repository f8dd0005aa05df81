/* The element-wise functions that a kernel can apply as it stores; ops/activation.c has the facts of each. */
#ifndef KERNELS_ACTIVATION_H
#define KERNELS_ACTIVATION_H

typedef enum fv_activation {
    FV_ACTIVATION_NONE,
    FV_ACTIVATION_RELU,
    FV_ACTIVATION_LEAKY_RELU,
    FV_ACTIVATION_RELU6,
    FV_ACTIVATION_HARD_SWISH,
    FV_ACTIVATIONS,
} fv_activation;

#endif
