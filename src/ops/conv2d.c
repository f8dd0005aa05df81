/* 2-D convolution (cross-correlation, as every framework's):
 *
 *     y[n,o,p,q] = f( b[o] + skip[n,o,p,q] + sum over (c,i,j) of w[o,c,i,j] x[n, first(o) + c, p s + i d - pad, q s + j d - pad] )
 *
 *     x [N,C,H,W]   w [O,C/groups,KH,KW]   b [O]   skip and y [N,O,OH,OW]      OH = (H + top + bottom - d (KH-1) - 1) / s + 1
 *
 * x is zero in the padding; output channel o sees the C/groups input channels of its group, from first(o) on. The bias is
 * there if has_bias; the skip and the activation f are set by fusion passes at inference only, and have no gradient.
 *
 *     dx = sum of w dy,   dw = sum of x dy   over the same (x, w, y) triples;   db[o] = sum of dy over n, p, q
 *
 * The weights' backward has outputs dw and db; without a bias db has rank 0 and is nobody's. */
#include "ops/conv2d.h"
#include "ops/batch_step.h"
#include "ops/cost.h"
#include "ops/dnn_step.h"
#include "ops/fused.h"
#include "ops/rooms.h"

#include <string.h>

/* ---- Arguments ----------------------------------------------------------------------------------------------------- */

static const fv_arg arg_table[] = {
    FV_WINDOW_ROWS(fv_conv2d_node_args),
    FV_ARG_ROW(FV_ARG_INT, fv_conv2d_node_args, groups, "group", 1, 1, FV_MAX_DIM, 1, "groups of channels"),
    FV_ARG_FUSED_ROW(FV_ARG_INT, fv_conv2d_node_args, activation, 0, FV_ACTIVATIONS - 1, FV_ACTIVATION_HELP),
    FV_ARG_FUSED_ROW(FV_ARG_FLOAT, fv_conv2d_node_args, slope, 0, 1e6, "of the leaky ReLU"),
    FV_ARG_ROW(FV_ARG_BOOL, fv_conv2d_node_args, has_bias, NULL, 1, 0, 1, 1, "whether a bias is added"),
    FV_ARG_FUSED_ROW(FV_ARG_BOOL, fv_conv2d_node_args, has_skip, 0, 1, "whether the last input is added"),
};

static const fv_node *convolution(const fv_node *node) { return node->forward ? node->forward : node; }
static const fv_conv2d_node_args *args_of(const fv_node *node) { return node->args; }

fv_conv_shape fv_conv2d_shape(const fv_node *node) {
    const fv_conv2d_node_args *args = node->args;
    const int *x = convolution(node)->in[0]->shape.dim, *y = convolution(node)->out[0].shape.dim;
    fv_conv_shape shape = {.n = x[0], .ic = x[1], .ih = x[2], .iw = x[3], .oc = y[1], .oh = y[2], .ow = y[3]};
    memcpy(shape.kernel, args->window.kernel, sizeof shape.kernel);
    memcpy(shape.stride, args->window.stride, sizeof shape.stride);
    memcpy(shape.dilation, args->window.dilation, sizeof shape.dilation);
    memcpy(shape.pad, args->window.pad, sizeof shape.pad);
    shape.groups = args->groups;
    return shape;
}

/* ---- Shapes -------------------------------------------------------------------------------------------------------- */

static fv_status check_channels(const fv_node *node, int out_channels) {
    const fv_shape *x = &node->in[0]->shape;
    int groups = args_of(node)->groups;
    char text[64];
    fv_shape_text(x, true, text);
    if (x->rank != 4) return fv_fail_node(FV_BAD_ARGUMENT, node, "takes images [N,C,H,W] (input %s)", text);
    if (out_channels < 1)
        return fv_fail_node(FV_BAD_ARGUMENT, node, "%d output channels: must be at least 1", out_channels);
    if (x->dim[1] % groups)
        return fv_fail_node(FV_BAD_ARGUMENT, node, "groups %d does not divide %d input channels (input %s)", groups,
                            x->dim[1], text);
    if (out_channels % groups)
        return fv_fail_node(FV_BAD_ARGUMENT, node, "groups %d does not divide %d output channels (input %s)", groups,
                            out_channels, text);
    return FV_OK;
}

