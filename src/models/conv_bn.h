/* Convolution, batch norm, activation: the brick of most networks since 2015. */
#ifndef MODELS_CONV_BN_H
#define MODELS_CONV_BN_H

#include "fovea/ops.h"

typedef struct fv_conv_bn_args {
    int stride;                    /* default 1 */
    int groups;                    /* default 1 */
    fv_value *(*act)(fv_value *x); /* fv_relu, fv_leaky_tenth, ...; default none */
    float epsilon, momentum;       /* of the batch norm; default 1e-5 and 0.9 */
    bool zero;                     /* its weight starts at 0: a residual branch that starts as nothing */
    fv_init init;                  /* of the convolution's weight */
    int zero_;
} fv_conv_bn_args;

/* act(bn(conv(x))) with parameters named `conv` and `bn`: a square convolution without bias, padded by kernel / 2, so that
 * an odd kernel at stride 1 keeps the size. */
fv_value *fv_conv_bn_with(fv_value *x, const char *conv, const char *bn, int width, int kernel,
                          const fv_conv_bn_args *args);
#define fv_conv_bn(...) fv_conv_bn_with(FV_HEAD5(__VA_ARGS__, 0), &(fv_conv_bn_args){FV_TAIL5(__VA_ARGS__, .zero_ = 0)})

/* max(x, x / 10), the leaky ReLU of the book's ResNet. */
fv_value *fv_leaky_tenth(fv_value *x);

#endif
