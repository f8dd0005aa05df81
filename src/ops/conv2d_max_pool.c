/* A convolution and the 2x2 max pool of stride 2 behind it, as one: what passes make of the pair in networks of few channels.
 * The full map never reaches memory, and the backward pass visits only the winners, a quarter of it.
 *
 *     y[n,o,p,q] = max over i,j in {0,1} of conv[n,o,2p+i,2q+j]        conv as in conv2d.c, groups 1; an odd last row or
 *                                                                       column of it is dropped
 *     x [N,C,H,W]   w [O,C,KH,KW]   b [O] if has_bias   y [N,O,OH/2,OW/2]
 *
 * Output 1 is the winners, opaque: 2i+j, the first maximum in row-major order; NaN beats all, the last one. With dy at the
 * winners' places and zero elsewhere, dx, dw and db are those of the convolution. */
#include "ops/batch_step.h"
#include "ops/conv2d.h"
#include "ops/cost.h"
#include "ops/fused.h"
#include "ops/rooms.h"
#include "ops/window.h"

#include <math.h>
#include <string.h>

static const fv_arg arg_table[] = {
    FV_WINDOW_ROWS(fv_conv2d_node_args),
    FV_ARG_ROW(FV_ARG_BOOL, fv_conv2d_node_args, has_bias, NULL, 1, 0, 1, 1, "whether a bias is added"),
};

/* ---- Shapes -------------------------------------------------------------------------------------------------------- */

static const fv_node *forward_of(const fv_node *node) { return node->forward ? node->forward : node; }

/* The convolution's shape: its full map. */
static fv_status full_shape(const fv_node *node, fv_conv_shape *shape) {
    const fv_conv2d_node_args *args = node->args;
    const int *x = forward_of(node)->in[0]->shape.dim, *w = forward_of(node)->in[1]->shape.dim;
    int size[2];
    FV_TRY(fv_window_output(node, &args->window, &x[2], false, size));
    *shape = (fv_conv_shape){
        .n = x[0], .ic = x[1], .ih = x[2], .iw = x[3], .oc = w[0], .oh = size[0], .ow = size[1], .groups = 1};
    memcpy(shape->kernel, args->window.kernel, sizeof shape->kernel);
    memcpy(shape->stride, args->window.stride, sizeof shape->stride);
    memcpy(shape->dilation, args->window.dilation, sizeof shape->dilation);
    memcpy(shape->pad, args->window.pad, sizeof shape->pad);
    return FV_OK;
}

/* The same for nodes that infer() has accepted. */
static fv_conv_shape shape_of(const fv_node *node) {
    fv_conv_shape shape = {0};
    (void)full_shape(node, &shape);
    return shape;
}

static fv_status infer(const fv_node *node, fv_shape out[]) {
    const fv_conv2d_node_args *args = node->args;
    fv_conv_shape s;
    char text[64];
    if (node->n_in != 2 + args->has_bias)
        return fv_fail_node(FV_BAD_ARGUMENT, node, "%d inputs, takes %d", node->n_in, 2 + args->has_bias);
    if (node->in[0]->shape.rank != 4 || node->in[1]->shape.rank != 4 ||
        node->in[0]->shape.dim[1] != node->in[1]->shape.dim[1])
        return fv_fail_node(FV_BAD_ARGUMENT, node, "a weight of another number of channels than the input %s",
                            fv_shape_text(&node->in[0]->shape, true, text));
    FV_TRY(full_shape(node, &s));
    if (s.oh < 2 || s.ow < 2) return fv_fail_node(FV_BAD_ARGUMENT, node, "a map of %dx%d: nothing to pool", s.oh, s.ow);
    out[0] = out[1] = FV_SHAPE(s.n, s.oc, s.oh / 2, s.ow / 2);
    return FV_OK;
}

static fv_status infer_data(const fv_node *node, fv_shape out[]) {
    out[0] = node->forward->in[0]->shape;
    return FV_OK;
}

static fv_status infer_weights(const fv_node *node, fv_shape out[]) {
    out[0] = node->forward->in[1]->shape;
    if (((const fv_conv2d_node_args *)node->args)->has_bias) out[1] = node->forward->in[2]->shape;
    return FV_OK;
}

static size_t macs(const fv_node *node) {
    fv_conv_shape s = shape_of(node);
    return (size_t)s.n * (size_t)s.oc * (size_t)s.oh * (size_t)s.ow * (size_t)s.ic * (size_t)s.kernel[0] *
           (size_t)s.kernel[1];
}

static size_t least_macs(const fv_node *node) {
    fv_conv_shape s = shape_of(node);
    return fv_winograd_least(&s, macs(node));
}

