#include "ops/activation.h"

#include "kernels/cpu.h"
#include "ops/rooms.h"

static double none(double y, double slope) { return (void)slope, y; }
static double relu(double y, double slope) { return (void)slope, y < 0 ? 0 : y; }
static double leaky_relu(double y, double slope) { return y < 0 ? slope * y : y; }
static double relu6(double y, double slope) { return (void)slope, y < 0 ? 0 : y > 6 ? 6 : y; }
static double hard_swish(double y, double slope) { return y * relu6(y + 3, slope) / 6; }

static double no_slope(double x, double slope) { return (void)x, (void)slope, 1; }
static double relu_slope(double x, double slope) { return (void)slope, x > 0; }
static double leaky_relu_slope(double x, double slope) { return x > 0 ? 1 : slope; }
static double relu6_slope(double x, double slope) { return (void)slope, x > 0 && x < 6; }
static double hard_swish_slope(double x, double slope) { return (void)slope, x < -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5; }

static const struct {
    const fv_op *op;
    fv_dnn_post post;
    double (*ref)(double y, double slope), (*slope)(double x, double slope);
} rows[FV_ACTIVATIONS] = {
    [FV_ACTIVATION_NONE] = {NULL, {.function = FV_DNN_IDENTITY}, none, no_slope},
    [FV_ACTIVATION_RELU] = {&fv_relu_op, {.function = FV_DNN_RELU}, relu, relu_slope},
    [FV_ACTIVATION_LEAKY_RELU] = {&fv_leaky_relu_op, {.function = FV_DNN_RELU}, leaky_relu, leaky_relu_slope},
    [FV_ACTIVATION_RELU6] = {&fv_relu6_op, {.function = FV_DNN_CLIP, .alpha = 0, .beta = 6}, relu6, relu6_slope},
    [FV_ACTIVATION_HARD_SWISH] = {&fv_hard_swish_op, {.function = FV_DNN_HARD_SWISH}, hard_swish, hard_swish_slope},
};

fv_activation fv_activation_of(const fv_node *node) {
    for (int f = FV_ACTIVATION_NONE + 1; f < FV_ACTIVATIONS; f++)
        if (rows[f].op == node->op) return (fv_activation)f;
    return FV_ACTIVATION_NONE;
}

fv_activation_kernel *fv_activation_simd(fv_activation f) {
    const fv_simd *simd = fv_simd_pick();
    fv_activation_kernel *const kernels[FV_ACTIVATIONS] = {
        [FV_ACTIVATION_RELU] = simd->relu_forward,
        [FV_ACTIVATION_RELU6] = simd->relu6_forward,
        [FV_ACTIVATION_HARD_SWISH] = simd->hard_swish_forward,
    };
    return kernels[f];
}

void fv_activate(fv_activation f, float slope, size_t count, float *y) {
    if (f == FV_ACTIVATION_LEAKY_RELU)
        fv_simd_pick()->leaky_relu_forward(count, slope, y, y);
    else if (f != FV_ACTIVATION_NONE)
        fv_activation_simd(f)(count, y, y);
}

double fv_activate_ref(fv_activation f, double slope, double y) { return rows[f].ref(y, slope); }

double fv_activation_slope(fv_activation f, double slope, double x) { return rows[f].slope(x, slope); }

fv_dnn_post fv_activation_post(fv_activation f, float slope) {
    fv_dnn_post post = rows[f].post;
    if (f == FV_ACTIVATION_LEAKY_RELU) post.alpha = slope;
    return post;
}
