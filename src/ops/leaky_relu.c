/* Leaky ReLU (Maas et al. 2013): y = x where x > 0, else slope x. dx = dy where y > 0, else slope dy (also at the kink):
 * slope > 0 keeps the sign, so that y says which. Any shape. */
#include "kernels/cpu.h"
#include "ops/elementwise.h"
#include "ops/fused.h"
#include "ops/rooms.h"

static const fv_arg args[] = {
    FV_ARG_ROW(FV_ARG_FLOAT, fv_leaky_relu_node_args, slope, "alpha", 1, 1e-6, 1e6, 0.01, "factor of negative inputs"),
};

static float slope_of(const fv_node *node) { return ((const fv_leaky_relu_node_args *)node->args)->slope; }

static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    return fv_grad_by_output(node, &fv_leaky_relu_backward_op, dy, dx);
}

static void apply(const fv_step *step, const fv_flat *f) {
    fv_simd_pick()->leaky_relu_forward(f->count, slope_of(step->node), f->in[0], f->out);
}

static void run(const fv_step *step, int thread, int nthreads) { fv_flat_run(step, thread, nthreads, apply); }

static void apply_backward(const fv_step *step, const fv_flat *f) {
    fv_simd_pick()->leaky_relu_backward(f->count, slope_of(step->node), f->in[0], f->in[1], f->out);
}

static void run_backward(const fv_step *step, int thread, int nthreads) {
    fv_flat_run(step, thread, nthreads, apply_backward);
}

static const fv_kernel kernels[] = {FV_FLAT_KERNELS(run) FV_FLAT_BF16_KERNEL(run)};
static const fv_kernel backward_kernels[] = {FV_FLAT_KERNELS(run_backward) FV_FLAT_BF16_KERNEL(run_backward)};

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    for (size_t i = 0; i < fv_elements(node); i++) out[0][i] = in[0][i] > 0 ? in[0][i] : slope_of(node) * in[0][i];
}

static void ref_backward(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    const double *y = in[0], *dy = in[1];
    for (size_t i = 0; i < fv_elements(node); i++) out[0][i] = y[i] > 0 ? dy[i] : slope_of(node) * dy[i];
}

const fv_op fv_leaky_relu_op = {
    .name = "leaky_relu",
    .onnx = "LeakyRelu",
    .args = args,
    .n_args = FV_COUNT(args),
    .args_size = sizeof(fv_leaky_relu_node_args),
    .flags = FV_OP_IN_PLACE | FV_OP_MONOTONE,
    .grad = grad,
    .again = fv_node_again,
    .ref = ref,
    FV_FLAT_OP(1, kernels),
};

const fv_op fv_leaky_relu_backward_op = {
    .name = "leaky_relu_backward",
    .args = args,
    .n_args = FV_COUNT(args),
    .args_size = sizeof(fv_leaky_relu_node_args),
    .flags = FV_OP_IN_PLACE,
    .ref = ref_backward,
    FV_FLAT_OP(2, backward_kernels),
};

fv_value *fv_leaky_relu_with(fv_value *x, const fv_leaky_relu_args *given) {
    fv_leaky_relu_node_args node = {.slope = given->slope == 0 ? 0.01f : given->slope};
    return fv_node_new(fv_value_graph(x), &fv_leaky_relu_op, NULL, &node, &x, 1);
}
