/* fovea/ops.h: the operators of networks. Each takes values [N,C,H,W] (or [N,F] after fv_flatten) and returns one, NULL
 * on failure (see fv_error) or when given NULL. The `_with` form is the function; the short form fills its options:
 *
 *     fv_conv2d(x, "conv1", 64, 7, .stride = 2, .pad = 3, .no_bias = true)
 *
 * Parameters are made by the operators that own them and are named "NAME.weight", "NAME.bias", ... below the scope. */
#ifndef FOVEA_OPS_H
#define FOVEA_OPS_H

#include "fovea/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Initialisation of parameters --------------------------------------------------------------------------- */

typedef enum fv_init_kind {
    FV_INIT_DEFAULT = 0, /* the operator's: see there */
    FV_INIT_ZERO,
    FV_INIT_ONE,
    FV_INIT_NORMAL,          /* N(0, scale^2) */
    FV_INIT_UNIFORM,         /* U(-scale, scale) */
    FV_INIT_KAIMING_NORMAL,  /* N(0, 2/fan_in): He et al. 2015, eq. 10; PaddlePaddle's for convolutions */
    FV_INIT_KAIMING_UNIFORM, /* U(+-sqrt(6/fan_in)) */
    FV_INIT_KAIMING_FAN_OUT, /* N(0, 2/fan_out): torchvision's for ResNet */
    FV_INIT_XAVIER_NORMAL,   /* N(0, 2/(fan_in+fan_out)): Glorot and Bengio 2010 */
    FV_INIT_XAVIER_UNIFORM,  /* U(+-sqrt(6/(fan_in+fan_out))): PaddlePaddle's for linear layers */
    FV_INIT_FAN_IN_UNIFORM,  /* U(+-1/sqrt(fan_in)): PyTorch's for convolutions and linear layers */
    FV_INIT_DIRAC, /* as that, but output i, up to the inputs of a group, is input i (Zagoruyko and Komodakis 2017) */
} fv_init_kind;

typedef struct fv_init {
    fv_init_kind kind;
    float scale; /* of NORMAL and UNIFORM */
} fv_init;

/* ---- Layers with parameters ---------------------------------------------------------------------------------- */

typedef struct fv_conv2d_args {
    int kernels[2];   /* height, width; where they differ (then the positional kernel is 0) */
    int stride;       /* default 1 */
    int strides[2];   /* height, width; instead of stride */
    int pad;          /* zeros on each side; default 0 */
    int pads[4];      /* top, left, bottom, right; instead of pad */
    int dilation;     /* default 1 */
    int dilations[2]; /* height, width; instead of dilation */
    int groups;       /* default 1; groups = channels is depthwise */
    bool no_bias;
    fv_init init; /* of the weight; default FV_INIT_KAIMING_NORMAL; the bias starts at zero */
    int zero_;
} fv_conv2d_args;
/* Cross-correlation, weight [out_channels, C/groups, kernel, kernel] and bias [out_channels]. */
FV_API fv_value *fv_conv2d_with(fv_value *x, const char *name, int out_channels, int kernel,
                                const fv_conv2d_args *args);

typedef struct fv_linear_args {
    bool no_bias;
    fv_init init; /* of the weight; default FV_INIT_XAVIER_UNIFORM; the bias starts at zero */
    int zero_;
} fv_linear_args;
/* y = x W^T + b: x [N,F], weight [out_features, F], bias [out_features]. */
FV_API fv_value *fv_linear_with(fv_value *x, const char *name, int out_features, const fv_linear_args *args);

typedef struct fv_batch_norm_args {
    float momentum; /* the fraction of the running statistics kept each step; default 0.9 */
    float epsilon;  /* default 1e-5 */
    fv_init init;   /* of the weight; default FV_INIT_ONE; the bias starts at zero */
    int zero_;
} fv_batch_norm_args;
/* Over N,H,W per channel (Ioffe and Szegedy 2015): weight, bias, running_mean, running_var (unbiased), each [C]. */
FV_API fv_value *fv_batch_norm_with(fv_value *x, const char *name, const fv_batch_norm_args *args);

/* ---- Pooling ------------------------------------------------------------------------------------------------- */

typedef struct fv_pool_args {
    int kernels[2]; /* height, width; where they differ (then the positional kernel is 0) */
    int stride;     /* default: the kernel */
    int strides[2];
    int pad;      /* default 0; below the kernel */
    int pads[4];  /* top, left, bottom, right */
    int dilation; /* default 1 */
    int dilations[2];
    bool ceil_mode; /* a last window may hang over the edge, if it starts inside the image or its left padding */
    bool count_include_pad; /* average only: padding counts in the divisor */
    int zero_;
} fv_pool_args;
/* Padding never wins; of equal values the first in row-major order does; NaN propagates. */
FV_API fv_value *fv_max_pool_with(fv_value *x, int kernel, const fv_pool_args *args);
FV_API fv_value *fv_avg_pool_with(fv_value *x, int kernel, const fv_pool_args *args);
/* [N,C,H,W] -> [N,C,1,1], the mean. */
FV_API fv_value *fv_global_avg_pool(fv_value *x);