static fv_status infer(const fv_node *node, fv_shape out[]) {
    const fv_conv2d_node_args *args = node->args;
    const fv_shape *x = &node->in[0]->shape, *w = &node->in[1]->shape;
    char text[64];
    if (node->n_in != 2 + args->has_bias + args->has_skip)
        return fv_fail_node(FV_BAD_ARGUMENT, node, "%d inputs, takes %d", node->n_in,
                            2 + args->has_bias + args->has_skip);
    FV_TRY(check_channels(node, w->dim[0]));
    fv_shape expected = FV_SHAPE(w->dim[0], x->dim[1] / args->groups, args->window.kernel[0], args->window.kernel[1]);
    if (!fv_shape_equal(w, &expected))
        return fv_fail_node(FV_BAD_ARGUMENT, node, "a weight %s for %d input channels, groups %d, kernel %dx%d",
                            fv_shape_text(w, false, text), x->dim[1], args->groups, args->window.kernel[0],
                            args->window.kernel[1]);
    if (args->has_bias && !fv_shape_equal(&node->in[2]->shape, &FV_SHAPE(w->dim[0])))
        return fv_fail_node(FV_BAD_ARGUMENT, node, "a bias %s for %d output channels",
                            fv_shape_text(&node->in[2]->shape, false, text), w->dim[0]);
    int size[2];
    FV_TRY(fv_window_output(node, &args->window, &x->dim[2], false, size));
    out[0] = FV_SHAPE(x->dim[0], w->dim[0], size[0], size[1]);
    if (args->has_skip && !fv_shape_equal(&node->in[node->n_in - 1]->shape, &out[0]))
        return fv_fail_node(FV_BAD_ARGUMENT, node, "a skip %s of another shape than the output",
                            fv_shape_text(&node->in[node->n_in - 1]->shape, true, text));
    return FV_OK;
}

static fv_status infer_data(const fv_node *node, fv_shape out[]) {
    out[0] = node->forward->in[0]->shape;
    return FV_OK;
}

static fv_status infer_weights(const fv_node *node, fv_shape out[]) {
    out[0] = node->forward->in[1]->shape;
    if (args_of(node)->has_bias) out[1] = node->forward->in[2]->shape;
    return FV_OK;
}

static size_t macs(const fv_node *node) {
    const fv_node *conv = convolution(node);
    const int *w = conv->in[1]->shape.dim;
    return fv_shape_count(&conv->out[0].shape) * (size_t)w[1] * (size_t)w[2] * (size_t)w[3];
}

static size_t least_macs(const fv_node *node) {
    fv_conv_shape s = fv_conv2d_shape(node);
    return fv_winograd_least(&s, macs(node));
}

/* ---- Gradient ------------------------------------------------------------------------------------------------------ */

static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    const fv_conv2d_node_args *args = node->args;
    fv_value *x = node->in[0], *w = node->in[1];
    if (args->activation || args->has_skip)
        return fv_fail_node(FV_UNSUPPORTED, node,
                            "a fused activation or sum has no gradient: train the unfused network");
    if (x->needs_grad && !(dx[0] = fv_node_backward(node, &fv_conv2d_backward_data_op, (fv_value *[]){dy[0], w}, 2)))
        return fv_last_status();
    if (!w->needs_grad && !(args->has_bias && node->in[2]->needs_grad)) return FV_OK;
    fv_value *dw = fv_node_backward(node, &fv_conv2d_backward_weights_op, (fv_value *[]){x, dy[0]}, 2);
    if (!dw) return fv_last_status();
    if (w->needs_grad) dx[1] = dw;
    if (args->has_bias && node->in[2]->needs_grad) dx[2] = &dw->node->out[1];
    return FV_OK;
}

