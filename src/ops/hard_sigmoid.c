/* Hard sigmoid (Howard et al. 2019): y = min(max(x + 3, 0), 6) / 6. dx = dy / 6 where 0 < y < 1, else 0 (so 0 at the
 * kinks). Any shape. */
#include "kernels/cpu.h"
#include "ops/elementwise.h"
#include "ops/rooms.h"

static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    return fv_grad_by_output(node, &fv_hard_sigmoid_backward_op, dy, dx);
}

static void run(const fv_step *step, int thread, int nthreads) {
    fv_flat f = fv_flat_share(step, thread, nthreads);
    fv_simd_pick()->hard_sigmoid_forward(f.count, f.in[0], f.out);
    fv_zero_lanes(step, thread, nthreads);
}

static void run_backward(const fv_step *step, int thread, int nthreads) {
    fv_flat f = fv_flat_share(step, thread, nthreads);
    fv_simd_pick()->hard_sigmoid_backward(f.count, f.in[0], f.in[1], f.out);
}

static const fv_kernel kernels[] = {FV_FLAT_KERNELS(run)};
static const fv_kernel backward_kernels[] = {FV_FLAT_KERNELS(run_backward)};

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    const double *x = in[0];
    for (size_t i = 0; i < fv_elements(node); i++) out[0][i] = x[i] < -3 ? 0 : x[i] > 3 ? 1 : (x[i] + 3) / 6;
}

static void ref_backward(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    const double *y = in[0], *dy = in[1];
    for (size_t i = 0; i < fv_elements(node); i++) out[0][i] = y[i] > 0 && y[i] < 1 ? dy[i] / 6 : 0;
}

const fv_op fv_hard_sigmoid_op = {
    .name = "hard_sigmoid",
    .onnx = "HardSigmoid",
    .flags = FV_OP_IN_PLACE | FV_OP_MONOTONE,
    .grad = grad,
    .again = fv_node_again,
    .ref = ref,
    FV_FLAT_OP(1, kernels),
};

const fv_op fv_hard_sigmoid_backward_op = {
    .name = "hard_sigmoid_backward",
    .flags = FV_OP_IN_PLACE,
    .ref = ref_backward,
    FV_FLAT_OP(2, backward_kernels),
};

fv_value *fv_hard_sigmoid(fv_value *x) {
    return fv_node_new(fv_value_graph(x), &fv_hard_sigmoid_op, NULL, NULL, &x, 1);
}
