/* Max pooling:
 *
 *     y[n,c,p,q] = max over (i,j) of x[n,c, p s + i d - pad, q s + j d - pad]       x [N,C,H,W] -> y [N,C,OH,OW]
 *
 * Padding never wins; of equal values the first in row-major order of the window does; NaN beats all, the first one.
 *
 *     dx = dy at the winner of each window, summed where windows overlap
 *
 * Output 1 is the winners, opaque: ref keeps i KW + j, as oneDNN does in its workspace. Inference has an operator without. */
#include "ops/batch_step.h"
#include "ops/cost.h"
#include "ops/dnn_step.h"
#include "ops/pool.h"
#include "ops/rooms.h"

#include <math.h>
#include <string.h>

/* ---- Arguments and shapes ------------------------------------------------------------------------------------------ */

static const fv_arg arg_table[] = {
    FV_WINDOW_ROWS(fv_pool_node_args),
    FV_ARG_ROW(FV_ARG_BOOL, fv_pool_node_args, ceil_mode, "ceil_mode", 1, 0, 1, 0,
               "whether a last window may hang over the edge"),
};

static fv_status infer(const fv_node *node, fv_shape out[]) {
    FV_TRY(fv_pool_infer(node, out));
    out[1] = out[0];
    return FV_OK;
}

/* ---- Gradient ------------------------------------------------------------------------------------------------------ */

static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    if (!node->in[0]->needs_grad) return FV_OK;
    dx[0] = fv_node_backward(node, &fv_max_pool_backward_op, (fv_value *[]){dy[0], &node->out[1]}, 2);
    return dx[0] ? FV_OK : fv_last_status();
}

/* ---- Kernels ------------------------------------------------------------------------------------------------------- */

static double cost_dnn(const fv_node *node, int threads) { return fv_cost_traffic_solo(node, threads); }

/* The winners of 16 images are 16-bit numbers of taps. */
static fv_status plan_batch(fv_step *step) {
    fv_pool_shape s = fv_pool_shape_of(step->node);
    step->refused = (size_t)s.kernel[0] * (size_t)s.kernel[1] > (size_t)UINT16_MAX + 1;
    if (step->node->n_out > 1)
        step->out_bytes[1] = fv_layout_count(&step->node->out[0].shape, FV_BATCH) * sizeof(uint16_t);
    return FV_OK;
}

static void run_batch(const fv_step *step, int thread, int nthreads) {
    fv_pool_shape s = fv_pool_shape_of(step->node);
    fv_batch_share own = fv_batch_share_of(step, s.n, thread, nthreads);
    fv_simd_pick()->max_pool_forward(&s, own.begin, own.end, step->in[0], step->out[0], step->out[1]);
}

static void run_batch_backward(const fv_step *step, int thread, int nthreads) {
    fv_pool_shape s = fv_pool_shape_of(step->node);
    fv_batch_share own = fv_batch_share_of(step, s.n, thread, nthreads);
    fv_simd_pick()->max_pool_backward(&s, own.begin, own.end, step->in[0], step->in[1], step->out[0]);
}

static fv_status plan_dnn(fv_step *step) { return fv_pool_plan_dnn(step, false, FV_DNN_TRAIN); }
static fv_status plan_dnn_inference(fv_step *step) { return fv_pool_plan_dnn(step, false, FV_DNN_INFER); }
static fv_status plan_dnn_backward(fv_step *step) { return fv_pool_plan_dnn(step, false, FV_DNN_BACKWARD); }

static void run_dnn(const fv_step *step, int thread, int nthreads) {
    (void)thread, (void)nthreads;
    fv_dnn_run(step, &(fv_prim_args){.src = step->in[0], .dst = step->out[0], .workspace = step->out[1]});
}

static void run_dnn_backward(const fv_step *step, int thread, int nthreads) {
    (void)thread, (void)nthreads;
    fv_dnn_run(step, &(fv_prim_args){.diff_dst = step->in[0], .workspace = step->in[1], .diff_src = step->out[0]});
}

static const fv_kernel kernels[] = {
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, NULL, plan_batch, run_batch},
    {"dnn", FV_BLOCKED, FV_BLOCKED, FV_SOLO, cost_dnn, plan_dnn, run_dnn},
    {"dnn", FV_BLOCKED_BF16, FV_BLOCKED_BF16, FV_SOLO, cost_dnn, plan_dnn, run_dnn},
    {"dnn", FV_PLAIN, FV_PLAIN, FV_SOLO, cost_dnn, plan_dnn, run_dnn},
};

static const fv_kernel inference_kernels[] = {
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, NULL, plan_batch, run_batch},
    {"dnn", FV_BLOCKED, FV_BLOCKED, FV_SOLO, cost_dnn, plan_dnn_inference, run_dnn},
    {"dnn", FV_BLOCKED_BF16, FV_BLOCKED_BF16, FV_SOLO, cost_dnn, plan_dnn_inference, run_dnn},
    {"dnn", FV_PLAIN, FV_PLAIN, FV_SOLO, cost_dnn, plan_dnn_inference, run_dnn},
};

