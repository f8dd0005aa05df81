/* Hard swish (Howard et al. 2019): y = x min(max(x + 3, 0), 6) / 6. It falls and rises, so that the derivative needs x:
 *
 *     dx = 0 where x < -3,   dy (x / 3 + 1/2) where -3 <= x < 3,   dy where x >= 3
 *
 * Any shape. */
#include "kernels/cpu.h"
#include "ops/elementwise.h"
#include "ops/rooms.h"

static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    return fv_grad_by_input(node, &fv_hard_swish_backward_op, dy, dx);
}

static void apply(const fv_step *step, const fv_flat *f) {
    (void)step;
    fv_simd_pick()->hard_swish_forward(f->count, f->in[0], f->out);
}

static void run(const fv_step *step, int thread, int nthreads) { fv_flat_run(step, thread, nthreads, apply); }

static void apply_backward(const fv_step *step, const fv_flat *f) {
    (void)step;
    fv_simd_pick()->hard_swish_backward(f->count, f->in[0], f->in[1], f->out);
}

static void run_backward(const fv_step *step, int thread, int nthreads) {
    fv_flat_run(step, thread, nthreads, apply_backward);
}

static const fv_kernel kernels[] = {FV_FLAT_KERNELS(run) FV_FLAT_BF16_KERNEL(run)};
static const fv_kernel backward_kernels[] = {FV_FLAT_KERNELS(run_backward) FV_FLAT_BF16_KERNEL(run_backward)};

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    const double *x = in[0];
    for (size_t i = 0; i < fv_elements(node); i++) out[0][i] = x[i] * (x[i] < -3 ? 0 : x[i] > 3 ? 1 : (x[i] + 3) / 6);
}

static void ref_backward(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    const double *x = in[0], *dy = in[1];
    for (size_t i = 0; i < fv_elements(node); i++)
        out[0][i] = x[i] < -3 ? 0 : x[i] >= 3 ? dy[i] : dy[i] * (x[i] / 3 + 0.5);
}

const fv_op fv_hard_swish_op = {
    .name = "hard_swish",
    .onnx = "HardSwish",
    .flags = FV_OP_IN_PLACE,
    .grad = grad,
    .again = fv_node_again,
    .ref = ref,
    FV_FLAT_OP(1, kernels),
};

const fv_op fv_hard_swish_backward_op = {
    .name = "hard_swish_backward",
    .flags = FV_OP_IN_PLACE,
    .ref = ref_backward,
    FV_FLAT_OP(2, backward_kernels),
};

fv_value *fv_hard_swish(fv_value *x) { return fv_node_new(fv_value_graph(x), &fv_hard_swish_op, NULL, NULL, &x, 1); }
