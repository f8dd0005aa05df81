#include "models/conv_bn.h"

fv_value *fv_conv_bn_with(fv_value *x, const char *conv, const char *bn, int width, int kernel,
                          const fv_conv_bn_args *args) {
    x = fv_conv2d(x, conv, width, kernel, .stride = args->stride, .pad = kernel / 2, .groups = args->groups,
                  .no_bias = true, .init = args->init);
    x = fv_batch_norm(x, bn, .epsilon = args->epsilon, .momentum = args->momentum);
    return args->act ? args->act(x) : x;
}
