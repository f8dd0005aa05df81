/* Flatten: [N,C,H,W] -> [N,C*H*W]; the gradient is reshaped back. In FV_PLAIN and FV_BATCH both shapes are the same memory
 * (the planner aliases them, and nothing is copied); FV_BLOCKED is put in order, since linear layers read FV_PLAIN. */
#include "ops/elementwise.h"
#include "ops/reorder.h"
#include "ops/rooms.h"

#include <string.h>

static fv_status infer(const fv_node *node, fv_shape out[]) {
    const fv_shape *x = &node->in[0]->shape;
    if (x->rank < 2) return fv_fail_node(FV_BAD_ARGUMENT, node, "an input of rank %d: needs [N,...]", x->rank);
    size_t features = fv_shape_count(x) / (size_t)x->dim[0];
    if (features > (size_t)FV_MAX_DIM)
        return fv_fail_node(FV_BAD_ARGUMENT, node, "%zu features: at most %d", features, FV_MAX_DIM);
    out[0] = FV_SHAPE(x->dim[0], (int)features);
    return FV_OK;
}

static fv_status infer_backward(const fv_node *node, fv_shape out[]) {
    out[0] = node->forward->in[0]->shape;
    return FV_OK;
}

static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    dx[0] = fv_node_backward(node, &fv_reshape_op, dy, 1);
    return dx[0] ? FV_OK : fv_last_status();
}

/* ---- Kernels --------------------------------------------------------------------------------------------------- */

static void run_same(const fv_step *step, int thread, int nthreads) {
    fv_flat f = fv_flat_share(step, thread, nthreads);
    if (f.out != f.in[0]) memcpy(f.out, f.in[0], f.count * sizeof(float));
}

static void run_unblock(const fv_step *step, int thread, int nthreads) {
    fv_unblock_images(step, &step->node->in[0]->shape, thread, nthreads);
}

static void run_block(const fv_step *step, int thread, int nthreads) {
    fv_block_images(step, &step->node->out[0].shape, thread, nthreads);
}

static const fv_kernel kernels[] = {
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, NULL, NULL, run_same},
    {"simd", FV_PLAIN, FV_PLAIN, FV_LOCAL, NULL, NULL, run_same},
    {"simd", FV_BLOCKED, FV_PLAIN, FV_LOCAL, NULL, NULL, run_unblock},
};

static const fv_kernel backward_kernels[] = {
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, NULL, NULL, run_same},
    {"simd", FV_PLAIN, FV_PLAIN, FV_LOCAL, NULL, NULL, run_same},
    {"simd", FV_PLAIN, FV_BLOCKED, FV_LOCAL, NULL, NULL, run_block},
};

/* ---- Definition ------------------------------------------------------------------------------------------------ */

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    memcpy(out[0], in[0], fv_elements(node) * sizeof(double));
}

const fv_op fv_flatten_op = {
    .name = "flatten",
    .onnx = "Flatten",
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

const fv_op fv_reshape_op = {
    .name = "reshape",
    .min_in = 1,
    .max_in = 1,
    .n_out = 1,
    .flags = FV_OP_IN_PLACE,
    .infer = infer_backward,
    .ref = ref,
    .kernels = backward_kernels,
    .n_kernels = FV_COUNT(backward_kernels),
};

fv_value *fv_flatten(fv_value *x) { return fv_node_new(fv_value_graph(x), &fv_flatten_op, NULL, NULL, &x, 1); }