/* ---- Kernels: FV_BATCH --------------------------------------------------------------------------------------------- */

static double cost_batch(const fv_node *node, int threads) {
    fv_conv_shape s = fv_conv2d_shape(node);
    return fv_simd_pick()->conv_supported(&s) ? fv_cost_batch(macs(node), s.n, threads) : FV_NEVER;
}

static fv_status plan_batch(fv_step *step) {
    const fv_simd *simd = fv_simd_pick();
    fv_conv_shape shape = fv_conv2d_shape(step->node);
    step->refused = !simd->conv_supported(&shape);
    if (!step->refused) step->own_scratch_bytes = simd->conv_scratch(&shape);
    return FV_OK;
}

static fv_status plan_batch_weights(fv_step *step) {
    fv_batch_parts(step);
    return plan_batch(step);
}

/* What passes have fused behind the convolution, on the floats [begin, end) of the output. */
static void finish_batch(const fv_step *step, size_t begin, size_t end) {
    const fv_conv2d_node_args *args = step->node->args;
    float *y = (float *)step->out[0] + begin;
    if (args->has_skip) fv_simd_pick()->add(end - begin, y, (const float *)step->in[step->node->n_in - 1] + begin, y);
    fv_activate((fv_activation)args->activation, args->slope, end - begin, y);
}

static void run_batch(const fv_step *step, int thread, int nthreads) {
    fv_conv_shape s = fv_conv2d_shape(step->node);
    fv_batch_share own = fv_batch_share_of(step, s.n, thread, nthreads);
    const float *bias = args_of(step->node)->has_bias ? step->in[2] : NULL;
    size_t group = (size_t)s.oc * s.oh * s.ow * FV_BATCH_WIDTH;
    fv_simd_pick()->conv_forward(&s, own.begin, own.end, step->in[0], step->in[1], bias, step->out[0], own.scratch);
    finish_batch(step, group * (size_t)own.begin, group * (size_t)own.end);
}

static void run_batch_data(const fv_step *step, int thread, int nthreads) {
    fv_conv_shape s = fv_conv2d_shape(step->node);
    fv_batch_share own = fv_batch_share_of(step, s.n, thread, nthreads);
    fv_simd_pick()->conv_backward_data(&s, own.begin, own.end, step->in[0], step->in[1], step->out[0], own.scratch);
}

static void run_batch_weights(const fv_step *step, int thread, int nthreads) {
    fv_conv_shape s = fv_conv2d_shape(step->node);
    fv_batch_share own = fv_batch_share_of(step, s.n, thread, nthreads);
    float *dw = fv_batch_part(step, 0, thread, nthreads);
    float *db = args_of(step->node)->has_bias ? fv_batch_part(step, 1, thread, nthreads) : NULL;
    fv_simd_pick()->conv_backward_weights(&s, own.begin, own.end, step->in[0], step->in[1], dw, db, own.scratch);
}

/* ---- Kernels: oneDNN ----------------------------------------------------------------------------------------------- */

/* Depthwise convolutions are bound by memory; otherwise the channels of both sides fill the vectors. */
static double cost_blocked(const fv_node *node, int threads) {
    fv_conv_shape s = fv_conv2d_shape(node);
    if (s.groups == s.ic && s.groups == s.oc) return fv_cost_traffic_solo(node, threads);
    int ic = s.ic / s.groups, oc = s.oc / s.groups, block = fv_block();
    if (ic < block || (s.groups > 1 && (ic % block || oc % block))) return FV_NEVER;
    return fv_cost_dnn(macs(node), ic < oc ? ic : oc, threads);
}

/* A first layer: plain images of few channels. */
static double cost_first(const fv_node *node, int threads) {
    fv_conv_shape s = fv_conv2d_shape(node);
    return s.ic < fv_block() && s.groups == 1 ? fv_cost_dnn(macs(node), s.oc, threads) : FV_NEVER;
}