/* Of the winners alone. */
static size_t least_macs_backward(const fv_node *node) {
    fv_conv_shape s = shape_of(node);
    return macs(node) / ((size_t)s.oh * (size_t)s.ow) * ((size_t)(s.oh / 2) * (size_t)(s.ow / 2));
}

/* ---- Gradient ------------------------------------------------------------------------------------------------------ */

static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    fv_value *x = node->in[0], *w = node->in[1], *winners = &node->out[1];
    if (x->needs_grad) {
        dx[0] = fv_node_backward(node, &fv_conv2d_max_pool_backward_data_op, (fv_value *[]){dy[0], winners, w}, 3);
        if (!dx[0]) return fv_last_status();
    }
    bool bias = node->n_in > 2 && node->in[2]->needs_grad;
    if (!w->needs_grad && !bias) return FV_OK;
    fv_value *dw =
        fv_node_backward(node, &fv_conv2d_max_pool_backward_weights_op, (fv_value *[]){x, dy[0], winners}, 3);
    if (!dw) return fv_last_status();
    if (w->needs_grad) dx[1] = dw;
    if (bias) dx[2] = &dw->node->out[1];
    return FV_OK;
}

/* ---- Kernels ------------------------------------------------------------------------------------------------------- */

static double cost(const fv_node *node, int threads) { return fv_cost_batch(macs(node), shape_of(node).n, threads); }

static fv_status plan(fv_step *step) {
    fv_conv_shape s = shape_of(step->node);
    step->refused = !fv_simd_pick()->conv_supported(&s);
    if (!step->refused) step->own_scratch_bytes = fv_simd_pick()->conv_pool_scratch(&s);
    return FV_OK;
}

static fv_status plan_forward(fv_step *step) {
    step->out_bytes[1] = fv_layout_count(&step->node->out[0].shape, FV_BATCH) * sizeof(uint16_t);
    return plan(step);
}

static fv_status plan_weights(fv_step *step) {
    fv_batch_parts(step);
    return plan(step);
}

static void run(const fv_step *step, int thread, int nthreads) {
    fv_conv_shape s = shape_of(step->node);
    fv_batch_share own = fv_batch_share_of(step, s.n, thread, nthreads);
    const float *bias = step->node->n_in > 2 ? step->in[2] : NULL;
    fv_simd_pick()->conv_pool_forward(&s, own.begin, own.end, step->in[0], step->in[1], bias, step->out[0],
                                      step->out[1], own.scratch);
}

static void run_data(const fv_step *step, int thread, int nthreads) {
    fv_conv_shape s = shape_of(step->node);
    fv_batch_share own = fv_batch_share_of(step, s.n, thread, nthreads);
    fv_simd_pick()->conv_pool_backward_data(&s, own.begin, own.end, step->in[0], step->in[1], step->in[2], step->out[0],
                                            own.scratch);
}

static void run_weights(const fv_step *step, int thread, int nthreads) {
    fv_conv_shape s = shape_of(step->node);
    fv_batch_share own = fv_batch_share_of(step, s.n, thread, nthreads);
    float *dw = fv_batch_part(step, 0, thread, nthreads);
    float *db = step->node->forward->n_in > 2 ? fv_batch_part(step, 1, thread, nthreads) : NULL;
    fv_simd_pick()->conv_pool_backward_weights(&s, own.begin, own.end, step->in[0], step->in[1], step->in[2], dw, db,
                                               own.scratch);
}

static const fv_kernel kernels[] = {{"batch", FV_BATCH, FV_BATCH, FV_LOCAL, cost, plan_forward, run}};
static const fv_kernel data_kernels[] = {{"batch", FV_BATCH, FV_BATCH, FV_LOCAL, cost, plan, run_data}};
static const fv_kernel weights_kernels[] = {{"batch", FV_BATCH, FV_BATCH, FV_LOCAL, cost, plan_weights, run_weights}};

/* ---- Definition ---------------------------------------------------------------------------------------------------- */

/* Calls visit for each pair of an element of x and one of w that output (n,o,p,q) of the convolution sums over. */
static void each_pair(const fv_conv_shape *s, int n, int o, int p, int q, double *x, double *w, double *y,
                      void (*visit)(double *x, double *w, double *y)) {
    w += (size_t)o * (size_t)s->ic * (size_t)s->kernel[0] * (size_t)s->kernel[1];
    for (int c = 0; c < s->ic; c++)
        for (int i = 0; i < s->kernel[0]; i++)
            for (int j = 0; j < s->kernel[1]; j++, w++) {
                int row = p * s->stride[0] + i * s->dilation[0] - s->pad[0];
                int col = q * s->stride[1] + j * s->dilation[1] - s->pad[1];
                if (row < 0 || row >= s->ih || col < 0 || col >= s->iw) continue;
                visit(x + (((size_t)n * (size_t)s->ic + (size_t)c) * (size_t)s->ih + (size_t)row) * (size_t)s->iw +
                          (size_t)col,
                      w, y);
            }
}

