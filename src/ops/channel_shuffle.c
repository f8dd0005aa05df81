/* Channel shuffle (Zhang et al. 2018), which lets the groups of a grouped convolution mix:
 *
 *     y[:, k groups + g] = x[:, g C/groups + k]          x and y [N,C,H,W] or [N,C], 0 <= g < groups, 0 <= k < C/groups
 *
 * that is, channels as a matrix [groups, C/groups], transposed. Its gradient is the transposition back, a shuffle with C/groups
 * groups. */
#include "ops/channels.h"
#include "ops/rooms.h"

typedef struct shuffle {
    int groups;
} shuffle;

static const fv_arg arg_table[] = {
    FV_ARG_ROW(FV_ARG_INT, shuffle, groups, NULL, 1, 1, FV_MAX_DIM, 1, "groups of channels that are mixed"),
};

static int groups_of(const fv_node *node) { return ((const shuffle *)node->args)->groups; }

static fv_status infer(const fv_node *node, fv_shape out[]) {
    const fv_shape *x = &node->in[0]->shape;
    char text[64];
    if (x->rank < 2 || x->dim[1] % groups_of(node))
        return fv_fail_node(FV_BAD_ARGUMENT, node, "groups %d do not divide the channels (input %s)", groups_of(node),
                            fv_shape_text(x, true, text));
    out[0] = *x;
    return FV_OK;
}

static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    shuffle back = {dy[0]->shape.dim[1] / groups_of(node)};
    dx[0] = fv_node_new(node->graph, &fv_channel_shuffle_op, NULL, &back, dy, 1);
    if (!dx[0]) return fv_last_status();
    dx[0]->node->forward = node; /* with arguments of its own, unlike other backward nodes */
    dx[0]->node->name = node->name;
    return FV_OK;
}

static fv_channel map(const fv_node *node, int c) {
    int groups = groups_of(node);
    return (fv_channel){0, c % groups * (node->in[0]->shape.dim[1] / groups) + c / groups};
}

static fv_status plan(fv_step *step) { return fv_plan_channels(step, map); }

static const fv_kernel kernels[] = {FV_CHANNELS_KERNELS(plan)};

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    fv_ref_channels(node, map, in, out[0]);
}

const fv_op fv_channel_shuffle_op = {
    .name = "channel_shuffle",
    .onnx = "Reshape Transpose Reshape",
    .args = arg_table,
    .n_args = FV_COUNT(arg_table),
    .args_size = sizeof(shuffle),
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

fv_value *fv_channel_shuffle(fv_value *x, int groups) {
    return fv_node_new(fv_value_graph(x), &fv_channel_shuffle_op, NULL, &(shuffle){groups}, &x, 1);
}
