#include "models/conv_bn.h"

fv_value *fv_conv_bn_with(fv_value *x, const char *conv, const char *bn, int width, int kernel,
                          const fv_conv_bn_args *args) {
    fv_init gain = {.kind = args->zero ? FV_INIT_ZERO : FV_INIT_DEFAULT};
    x = fv_conv2d(x, conv, width, kernel, .stride = args->stride, .pad = kernel / 2, .groups = args->groups,
                  .no_bias = true, .init = args->init);
    x = fv_batch_norm(x, bn, .epsilon = args->epsilon, .momentum = args->momentum, .init = gain);
    return args->act ? args->act(x) : x;
}

fv_value *fv_leaky_tenth(fv_value *x) { return fv_leaky_relu(x, .slope = 0.1f); }