/* By way of a matrix of windows: half as fast where a group has many outputs, a quarter where it has few, and hopeless for
 * depthwise. */
static double cost_plain(const fv_node *node, int threads) {
    fv_conv_shape s = fv_conv2d_shape(node);
    int oc = s.oc / s.groups;
    return fv_cost_dnn((oc < 64 ? 4 : 2) * macs(node), oc, threads);
}

static fv_dnn_post post_of(const fv_conv2d_node_args *args) {
    fv_dnn_post post = fv_activation_post((fv_activation)args->activation, args->slope);
    post.add = args->has_skip;
    return post;
}

static fv_dnn_conv dnn_conv(const fv_step *step) {
    const fv_kernel *kernel = step->kernel;
    bool backward = step->node->forward != NULL;
    return (fv_dnn_conv){
        .shape = fv_conv2d_shape(step->node),
        .src = backward ? kernel->out : kernel->in,
        .dst = backward ? kernel->in : kernel->out,
        .block = fv_block(),
        .bias = args_of(step->node)->has_bias,
        .post = post_of(step->node->args),
    };
}

/* Where a convolution in bf16 reads images, which are f32: behind oneDNN's scratch there is room for them in bf16. */
static bool reads_images(const fv_step *step) {
    fv_dnn_conv what = dnn_conv(step);
    return what.src == FV_PLAIN && what.dst == FV_BLOCKED_BF16;
}

static size_t images_of(const fv_step *step) {
    fv_conv_shape s = fv_conv2d_shape(step->node);
    return (size_t)s.n * (size_t)s.ic * (size_t)s.ih * (size_t)s.iw;
}

static void plan_images(fv_step *step) {
    if (!reads_images(step) || step->refused) return;
    step->scratch_bytes = (step->scratch_bytes + 63) / 64 * 64 + (images_of(step) * sizeof(uint16_t) + 63) / 64 * 64;
}

/* Input 0 of a step that plan_images has seen. */
static const void *images(const fv_step *step) {
    if (!reads_images(step)) return step->in[0];
    size_t count = images_of(step), bytes = (count * sizeof(uint16_t) + 63) / 64 * 64;
    uint16_t *narrow = (uint16_t *)step->scratch + (step->scratch_bytes - bytes) / sizeof(uint16_t);
    fv_simd_pick()->narrow(count, step->in[0], narrow);
    return narrow;
}

static fv_status plan_dnn(fv_step *step) {
    fv_dnn_conv what = dnn_conv(step);
    fv_prim *prim = NULL;
    step->refused = what.post.add && what.src != what.dst; /* the skip comes as x does, and is needed as y is */
    if (step->refused) return FV_OK;
    FV_TRY(fv_dnn_conv_new(&what, fv_dnn_forward_pass(step), NULL, &prim));
    fv_dnn_settle(step, prim, &step->in_layout[1]);
    plan_images(step);
    if (args_of(step->node)->has_skip) step->overwrites = step->node->n_in;
    return FV_OK;
}

static fv_status plan_dnn_data(fv_step *step) {
    fv_dnn_conv what = dnn_conv(step);
    fv_prim *prim = NULL;
    FV_TRY(fv_dnn_conv_new(&what, FV_DNN_BACKWARD, fv_dnn_forward(step), &prim));
    fv_dnn_settle(step, prim, &step->in_layout[1]);
    return FV_OK;
}

/* The gradient lies as the forward pass wants the weight, if oneDNN is fast that way: then the update reorders nothing. */
static fv_status plan_dnn_weights(fv_step *step) {
    fv_dnn_conv what = dnn_conv(step);
    const fv_prim *forward = fv_dnn_forward(step);
    fv_prim *prim = NULL;
    if (forward)
        what.weights = fv_layout_precision(what.dst) == FV_BF16 ? fv_prim_master(forward) : fv_prim_weights(forward);
    FV_TRY(fv_dnn_conv_new(&what, FV_DNN_BACKWARD_WEIGHTS, forward, &prim));
    if (!prim && forward) {
        what.weights = NULL;
        FV_TRY(fv_dnn_conv_new(&what, FV_DNN_BACKWARD_WEIGHTS, forward, &prim));
    }
    fv_dnn_settle(step, prim, &step->out_layout[0]);
    plan_images(step);
    return FV_OK;
}