static const fv_kernel backward_kernels[] = {
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, NULL, NULL, run_batch_backward},
    {"dnn", FV_BLOCKED, FV_BLOCKED, FV_SOLO, cost_dnn, plan_dnn_backward, run_dnn_backward},
    {"dnn", FV_BLOCKED_BF16, FV_BLOCKED_BF16, FV_SOLO, cost_dnn, plan_dnn_backward, run_dnn_backward},
    {"dnn", FV_PLAIN, FV_PLAIN, FV_SOLO, cost_dnn, plan_dnn_backward, run_dnn_backward},
};

/* ---- Definition ---------------------------------------------------------------------------------------------------- */

typedef struct winner {
    int tap;      /* i KW + j */
    size_t place; /* in the plane of x */
} winner;

static winner find_winner(const fv_pool_shape *s, const double *plane, int p, int q) {
    winner best = {.tap = -1};
    for (int i = 0; i < s->kernel[0]; i++)
        for (int j = 0; j < s->kernel[1]; j++) {
            int row = p * s->stride[0] + i * s->dilation[0] - s->pad[0];
            int col = q * s->stride[1] + j * s->dilation[1] - s->pad[1];
            if (row < 0 || row >= s->ih || col < 0 || col >= s->iw) continue;
            size_t place = (size_t)row * s->iw + col;
            bool better =
                best.tap < 0 || plane[place] > plane[best.place] || (isnan(plane[place]) && !isnan(plane[best.place]));
            if (better) best = (winner){i * s->kernel[1] + j, place};
        }
    return best;
}

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    fv_pool_shape s = fv_pool_shape_of(node);
    size_t at = 0;
    for (int map = 0; map < s.n * s.c; map++) {
        const double *plane = in[0] + (size_t)map * s.ih * s.iw;
        for (int p = 0; p < s.oh; p++)
            for (int q = 0; q < s.ow; q++, at++) {
                winner best = find_winner(&s, plane, p, q);
                out[0][at] = plane[best.place];
                if (node->n_out == 2) out[1][at] = best.tap;
            }
    }
}

static void ref_backward(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    fv_pool_shape s = fv_pool_shape_of(node);
    memset(out[0], 0, fv_shape_count(&node->out[0].shape) * sizeof(double));
    size_t at = 0;
    for (int map = 0; map < s.n * s.c; map++)
        for (int p = 0; p < s.oh; p++)
            for (int q = 0; q < s.ow; q++, at++) {
                int tap = (int)in[1][at];
                int row = p * s.stride[0] + tap / s.kernel[1] * s.dilation[0] - s.pad[0];
                int col = q * s.stride[1] + tap % s.kernel[1] * s.dilation[1] - s.pad[1];
                out[0][((size_t)map * s.ih + row) * s.iw + col] += in[0][at];
            }
}

/* ---- The operators ------------------------------------------------------------------------------------------------- */

const fv_op fv_max_pool_op = {
    .name = "max_pool",
    .onnx = "MaxPool",
    .args = arg_table,
    .n_args = FV_COUNT(arg_table),
    .args_size = sizeof(fv_pool_node_args),
    .min_in = 1,
    .max_in = 1,
    .n_out = 2,
    .opaque_out = 2,
    .infer = infer,
    .grad = grad,
    .ref = ref,
    .kernels = kernels,
    .n_kernels = FV_COUNT(kernels),
};

const fv_op fv_max_pool_backward_op = {
    .name = "max_pool_backward",
    .args_size = sizeof(fv_pool_node_args),
    .min_in = 2, /* dy, winners */
    .max_in = 2,
    .n_out = 1,
    .infer = fv_pool_infer_backward,
    .ref = ref_backward,
    .kernels = backward_kernels,
    .n_kernels = FV_COUNT(backward_kernels),
};

const fv_op fv_max_pool_inference_op = {
    .name = "max_pool_inference",
    .args = arg_table,
    .n_args = FV_COUNT(arg_table),
    .args_size = sizeof(fv_pool_node_args),
    .min_in = 1,
    .max_in = 1,
    .n_out = 1,
    .infer = fv_pool_infer,
    .ref = ref,
    .kernels = inference_kernels,
    .n_kernels = FV_COUNT(inference_kernels),
};

/* ---- In a network -------------------------------------------------------------------------------------------------- */

fv_value *fv_max_pool_with(fv_value *x, int kernel, const fv_pool_args *args) {
    if (!x) return NULL;
    fv_pool_node_args facts = fv_pool_args_from(kernel, args);
    return fv_node_new(x->node->graph, &fv_max_pool_op, NULL, &facts, &x, 1);
}
