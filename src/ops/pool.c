#include "ops/pool.h"

#include "ops/batch_step.h"
#include "ops/cost.h"
#include "ops/dnn_step.h"

#include <string.h>

fv_pool_node_args fv_pool_args_from(int kernel, const fv_pool_args *args) {
    fv_window_sugar sugar = {
        .kernel = kernel,
        .stride = args->stride,
        .pad = args->pad,
        .dilation = args->dilation,
        .kernels = args->kernels,
        .strides = args->strides,
        .pads = args->pads,
        .dilations = args->dilations,
        .stride_is_kernel = true,
    };
    return (fv_pool_node_args){fv_window_from(&sugar), args->ceil_mode, args->count_include_pad};
}

fv_status fv_pool_infer(const fv_node *node, fv_shape out[]) {
    const fv_pool_node_args *args = node->args;
    const fv_shape *x = &node->in[0]->shape;
    char text[64];
    if (x->rank != 4)
        return fv_fail_node(FV_BAD_ARGUMENT, node, "takes images [N,C,H,W] (input %s)", fv_shape_text(x, true, text));
    int size[2];
    FV_TRY(fv_window_output(node, &args->window, &x->dim[2], args->ceil_mode, size));
    for (int axis = 0; axis < 2; axis++)
        for (int at = 0; at < size[axis]; at++) {
            fv_taps taps = fv_window_taps(&args->window, axis, x->dim[2 + axis], at);
            if (taps.begin == taps.end)
                return fv_fail_node(FV_BAD_ARGUMENT, node,
                                    "padding %d+%d: a window of kernel %d lies wholly in it (input %s)",
                                    args->window.pad[axis], args->window.pad[axis + 2], args->window.kernel[axis],
                                    fv_shape_text(x, true, text));
        }
    out[0] = FV_SHAPE(x->dim[0], x->dim[1], size[0], size[1]);
    return FV_OK;
}

fv_status fv_pool_infer_backward(const fv_node *node, fv_shape out[]) {
    out[0] = node->forward->in[0]->shape;
    return FV_OK;
}

fv_pool_shape fv_pool_shape_of(const fv_node *node) {
    const fv_node *pool = node->forward ? node->forward : node;
    const fv_pool_node_args *args = pool->args;
    const int *x = pool->in[0]->shape.dim, *y = pool->out[0].shape.dim;
    fv_pool_shape shape = {.n = x[0], .c = x[1], .ih = x[2], .iw = x[3], .oh = y[2], .ow = y[3]};
    fv_window window = {.kernel = {x[2], x[3]}, .stride = {1, 1}, .dilation = {1, 1}};
    if (pool->op->args_size) {
        window = args->window;
        shape.count_include_pad = args->count_include_pad;
    }
    memcpy(shape.kernel, window.kernel, sizeof shape.kernel);
    memcpy(shape.stride, window.stride, sizeof shape.stride);
    memcpy(shape.dilation, window.dilation, sizeof shape.dilation);
    memcpy(shape.pad, window.pad, sizeof shape.pad);
    return shape;
}

/* ---- Kernels: oneDNN ----------------------------------------------------------------------------------------------- */

fv_status fv_pool_plan_dnn(fv_step *step, bool average, fv_dnn_pass pass) {
    fv_dnn_pool what = {fv_pool_shape_of(step->node), average, step->kernel->in, fv_block()};
    fv_prim *prim = NULL;
    FV_TRY(fv_dnn_pool_new(&what, pass, fv_dnn_forward(step), &prim));
    fv_dnn_settle(step, prim, NULL);
    if (prim && step->node->n_out > 1) step->out_bytes[1] = fv_prim_workspace(prim);
    return FV_OK;
}

static double cost_dnn(const fv_node *node, int threads) { return fv_cost_traffic_solo(node, threads); }
static fv_status plan_dnn(fv_step *step) { return fv_pool_plan_dnn(step, true, fv_dnn_forward_pass(step)); }
static fv_status plan_dnn_backward(fv_step *step) { return fv_pool_plan_dnn(step, true, FV_DNN_BACKWARD); }

static void run_dnn(const fv_step *step, int thread, int nthreads) {
    (void)thread, (void)nthreads;
    fv_dnn_run(step, &(fv_prim_args){.src = step->in[0], .dst = step->out[0]});
}

static void run_dnn_backward(const fv_step *step, int thread, int nthreads) {
    (void)thread, (void)nthreads;
    fv_dnn_run(step, &(fv_prim_args){.diff_dst = step->in[0], .diff_src = step->out[0]});
}

/* ---- Kernels: FV_BATCH --------------------------------------------------------------------------------------------- */

static void run_batch(const fv_step *step, int thread, int nthreads) {
    fv_pool_shape s = fv_pool_shape_of(step->node);
    fv_batch_share own = fv_batch_share_of(step, s.n, thread, nthreads);
    fv_simd_pick()->avg_pool_forward(&s, own.begin, own.end, step->in[0], step->out[0]);
}

static void run_batch_backward(const fv_step *step, int thread, int nthreads) {
    fv_pool_shape s = fv_pool_shape_of(step->node);
    fv_batch_share own = fv_batch_share_of(step, s.n, thread, nthreads);
    fv_simd_pick()->avg_pool_backward(&s, own.begin, own.end, step->in[0], step->out[0]);
}

const fv_kernel fv_avg_kernels[] = {
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, NULL, NULL, run_batch},
    {"dnn", FV_BLOCKED, FV_BLOCKED, FV_SOLO, cost_dnn, plan_dnn, run_dnn},
    {"dnn", FV_BLOCKED_BF16, FV_BLOCKED_BF16, FV_SOLO, cost_dnn, plan_dnn, run_dnn},
    {"dnn", FV_PLAIN, FV_PLAIN, FV_SOLO, cost_dnn, plan_dnn, run_dnn},
};

const fv_kernel fv_avg_backward_kernels[] = {
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, NULL, NULL, run_batch_backward},
    {"dnn", FV_BLOCKED, FV_BLOCKED, FV_SOLO, cost_dnn, plan_dnn_backward, run_dnn_backward},
    {"dnn", FV_BLOCKED_BF16, FV_BLOCKED_BF16, FV_SOLO, cost_dnn, plan_dnn_backward, run_dnn_backward},
    {"dnn", FV_PLAIN, FV_PLAIN, FV_SOLO, cost_dnn, plan_dnn_backward, run_dnn_backward},
};
