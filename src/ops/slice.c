/* A slice of channels:
 *
 *     x [N,C,H,W] (or [N,C]), begin, channels  ->  y [N,channels,H,W] = x[:, begin : begin + channels]
 *
 * dx is dy at those channels, and zero at the others. */
#include "ops/channels.h"
#include "ops/fused.h"
#include "ops/rooms.h"

static const fv_arg arg_table[] = {
    FV_ARG_ROW(FV_ARG_INT, fv_slice_node_args, begin, NULL, 1, 0, FV_MAX_DIM, 0, "the first channel taken"),
    FV_ARG_ROW(FV_ARG_INT, fv_slice_node_args, channels, NULL, 1, 1, FV_MAX_DIM, 1, "how many channels are taken"),
};

static fv_status infer(const fv_node *node, fv_shape out[]) {
    const fv_slice_node_args *args = node->args;
    out[0] = node->in[0]->shape;
    if (out[0].rank < 2 || args->begin > out[0].dim[1] - args->channels) {
        char text[64];
        return fv_fail_node(FV_BAD_ARGUMENT, node, "channels %d to %d are not all there (input %s)", args->begin,
                            args->begin + args->channels - 1, fv_shape_text(&out[0], true, text));
    }
    out[0].dim[1] = args->channels;
    return FV_OK;
}

static fv_status infer_backward(const fv_node *node, fv_shape out[]) {
    out[0] = node->forward->in[0]->shape;
    return FV_OK;
}

static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    dx[0] = fv_node_backward(node, &fv_slice_backward_op, dy, 1);
    return dx[0] ? FV_OK : fv_last_status();
}

static fv_channel map(const fv_node *node, int c) {
    return (fv_channel){0, ((const fv_slice_node_args *)node->args)->begin + c};
}

static fv_channel map_backward(const fv_node *node, int c) {
    const fv_slice_node_args *args = node->args;
    bool taken = c >= args->begin && c < args->begin + args->channels;
    return taken ? (fv_channel){0, c - args->begin} : (fv_channel){-1, 0};
}

static fv_status plan(fv_step *step) { return fv_plan_channels(step, map); }
static fv_status plan_backward(fv_step *step) { return fv_plan_channels(step, map_backward); }

static const fv_kernel kernels[] = {FV_CHANNELS_KERNELS(plan)};
static const fv_kernel backward_kernels[] = {FV_CHANNELS_KERNELS(plan_backward)};

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    fv_ref_channels(node, map, in, out[0]);
}

static void ref_backward(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    fv_ref_channels(node, map_backward, in, out[0]);
}

const fv_op fv_slice_op = {
    .name = "slice",
    .onnx = "Slice",
    .args = arg_table,
    .n_args = FV_COUNT(arg_table),
    .args_size = sizeof(fv_slice_node_args),
    .min_in = 1,
    .max_in = 1,
    .n_out = 1,
    .infer = infer,
    .grad = grad,
    .again = fv_node_again,
    .ref = ref,
    .kernels = kernels,
    .n_kernels = FV_COUNT(kernels),
};

const fv_op fv_slice_backward_op = {
    .name = "slice_backward",
    .args_size = sizeof(fv_slice_node_args),
    .min_in = 1, /* dy */
    .max_in = 1,
    .n_out = 1,
    .infer = infer_backward,
    .ref = ref_backward,
    .kernels = backward_kernels,
    .n_kernels = FV_COUNT(backward_kernels),
};

fv_value *fv_slice(fv_value *x, int begin, int channels) {
    return fv_node_new(fv_value_graph(x), &fv_slice_op, NULL, &(fv_slice_node_args){begin, channels}, &x, 1);
}