static void run_dnn(const fv_step *step, int thread, int nthreads) {
    (void)thread, (void)nthreads;
    const fv_conv2d_node_args *args = step->node->args;
    const void *skip = args->has_skip ? step->in[step->node->n_in - 1] : NULL;
    if (skip && skip != step->out[0]) memcpy(step->out[0], skip, step->out_bytes[0]);
    fv_dnn_run(step, &(fv_prim_args){.src = images(step),
                                     .weights = step->in[1],
                                     .bias = args->has_bias ? step->in[2] : NULL,
                                     .dst = step->out[0]});
}

static void run_dnn_data(const fv_step *step, int thread, int nthreads) {
    (void)thread, (void)nthreads;
    fv_dnn_run(step, &(fv_prim_args){.diff_dst = step->in[0], .weights = step->in[1], .diff_src = step->out[0]});
}

static void run_dnn_weights(const fv_step *step, int thread, int nthreads) {
    (void)thread, (void)nthreads;
    fv_dnn_run(step, &(fv_prim_args){.src = images(step),
                                     .diff_dst = step->in[1],
                                     .diff_weights = step->out[0],
                                     .diff_bias = step->out[1]});
}

static const fv_kernel kernels[] = {
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, cost_batch, plan_batch, run_batch},
    {"dnn", FV_BLOCKED, FV_BLOCKED, FV_SOLO, cost_blocked, plan_dnn, run_dnn},
    {"dnn", FV_BLOCKED_BF16, FV_BLOCKED_BF16, FV_SOLO, cost_blocked, plan_dnn, run_dnn},
    {"simd", FV_BLOCKED, FV_BLOCKED, 0, fv_depthwise_cost, fv_depthwise_plan, fv_depthwise_run},
    {"winograd", FV_BLOCKED, FV_BLOCKED, 0, fv_winograd_cost, fv_winograd_plan, fv_winograd_run},
    {"dnn", FV_PLAIN, FV_BLOCKED, FV_SOLO, cost_first, plan_dnn, run_dnn},
    {"dnn", FV_PLAIN, FV_BLOCKED_BF16, FV_SOLO, cost_first, plan_dnn, run_dnn},
    {"dnn", FV_PLAIN, FV_PLAIN, FV_SOLO, cost_plain, plan_dnn, run_dnn},
};

static const fv_kernel data_kernels[] = {
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, cost_batch, plan_batch, run_batch_data},
    {"dnn", FV_BLOCKED, FV_BLOCKED, FV_SOLO, cost_blocked, plan_dnn_data, run_dnn_data},
    {"dnn", FV_BLOCKED_BF16, FV_BLOCKED_BF16, FV_SOLO, cost_blocked, plan_dnn_data, run_dnn_data},
    {"simd", FV_BLOCKED, FV_BLOCKED, 0, fv_depthwise_cost, fv_depthwise_plan, fv_depthwise_run_data},
    {"winograd", FV_BLOCKED, FV_BLOCKED, 0, fv_winograd_cost, fv_winograd_plan, fv_winograd_run_data},
    {"dnn", FV_PLAIN, FV_PLAIN, FV_SOLO, cost_plain, plan_dnn_data, run_dnn_data},
};

