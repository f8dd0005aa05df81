#include "ops/activation.h"

#include "kernels/cpu.h"
#include "ops/rooms.h"

static double none(double y, double slope) { return (void)slope, y; }
static double relu(double y, double slope) { return (void)slope, y < 0 ? 0 : y; }
static double leaky_relu(double y, double slope) { return y < 0 ? slope * y : y; }
static double relu6(double y, double slope) { return (void)slope, y < 0 ? 0 : y > 6 ? 6 : y; }
static double hard_swish(double y, double slope) { return y * relu6(y + 3, slope) / 6; }

static const struct {
    const fv_op *op;
    fv_dnn_post post;
    double (*ref)(double y, double slope);
} rows[FV_ACTIVATIONS] = {
    [FV_ACTIVATION_NONE] = {NULL, {.function = FV_DNN_IDENTITY}, none},
    [FV_ACTIVATION_RELU] = {&fv_relu_op, {.function = FV_DNN_RELU}, relu},
    [FV_ACTIVATION_LEAKY_RELU] = {&fv_leaky_relu_op, {.function = FV_DNN_RELU}, leaky_relu},
    [FV_ACTIVATION_RELU6] = {&fv_relu6_op, {.function = FV_DNN_CLIP, .alpha = 0, .beta = 6}, relu6},
    [FV_ACTIVATION_HARD_SWISH] = {&fv_hard_swish_op, {.function = FV_DNN_HARD_SWISH}, hard_swish},
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

fv_dnn_post fv_activation_post(fv_activation f, float slope) {
    fv_dnn_post post = rows[f].post;
    if (f == FV_ACTIVATION_LEAKY_RELU) post.alpha = slope;
    return post;
}
