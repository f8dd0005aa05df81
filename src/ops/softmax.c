/* Softmax over the features of [N,F]: y = exp(x - max x) / sum exp(x - max x); dx = y (dy - sum y dy). */
#include "kernels/cpu.h"
#include "ops/elementwise.h"
#include "ops/rooms.h"

#include <math.h>

static fv_status infer(const fv_node *node, fv_shape out[]) {
    char text[64];
    if (node->in[0]->shape.rank != 2)
        return fv_fail_node(FV_BAD_ARGUMENT, node, "an input of shape %s: needs [N,F], as fv_flatten gives",
                            fv_shape_text(&node->in[0]->shape, true, text));
    return fv_infer_same(node, out);
}

static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    return fv_grad_by_output(node, &fv_softmax_backward_op, dy, dx);
}

/* ---- Kernels: rows of `lanes` images side by side, 1 in FV_PLAIN, a group in FV_BATCH ----------------------------- */

enum { LANES = FV_BATCH_WIDTH };

static void forward(size_t features, size_t lanes, const float *x, float *y) {
    float top[LANES], total[LANES] = {0};
    for (size_t l = 0; l < lanes; l++) top[l] = x[l];
    for (size_t f = 1; f < features; f++)
        for (size_t l = 0; l < lanes; l++) top[l] = x[f * lanes + l] > top[l] ? x[f * lanes + l] : top[l];
    for (size_t f = 0; f < features; f++)
        for (size_t l = 0; l < lanes; l++) y[f * lanes + l] = x[f * lanes + l] - top[l];
    fv_simd_pick()->exp_forward(features * lanes, y, y);
    for (size_t f = 0; f < features; f++)
        for (size_t l = 0; l < lanes; l++) total[l] += y[f * lanes + l];
    for (size_t f = 0; f < features; f++)
        for (size_t l = 0; l < lanes; l++) y[f * lanes + l] /= total[l];
}

static void backward(size_t features, size_t lanes, const float *y, const float *dy, float *dx) {
    float along[LANES] = {0};
    for (size_t f = 0; f < features; f++)
        for (size_t l = 0; l < lanes; l++) along[l] += y[f * lanes + l] * dy[f * lanes + l];
    for (size_t f = 0; f < features; f++)
        for (size_t l = 0; l < lanes; l++) dx[f * lanes + l] = y[f * lanes + l] * (dy[f * lanes + l] - along[l]);
}

/* Floats of one row: features of one image, or of one group. */
static size_t row_of(const fv_step *step, size_t *features, size_t *lanes) {
    *features = (size_t)step->node->out[0].shape.dim[1];
    *lanes = step->out_layout[0].kind == FV_BATCH ? LANES : 1;
    return *features * *lanes;
}

static void run(const fv_step *step, int thread, int nthreads) {
    fv_flat f = fv_flat_share(step, thread, nthreads);
    size_t features, lanes, row = row_of(step, &features, &lanes);
    for (size_t at = 0; at < f.count; at += row) forward(features, lanes, f.in[0] + at, f.out + at);
}

static void run_backward(const fv_step *step, int thread, int nthreads) {
    fv_flat f = fv_flat_share(step, thread, nthreads);
    size_t features, lanes, row = row_of(step, &features, &lanes);
    for (size_t at = 0; at < f.count; at += row) backward(features, lanes, f.in[0] + at, f.in[1] + at, f.out + at);
}

static const fv_kernel kernels[] = {
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, NULL, NULL, run},
    {"simd", FV_PLAIN, FV_PLAIN, FV_LOCAL, NULL, NULL, run},
};

static const fv_kernel backward_kernels[] = {
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, NULL, NULL, run_backward},
    {"simd", FV_PLAIN, FV_PLAIN, FV_LOCAL, NULL, NULL, run_backward},
};

/* ---- Definition ------------------------------------------------------------------------------------------------ */

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    const size_t features = (size_t)node->out[0].shape.dim[1];
    for (size_t row = 0; row < fv_elements(node); row += features) {
        const double *x = in[0] + row;
        double *y = out[0] + row, top = x[0], total = 0;
        for (size_t f = 0; f < features; f++) top = fmax(top, x[f]);
        for (size_t f = 0; f < features; f++) total += exp(x[f] - top);
        for (size_t f = 0; f < features; f++) y[f] = exp(x[f] - top) / total;
    }
}

static void ref_backward(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    const size_t features = (size_t)node->out[0].shape.dim[1];
    for (size_t row = 0; row < fv_elements(node); row += features) {
        const double *y = in[0] + row, *dy = in[1] + row;
        double along = 0;
        for (size_t f = 0; f < features; f++) along += y[f] * dy[f];
        for (size_t f = 0; f < features; f++) out[0][row + f] = y[f] * (dy[f] - along);
    }
}

const fv_op fv_softmax_op = {
    .name = "softmax",
    .onnx = "Softmax",
    .min_in = 1,
    .max_in = 1,
    .n_out = 1,
    .flags = FV_OP_IN_PLACE,
    .infer = infer,
    .grad = grad,
    .ref = ref,
    .kernels = kernels,
    .n_kernels = FV_COUNT(kernels),
};

const fv_op fv_softmax_backward_op = {
    .name = "softmax_backward",
    .flags = FV_OP_IN_PLACE,
    .ref = ref_backward,
    FV_FLAT_OP(2, backward_kernels),
};

fv_value *fv_softmax(fv_value *x) { return fv_node_new(fv_value_graph(x), &fv_softmax_op, NULL, NULL, &x, 1); }
