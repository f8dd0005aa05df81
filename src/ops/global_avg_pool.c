/* Global average pooling:
 *
 *     y[n,c] = mean over h, w of x[n,c,h,w]          x [N,C,H,W] -> y [N,C,1,1]
 *     dx[n,c,h,w] = dy[n,c] / (H W) */
#include "ops/pool.h"
#include "ops/rooms.h"

/* ---- Shapes and gradient ------------------------------------------------------------------------------------------- */

static fv_status infer(const fv_node *node, fv_shape out[]) {
    const fv_shape *x = &node->in[0]->shape;
    char text[64];
    if (x->rank != 4)
        return fv_fail_node(FV_BAD_ARGUMENT, node, "takes images [N,C,H,W] (input %s)", fv_shape_text(x, true, text));
    out[0] = FV_SHAPE(x->dim[0], x->dim[1], 1, 1);
    return FV_OK;
}

static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    if (!node->in[0]->needs_grad) return FV_OK;
    dx[0] = fv_node_backward(node, &fv_global_avg_pool_backward_op, dy, 1);
    return dx[0] ? FV_OK : fv_last_status();
}

/* ---- Definition ---------------------------------------------------------------------------------------------------- */

static size_t plane_of(const fv_shape *x) { return (size_t)x->dim[2] * (size_t)x->dim[3]; }

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    size_t maps = fv_shape_count(&node->out[0].shape), plane = plane_of(&node->in[0]->shape);
    for (size_t map = 0; map < maps; map++) {
        double sum = 0;
        for (size_t i = 0; i < plane; i++) sum += in[0][map * plane + i];
        out[0][map] = sum / (double)plane;
    }
}

static void ref_backward(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    size_t count = fv_shape_count(&node->out[0].shape), plane = plane_of(&node->out[0].shape);
    for (size_t i = 0; i < count; i++) out[0][i] = in[0][i / plane] / (double)plane;
}

/* ---- The operators ------------------------------------------------------------------------------------------------- */

const fv_op fv_global_avg_pool_op = {
    .name = "global_avg_pool",
    .onnx = "GlobalAveragePool",
    .min_in = 1,
    .max_in = 1,
    .n_out = 1,
    .infer = infer,
    .grad = grad,
    .ref = ref,
    .kernels = fv_avg_kernels,
    .n_kernels = FV_AVG_KERNELS,
};

const fv_op fv_global_avg_pool_backward_op = {
    .name = "global_avg_pool_backward",
    .min_in = 1, /* dy */
    .max_in = 1,
    .n_out = 1,
    .infer = fv_pool_infer_backward,
    .ref = ref_backward,
    .kernels = fv_avg_backward_kernels,
    .n_kernels = FV_AVG_KERNELS,
};

/* ---- In a network -------------------------------------------------------------------------------------------------- */

fv_value *fv_global_avg_pool(fv_value *x) {
    return x ? fv_node_new(x->node->graph, &fv_global_avg_pool_op, NULL, NULL, &x, 1) : NULL;
}
