/* A fully connected layer:
 *
 *     y[n,o] = b[o] + sum over i of w[o,i] x[n,i]          x [N,I]   w [O,I]   b [O] if has_bias   y [N,O]
 *
 *     dx = dy w,   dw = dy^T x,   db[o] = sum of dy over n
 *
 * The weights' backward has outputs dw and db; without a bias db has rank 0 and is nobody's. */
#include "ops/batch_step.h"
#include "ops/cost.h"
#include "ops/dnn_step.h"
#include "ops/rooms.h"

#include <string.h>

/* ---- Arguments and shapes ------------------------------------------------------------------------------------------ */

typedef struct linear_args {
    bool has_bias;
} linear_args;

static const fv_arg arg_table[] = {
    FV_ARG_ROW(FV_ARG_BOOL, linear_args, has_bias, NULL, 1, 0, 1, 1, "whether a bias is added"),
};

static const fv_node *layer(const fv_node *node) { return node->forward ? node->forward : node; }
static bool has_bias(const fv_node *node) { return ((const linear_args *)node->args)->has_bias; }

static fv_status check_input(const fv_node *node, int out_features) {
    const fv_shape *x = &node->in[0]->shape;
    char text[64];
    if (x->rank != 2)
        return fv_fail_node(FV_BAD_ARGUMENT, node, "takes features [N,F]: put fv_flatten before it (input %s)",
                            fv_shape_text(x, true, text));
    if (out_features < 1)
        return fv_fail_node(FV_BAD_ARGUMENT, node, "%d output features: must be at least 1", out_features);
    return FV_OK;
}

static fv_status infer(const fv_node *node, fv_shape out[]) {
    const fv_shape *x = &node->in[0]->shape, *w = &node->in[1]->shape;
    char text[64];
    FV_TRY(check_input(node, 1));
    if (node->n_in != 2 + has_bias(node))
        return fv_fail_node(FV_BAD_ARGUMENT, node, "%d inputs, takes %d", node->n_in, 2 + has_bias(node));
    if (!fv_shape_equal(w, &FV_SHAPE(w->dim[0], x->dim[1])))
        return fv_fail_node(FV_BAD_ARGUMENT, node, "a weight %s for %d input features", fv_shape_text(w, false, text),
                            x->dim[1]);
    if (has_bias(node) && !fv_shape_equal(&node->in[2]->shape, &FV_SHAPE(w->dim[0])))
        return fv_fail_node(FV_BAD_ARGUMENT, node, "a bias %s for %d output features",
                            fv_shape_text(&node->in[2]->shape, false, text), w->dim[0]);
    out[0] = FV_SHAPE(x->dim[0], w->dim[0]);
    return FV_OK;
}

static fv_status infer_data(const fv_node *node, fv_shape out[]) {
    out[0] = node->forward->in[0]->shape;
    return FV_OK;
}

static fv_status infer_weights(const fv_node *node, fv_shape out[]) {
    out[0] = node->forward->in[1]->shape;
    if (has_bias(node)) out[1] = node->forward->in[2]->shape;
    return FV_OK;
}

static size_t macs(const fv_node *node) {
    return (size_t)layer(node)->in[0]->shape.dim[0] * fv_shape_count(&layer(node)->in[1]->shape);
}

/* ---- Gradient ------------------------------------------------------------------------------------------------------ */

static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    fv_value *x = node->in[0], *w = node->in[1], *b = has_bias(node) ? node->in[2] : NULL;
    if (x->needs_grad && !(dx[0] = fv_node_backward(node, &fv_linear_backward_data_op, (fv_value *[]){dy[0], w}, 2)))
        return fv_last_status();
    if (!w->needs_grad && !(b && b->needs_grad)) return FV_OK;
    fv_value *dw = fv_node_backward(node, &fv_linear_backward_weights_op, (fv_value *[]){x, dy[0]}, 2);
    if (!dw) return fv_last_status();
    if (w->needs_grad) dx[1] = dw;
    if (b && b->needs_grad) dx[2] = &dw->node->out[1];
    return FV_OK;
}

typedef struct sizes {
    size_t n, in, out;
} sizes;

static sizes sizes_of(const fv_node *node) {
    const int *x = layer(node)->in[0]->shape.dim, *w = layer(node)->in[1]->shape.dim;
    return (sizes){(size_t)x[0], (size_t)x[1], (size_t)w[0]};
}

/* ---- Kernels: FV_BATCH, as a convolution of 1x1 maps ---------------------------------------------------------------- */

static fv_conv_shape conv_of(const fv_node *node) {
    sizes s = sizes_of(node);
    return fv_linear_shape((int)s.n, (int)s.in, (int)s.out);
}

static double cost_batch(const fv_node *node, int threads) {
    return fv_cost_batch(macs(node), layer(node)->in[0]->shape.dim[0], threads);
}

static fv_status plan_batch(fv_step *step) {
    fv_conv_shape shape = conv_of(step->node);
    step->own_scratch_bytes = fv_simd_pick()->conv_scratch(&shape);
    return FV_OK;
}

static fv_status plan_batch_weights(fv_step *step) {
    fv_batch_parts(step);
    return plan_batch(step);
}