/* ---- Activations and the rest -------------------------------------------------------------------------------- */

FV_API fv_value *fv_relu(fv_value *x);    /* max(x, 0); gradient 0 at 0 */
FV_API fv_value *fv_relu6(fv_value *x);   /* min(max(x, 0), 6); gradient 0 at 0 and 6 */
FV_API fv_value *fv_sigmoid(fv_value *x); /* 1 / (1 + exp(-x)) */
FV_API fv_value *fv_tanh(fv_value *x);
FV_API fv_value *fv_hard_sigmoid(fv_value *x); /* min(max(x + 3, 0), 6) / 6 */
FV_API fv_value *fv_hard_swish(fv_value *x);   /* x min(max(x + 3, 0), 6) / 6 */

typedef struct fv_leaky_relu_args {
    float slope; /* for x < 0; default 0.01; above 0 */
    int zero_;
} fv_leaky_relu_args;
FV_API fv_value *fv_leaky_relu_with(fv_value *x, const fv_leaky_relu_args *args);

/* In training, each element becomes 0 with probability `rate` (0 <= rate < 1) and x/(1-rate) otherwise ("upscale in
 * train"); the identity at inference. */
FV_API fv_value *fv_dropout(fv_value *x, float rate);

FV_API fv_value *fv_add(fv_value *a, fv_value *b); /* equal shapes */
/* Along channels, in order; 1 <= count <= 64. */
FV_API fv_value *fv_concat(fv_value *const values[], int count);
typedef struct fv_lrn_args {
    int size;             /* channels in the sum; default 5 */
    float alpha, beta, k; /* default 1e-4, 0.75, 1 (AlexNet's k is 2); FV_ZERO: 0 (not k) */
    int zero_;
} fv_lrn_args;
/* x / (k + alpha / size * sum of the squares of `size` channels around it)^beta: torch.nn.LocalResponseNorm. The papers'
 * alpha is not divided: theirs times size. */
FV_API fv_value *fv_lrn_with(fv_value *x, const fv_lrn_args *args);

/* Channels begin to begin + channels - 1. */
FV_API fv_value *fv_slice(fv_value *x, int begin, int channels);
/* Channel k of group g becomes channel k * groups + g: the transpose of the matrix [groups, C/groups]. */
FV_API fv_value *fv_channel_shuffle(fv_value *x, int groups);
/* x [N,C,H,W] times factor [N,C,1,1]. */
FV_API fv_value *fv_scale(fv_value *x, fv_value *factor);
FV_API fv_value *fv_flatten(fv_value *x); /* [N,C,H,W] -> [N,C*H*W] */
FV_API fv_value *fv_softmax(fv_value *x); /* over the features of [N,F] */

#define fv_conv2d(...) fv_conv2d_with(FV_HEAD4(__VA_ARGS__, 0), &(fv_conv2d_args){FV_TAIL4(__VA_ARGS__, .zero_ = 0)})
#define fv_linear(...) fv_linear_with(FV_HEAD3(__VA_ARGS__, 0), &(fv_linear_args){FV_TAIL3(__VA_ARGS__, .zero_ = 0)})
#define fv_batch_norm(...) \
    fv_batch_norm_with(FV_HEAD2(__VA_ARGS__, 0), &(fv_batch_norm_args){FV_TAIL2(__VA_ARGS__, .zero_ = 0)})
#define fv_max_pool(...) fv_max_pool_with(FV_HEAD2(__VA_ARGS__, 0), &(fv_pool_args){FV_TAIL2(__VA_ARGS__, .zero_ = 0)})
#define fv_avg_pool(...) fv_avg_pool_with(FV_HEAD2(__VA_ARGS__, 0), &(fv_pool_args){FV_TAIL2(__VA_ARGS__, .zero_ = 0)})
#define fv_lrn(...)      fv_lrn_with(FV_HEAD1(__VA_ARGS__, 0), &(fv_lrn_args){FV_TAIL1(__VA_ARGS__, .zero_ = 0)})
#define fv_leaky_relu(...) \
    fv_leaky_relu_with(FV_HEAD1(__VA_ARGS__, 0), &(fv_leaky_relu_args){FV_TAIL1(__VA_ARGS__, .zero_ = 0)})

#ifdef __cplusplus
}
#endif

#endif