static const fv_kernel weights_kernels[] = {
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, cost_batch, plan_batch_weights, run_batch_weights},
    {"dnn", FV_BLOCKED, FV_BLOCKED, FV_SOLO, cost_blocked, plan_dnn_weights, run_dnn_weights},
    {"dnn", FV_BLOCKED_BF16, FV_BLOCKED_BF16, FV_SOLO, cost_blocked, plan_dnn_weights, run_dnn_weights},
    {"simd", FV_BLOCKED, FV_BLOCKED, 0, fv_depthwise_cost, fv_depthwise_plan, fv_depthwise_run_weights},
    {"winograd", FV_BLOCKED, FV_BLOCKED, 0, fv_winograd_cost, fv_winograd_plan_weights, fv_winograd_run_weights},
    {"dnn", FV_BLOCKED, FV_PLAIN, FV_SOLO, cost_first, plan_dnn_weights, run_dnn_weights},
    {"dnn", FV_BLOCKED_BF16, FV_PLAIN, FV_SOLO, cost_first, plan_dnn_weights, run_dnn_weights},
    {"dnn", FV_PLAIN, FV_PLAIN, FV_SOLO, cost_plain, plan_dnn_weights, run_dnn_weights},
};

/* ---- Definition ---------------------------------------------------------------------------------------------------- */

/* Calls visit for each triple of an element of x, of w and of y that the sum joins. */
static void each_product(const fv_conv_shape *s, double *x, double *w, double *y,
                         void (*visit)(double *x, double *w, double *y)) {
    int ic = s->ic / s->groups, oc = s->oc / s->groups;
    for (int n = 0; n < s->n; n++)
        for (int o = 0; o < s->oc; o++)
            for (int p = 0; p < s->oh; p++)
                for (int q = 0; q < s->ow; q++, y++) {
                    double *weight = w + (size_t)o * ic * s->kernel[0] * s->kernel[1];
                    for (int c = o / oc * ic; c < (o / oc + 1) * ic; c++)
                        for (int i = 0; i < s->kernel[0]; i++)
                            for (int j = 0; j < s->kernel[1]; j++, weight++) {
                                int row = p * s->stride[0] + i * s->dilation[0] - s->pad[0];
                                int col = q * s->stride[1] + j * s->dilation[1] - s->pad[1];
                                if (row < 0 || row >= s->ih || col < 0 || col >= s->iw) continue;
                                visit(x + (((size_t)n * s->ic + c) * s->ih + row) * s->iw + col, weight, y);
                            }
                }
}

static void to_y(double *x, double *w, double *y) { *y += *x * *w; }
static void to_x(double *x, double *w, double *y) { *x += *y * *w; }
static void to_w(double *x, double *w, double *y) { *w += *x * *y; }

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    const fv_conv2d_node_args *args = node->args;
    fv_conv_shape s = fv_conv2d_shape(node);
    size_t plane = (size_t)s.oh * s.ow, count = (size_t)s.n * s.oc * plane;
    for (size_t i = 0; i < count; i++)
        out[0][i] = (args->has_bias ? in[2][i / plane % s.oc] : 0) + (args->has_skip ? in[node->n_in - 1][i] : 0);
    each_product(&s, (double *)in[0], (double *)in[1], out[0], to_y);
    fv_activation f = (fv_activation)args->activation;
    for (size_t i = 0; i < count; i++) out[0][i] = fv_activate_ref(f, args->slope, out[0][i]);
}

static void ref_data(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    fv_conv_shape s = fv_conv2d_shape(node);
    memset(out[0], 0, fv_shape_count(&node->out[0].shape) * sizeof(double));
    each_product(&s, out[0], (double *)in[1], (double *)in[0], to_x);
}

static void ref_weights(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    fv_conv_shape s = fv_conv2d_shape(node);
    memset(out[0], 0, fv_shape_count(&node->out[0].shape) * sizeof(double));
    each_product(&s, (double *)in[0], out[0], (double *)in[1], to_w);
    if (!args_of(node)->has_bias) return;
    memset(out[1], 0, (size_t)s.oc * sizeof(double));
    size_t plane = (size_t)s.oh * s.ow;
    for (size_t i = 0; i < (size_t)s.n * s.oc * plane; i++) out[1][i / plane % s.oc] += in[1][i];
}