static void run_batch(const fv_step *step, int thread, int nthreads) {
    fv_conv_shape s = conv_of(step->node);
    fv_batch_share own = fv_batch_share_of(step, s.n, thread, nthreads);
    const float *bias = has_bias(step->node) ? step->in[2] : NULL;
    fv_simd_pick()->conv_forward(&s, own.begin, own.end, step->in[0], step->in[1], bias, step->out[0], own.scratch);
}

static void run_batch_data(const fv_step *step, int thread, int nthreads) {
    fv_conv_shape s = conv_of(step->node);
    fv_batch_share own = fv_batch_share_of(step, s.n, thread, nthreads);
    fv_simd_pick()->conv_backward_data(&s, own.begin, own.end, step->in[0], step->in[1], step->out[0], own.scratch);
}

static void run_batch_weights(const fv_step *step, int thread, int nthreads) {
    fv_conv_shape s = conv_of(step->node);
    fv_batch_share own = fv_batch_share_of(step, s.n, thread, nthreads);
    float *dw = fv_batch_part(step, 0, thread, nthreads);
    float *db = has_bias(step->node) ? fv_batch_part(step, 1, thread, nthreads) : NULL;
    fv_simd_pick()->conv_backward_weights(&s, own.begin, own.end, step->in[0], step->in[1], dw, db, own.scratch);
}

/* ---- Kernels: oneDNN ----------------------------------------------------------------------------------------------- */

static double cost_dnn(const fv_node *node, int threads) { return fv_cost_dnn(macs(node), 16, threads); }

static fv_dnn_linear dnn_linear(const fv_step *step) {
    sizes s = sizes_of(step->node);
    return (fv_dnn_linear){.n = (int)s.n, .in = (int)s.in, .out = (int)s.out, .bias = has_bias(step->node)};
}

static fv_status plan_dnn(fv_step *step) {
    fv_dnn_linear what = dnn_linear(step);
    fv_prim *prim = NULL;
    FV_TRY(fv_dnn_linear_new(&what, fv_dnn_forward_pass(step), NULL, &prim));
    fv_dnn_settle(step, prim, &step->in_layout[1]);
    return FV_OK;
}

/* Both backward passes take the weight, or give its gradient, as the forward pass wants it, if oneDNN is fast that way. */
static fv_status plan_backward(fv_step *step, fv_dnn_pass pass, fv_layout *weights) {
    fv_dnn_linear what = dnn_linear(step);
    const fv_prim *forward = fv_dnn_forward(step);
    fv_prim *prim = NULL;
    if (forward) what.weights = fv_prim_weights(forward);
    FV_TRY(fv_dnn_linear_new(&what, pass, forward, &prim));
    if (!prim && forward) {
        what.weights = NULL;
        FV_TRY(fv_dnn_linear_new(&what, pass, forward, &prim));
    }
    fv_dnn_settle(step, prim, weights);
    return FV_OK;
}

static fv_status plan_dnn_data(fv_step *step) { return plan_backward(step, FV_DNN_BACKWARD, &step->in_layout[1]); }
static fv_status plan_dnn_weights(fv_step *step) {
    return plan_backward(step, FV_DNN_BACKWARD_WEIGHTS, &step->out_layout[0]);
}

static void run_dnn(const fv_step *step, int thread, int nthreads) {
    (void)thread, (void)nthreads;
    fv_dnn_run(step, &(fv_prim_args){.src = step->in[0],
                                     .weights = step->in[1],
                                     .bias = has_bias(step->node) ? step->in[2] : NULL,
                                     .dst = step->out[0]});
}

static void run_dnn_data(const fv_step *step, int thread, int nthreads) {
    (void)thread, (void)nthreads;
    fv_dnn_run(step, &(fv_prim_args){.diff_dst = step->in[0], .weights = step->in[1], .diff_src = step->out[0]});
}

static void run_dnn_weights(const fv_step *step, int thread, int nthreads) {
    (void)thread, (void)nthreads;
    fv_dnn_run(step, &(fv_prim_args){.src = step->in[0],
                                     .diff_dst = step->in[1],
                                     .diff_weights = step->out[0],
                                     .diff_bias = step->out[1]});
}

/* ---- Kernels: plain, of few images ------------------------------------------------------------------------------------ */

/* Reads the weights, which is what takes the time, faster than oneDNN does. At inference alone: oneDNN's backward passes would have
 * them in a layout of their own. */
static double cost_few(const fv_node *node, int threads) {
    fv_conv_shape s = conv_of(node);
    bool suits = fv_is_constant(node->in[1]) && fv_simd_pick()->linear_supported(&s);
    return suits ? 0.8 * cost_dnn(node, threads) : FV_NEVER;
}

static fv_status plan_few(fv_step *step) {
    fv_conv_shape s = conv_of(step->node);
    step->refused = !fv_simd_pick()->linear_supported(&s) || step->settled[1];
    return FV_OK;
}