static void to_y(double *x, double *w, double *y) { *y += *x * *w; }
static void to_x(double *x, double *w, double *y) { *x += *y * *w; }
static void to_w(double *x, double *w, double *y) { *w += *x * *y; }

/* The largest of a window's four sums, and which it is. */
static double largest(const fv_conv_shape *s, int n, int o, int p, int q, double bias, double *x, double *w,
                      double *winner) {
    double best = -INFINITY;
    *winner = 0;
    for (int tap = 0; tap < 4; tap++) {
        double sum = bias;
        each_pair(s, n, o, 2 * p + tap / 2, 2 * q + tap % 2, x, w, &sum, to_y);
        if (!(sum > best || sum != sum)) continue;
        best = sum;
        *winner = tap;
    }
    return best;
}

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    fv_conv_shape s = shape_of(node);
    size_t at = 0;
    for (int n = 0; n < s.n; n++)
        for (int o = 0; o < s.oc; o++)
            for (int p = 0; p < s.oh / 2; p++)
                for (int q = 0; q < s.ow / 2; q++, at++)
                    out[0][at] = largest(&s, n, o, p, q, node->n_in > 2 ? in[2][o] : 0, (double *)in[0],
                                         (double *)in[1], &out[1][at]);
}

/* Calls visit as each_pair does, for the winners of all windows, with y their gradients. */
static void each_winner(const fv_conv_shape *s, double *x, double *w, double *dy, const double *winners,
                        void (*visit)(double *x, double *w, double *y)) {
    for (int n = 0; n < s->n; n++)
        for (int o = 0; o < s->oc; o++)
            for (int p = 0; p < s->oh / 2; p++)
                for (int q = 0; q < s->ow / 2; q++, dy++, winners++) {
                    int tap = (int)*winners;
                    each_pair(s, n, o, 2 * p + tap / 2, 2 * q + tap % 2, x, w, dy, visit);
                }
}

static void ref_data(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    fv_conv_shape s = shape_of(node);
    memset(out[0], 0, fv_shape_count(&node->out[0].shape) * sizeof(double));
    each_winner(&s, out[0], (double *)in[2], (double *)in[0], in[1], to_x);
}

static void ref_weights(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    fv_conv_shape s = shape_of(node);
    memset(out[0], 0, fv_shape_count(&node->out[0].shape) * sizeof(double));
    each_winner(&s, (double *)in[0], out[0], (double *)in[1], in[2], to_w);
    if (node->forward->n_in <= 2) return;
    size_t plane = (size_t)(s.oh / 2) * (size_t)(s.ow / 2), channels = (size_t)s.oc;
    memset(out[1], 0, channels * sizeof(double));
    for (size_t i = 0; i < (size_t)s.n * channels * plane; i++) out[1][i / plane % channels] += in[1][i];
}

/* ---- The operators ------------------------------------------------------------------------------------------------- */

#define SHARED .args = arg_table, .n_args = FV_COUNT(arg_table), .args_size = sizeof(fv_conv2d_node_args), .macs = macs

const fv_op fv_conv2d_max_pool_op = {
    .name = "conv2d_max_pool",
    SHARED,
    .min_in = 2,
    .max_in = 3,
    .n_out = 2,
    .opaque_out = 1 << 1,
    .infer = infer,
    .grad = grad,
    .least_macs = least_macs,
    .ref = ref,
    .kernels = kernels,
    .n_kernels = FV_COUNT(kernels),
};

const fv_op fv_conv2d_max_pool_backward_data_op = {
    .name = "conv2d_max_pool_backward_data",
    SHARED,
    .min_in = 3,
    .max_in = 3,
    .n_out = 1,
    .infer = infer_data,
    .least_macs = least_macs_backward,
    .ref = ref_data,
    .kernels = data_kernels,
    .n_kernels = FV_COUNT(data_kernels),
};

const fv_op fv_conv2d_max_pool_backward_weights_op = {
    .name = "conv2d_max_pool_backward_weights",
    SHARED,
    .min_in = 3,
    .max_in = 3,
    .n_out = 2,
    .weight_out = 3,
    .infer = infer_weights,
    .least_macs = least_macs_backward,
    .ref = ref_weights,
    .kernels = weights_kernels,
    .n_kernels = FV_COUNT(weights_kernels),
};