/* ---- The operators ------------------------------------------------------------------------------------------------- */

const fv_op fv_conv2d_op = {
    .name = "conv2d",
    .onnx = "Conv",
    .args = arg_table,
    .n_args = FV_COUNT(arg_table),
    .args_size = sizeof(fv_conv2d_node_args),
    .min_in = 2,
    .max_in = 4,
    .n_out = 1,
    .parameter_in = 1 << 1 | 1 << 2,
    .infer = infer,
    .grad = grad,
    .macs = macs,
    .least_macs = least_macs,
    .ref = ref,
    .kernels = kernels,
    .n_kernels = FV_COUNT(kernels),
    .variant = fv_winograd_variant,
};

const fv_op fv_conv2d_backward_data_op = {
    .name = "conv2d_backward_data",
    .args_size = sizeof(fv_conv2d_node_args),
    .min_in = 2, /* dy, w */
    .max_in = 2,
    .n_out = 1,
    .infer = infer_data,
    .macs = macs,
    .least_macs = least_macs,
    .ref = ref_data,
    .kernels = data_kernels,
    .n_kernels = FV_COUNT(data_kernels),
    .variant = fv_winograd_variant,
};

const fv_op fv_conv2d_backward_weights_op = {
    .name = "conv2d_backward_weights",
    .args_size = sizeof(fv_conv2d_node_args),
    .min_in = 2, /* x, dy */
    .max_in = 2,
    .n_out = 2,
    .weight_out = 3,
    .infer = infer_weights,
    .macs = macs,
    .least_macs = least_macs,
    .ref = ref_weights,
    .kernels = weights_kernels,
    .n_kernels = FV_COUNT(weights_kernels),
    .variant = fv_winograd_variant,
};

/* ---- In a network -------------------------------------------------------------------------------------------------- */

static fv_parameter weight_facts(const fv_conv2d_node_args *args, int in_channels, int out_channels, fv_init init) {
    const int *kernel = args->window.kernel;
    return (fv_parameter){
        .shape = FV_SHAPE(out_channels, in_channels / args->groups, kernel[0], kernel[1]),
        .init = init.kind ? init : (fv_init){.kind = FV_INIT_KAIMING_NORMAL},
        .fan_in = in_channels / args->groups * kernel[0] * kernel[1],
        .fan_out = out_channels * kernel[0] * kernel[1],
    };
}

fv_value *fv_conv2d_with(fv_value *x, const char *name, int out_channels, int kernel, const fv_conv2d_args *args) {
    if (!x) return NULL;
    fv_window_sugar sugar = {
        .kernel = kernel,
        .stride = args->stride,
        .pad = args->pad,
        .dilation = args->dilation,
        .kernels = args->kernels,
        .strides = args->strides,
        .pads = args->pads,
        .dilations = args->dilations,
    };
    fv_conv2d_node_args facts = {
        .window = fv_window_from(&sugar), .groups = args->groups ? args->groups : 1, .has_bias = !args->no_bias};
    fv_graph *graph = x->node->graph;
    fv_node *draft = fv_node_draft(graph, &fv_conv2d_op, name, &facts, &x, 1);
    int size[2];
    if (!draft || check_channels(draft, out_channels) ||
        fv_window_output(draft, &facts.window, &x->shape.dim[2], false, size))
        return NULL;
    fv_parameter weight = weight_facts(&facts, x->shape.dim[1], out_channels, args->init);
    fv_parameter bias = {.shape = FV_SHAPE(out_channels), .init.kind = FV_INIT_ZERO, .no_decay = true};
    fv_value *in[3] = {x, fv_parameter_new(graph, name, "weight", &weight)};
    if (facts.has_bias) in[2] = fv_parameter_new(graph, name, "bias", &bias);
    return fv_node_new(graph, &fv_conv2d_op, name, &facts, in, 2 + facts.has_bias);
}
