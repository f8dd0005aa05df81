/* ReLU: y = max(x, 0), NaN stays NaN. dx = dy where y > 0, else 0 (so 0 at the kink). Any shape. */
#include "kernels/cpu.h"
#include "ops/elementwise.h"
#include "ops/rooms.h"

static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    return fv_grad_by_output(node, &fv_relu_backward_op, dy, dx);
}

static void apply(const fv_step *step, const fv_flat *f) {
    (void)step;
    fv_simd_pick()->relu_forward(f->count, f->in[0], f->out);
}

static void run(const fv_step *step, int thread, int nthreads) { fv_flat_run(step, thread, nthreads, apply); }

static void apply_backward(const fv_step *step, const fv_flat *f) {
    (void)step;
    fv_simd_pick()->relu_backward(f->count, f->in[0], f->in[1], f->out);
}

static void run_backward(const fv_step *step, int thread, int nthreads) {
    fv_flat_run(step, thread, nthreads, apply_backward);
}

static const fv_kernel kernels[] = {FV_FLAT_KERNELS(run) FV_FLAT_BF16_KERNEL(run)};
static const fv_kernel backward_kernels[] = {FV_FLAT_KERNELS(run_backward) FV_FLAT_BF16_KERNEL(run_backward)};

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    for (size_t i = 0; i < fv_elements(node); i++) out[0][i] = in[0][i] <= 0 ? 0 : in[0][i];
}

static void ref_backward(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    const double *y = in[0], *dy = in[1];
    for (size_t i = 0; i < fv_elements(node); i++) out[0][i] = y[i] > 0 ? dy[i] : 0;
}

const fv_op fv_relu_op = {
    .name = "relu",
    .onnx = "Relu",
    .flags = FV_OP_IN_PLACE | FV_OP_MONOTONE,
    .grad = grad,
    .again = fv_node_again,
    .ref = ref,
    FV_FLAT_OP(1, kernels),
};

const fv_op fv_relu_backward_op = {
    .name = "relu_backward",
    .flags = FV_OP_IN_PLACE,
    .ref = ref_backward,
    FV_FLAT_OP(2, backward_kernels),
};

fv_value *fv_relu(fv_value *x) { return fv_node_new(fv_value_graph(x), &fv_relu_op, NULL, NULL, &x, 1); }