static void run_few(const fv_step *step, int thread, int nthreads) {
    fv_conv_shape s = conv_of(step->node);
    int begin, end;
    fv_share(s.oc, thread, nthreads, &begin, &end);
    const float *bias = has_bias(step->node) ? step->in[2] : NULL;
    fv_simd_pick()->linear_forward(&s, begin, end, step->in[0], step->in[1], bias, step->out[0]);
}

static const fv_kernel kernels[] = {
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, cost_batch, plan_batch, run_batch},
    {"dnn", FV_PLAIN, FV_PLAIN, FV_SOLO, cost_dnn, plan_dnn, run_dnn},
    {"simd", FV_PLAIN, FV_PLAIN, 0, cost_few, plan_few, run_few},
};

static const fv_kernel data_kernels[] = {
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, cost_batch, plan_batch, run_batch_data},
    {"dnn", FV_PLAIN, FV_PLAIN, FV_SOLO, cost_dnn, plan_dnn_data, run_dnn_data},
};

static const fv_kernel weights_kernels[] = {
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, cost_batch, plan_batch_weights, run_batch_weights},
    {"dnn", FV_PLAIN, FV_PLAIN, FV_SOLO, cost_dnn, plan_dnn_weights, run_dnn_weights},
};

/* ---- Definition ---------------------------------------------------------------------------------------------------- */

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    sizes s = sizes_of(node);
    for (size_t n = 0; n < s.n; n++)
        for (size_t o = 0; o < s.out; o++) {
            double sum = has_bias(node) ? in[2][o] : 0;
            for (size_t i = 0; i < s.in; i++) sum += in[1][o * s.in + i] * in[0][n * s.in + i];
            out[0][n * s.out + o] = sum;
        }
}

static void ref_data(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    sizes s = sizes_of(node);
    for (size_t n = 0; n < s.n; n++)
        for (size_t i = 0; i < s.in; i++) {
            double sum = 0;
            for (size_t o = 0; o < s.out; o++) sum += in[0][n * s.out + o] * in[1][o * s.in + i];
            out[0][n * s.in + i] = sum;
        }
}

static void ref_weights(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    sizes s = sizes_of(node);
    memset(out[0], 0, s.out * s.in * sizeof(double));
    if (has_bias(node)) memset(out[1], 0, s.out * sizeof(double));
    for (size_t n = 0; n < s.n; n++)
        for (size_t o = 0; o < s.out; o++) {
            double dy = in[1][n * s.out + o];
            for (size_t i = 0; i < s.in; i++) out[0][o * s.in + i] += dy * in[0][n * s.in + i];
            if (has_bias(node)) out[1][o] += dy;
        }
}

/* ---- The operators ------------------------------------------------------------------------------------------------- */

const fv_op fv_linear_op = {
    .name = "linear",
    .onnx = "Gemm",
    .args = arg_table,
    .n_args = FV_COUNT(arg_table),
    .args_size = sizeof(linear_args),
    .min_in = 2,
    .max_in = 3,
    .n_out = 1,
    .parameter_in = 1 << 1 | 1 << 2,
    .infer = infer,
    .grad = grad,
    .macs = macs,
    .ref = ref,
    .kernels = kernels,
    .n_kernels = FV_COUNT(kernels),
};

const fv_op fv_linear_backward_data_op = {
    .name = "linear_backward_data",
    .args_size = sizeof(linear_args),
    .min_in = 2, /* dy, w */
    .max_in = 2,
    .n_out = 1,
    .infer = infer_data,
    .macs = macs,
    .ref = ref_data,
    .kernels = data_kernels,
    .n_kernels = FV_COUNT(data_kernels),
};

const fv_op fv_linear_backward_weights_op = {
    .name = "linear_backward_weights",
    .args_size = sizeof(linear_args),
    .min_in = 2, /* x, dy */
    .max_in = 2,
    .n_out = 2,
    .weight_out = 3,
    .infer = infer_weights,
    .macs = macs,
    .ref = ref_weights,
    .kernels = weights_kernels,
    .n_kernels = FV_COUNT(weights_kernels),
};

/* ---- In a network -------------------------------------------------------------------------------------------------- */

fv_value *fv_linear_with(fv_value *x, const char *name, int out_features, const fv_linear_args *args) {
    if (!x) return NULL;
    fv_graph *graph = x->node->graph;
    linear_args facts = {.has_bias = !args->no_bias};
    fv_node *draft = fv_node_draft(graph, &fv_linear_op, name, &facts, &x, 1);
    if (!draft || check_input(draft, out_features)) return NULL;
    fv_parameter weight = {
        .shape = FV_SHAPE(out_features, x->shape.dim[1]),
        .init = args->init.kind ? args->init : (fv_init){.kind = FV_INIT_XAVIER_UNIFORM},
        .fan_in = x->shape.dim[1],
        .fan_out = out_features,
    };
    fv_parameter bias = {.shape = FV_SHAPE(out_features), .init.kind = FV_INIT_ZERO, .no_decay = true};
    fv_value *in[3] = {x, fv_parameter_new(graph, name, "weight", &weight)};
    if (facts.has_bias) in[2] = fv_parameter_new(graph, name, "bias", &bias);
    return fv_node_new(graph, &fv_linear_op, name, &facts, in, 2 + facts.has_bias);
}
