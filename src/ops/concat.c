/* Concatenation along channels:
 *
 *     x_i [N,C_i,H,W] for each i (or [N,C_i])  ->  y [N, sum of C_i, H,W], in order
 *
 * The gradient for x_i is the slice of dy that x_i filled: one node an input. */
#include "ops/channels.h"
#include "ops/fused.h"
#include "ops/rooms.h"

#include <string.h>

static fv_status infer(const fv_node *node, fv_shape out[]) {
    fv_shape y = node->in[0]->shape;
    char first[64], other[64];
    if (y.rank < 2)
        return fv_fail_node(FV_BAD_ARGUMENT, node, "takes values [N,C,H,W] or [N,F] (input %s)",
                            fv_shape_text(&y, true, first));
    for (int i = 1; i < node->n_in; i++) {
        fv_shape x = node->in[i]->shape;
        if (x.rank != y.rank || x.dim[0] != y.dim[0] || memcmp(&x.dim[2], &y.dim[2], sizeof(int[2])) != 0)
            return fv_fail_node(FV_BAD_ARGUMENT, node, "input 1 is %s, input %d is %s: only channels may differ",
                                fv_shape_text(&node->in[0]->shape, true, first), i + 1, fv_shape_text(&x, true, other));
        if (x.dim[1] > FV_MAX_DIM - y.dim[1])
            return fv_fail_node(FV_BAD_ARGUMENT, node, "more than %d channels together", FV_MAX_DIM);
        y.dim[1] += x.dim[1];
    }
    out[0] = y;
    return FV_OK;
}

static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    fv_slice_node_args part = {0};
    for (int i = 0; i < node->n_in; i++, part.begin += part.channels) {
        part.channels = node->in[i]->shape.dim[1];
        if (!node->in[i]->needs_grad) continue;
        dx[i] = fv_node_new(node->graph, &fv_slice_op, NULL, &part, dy, 1);
        if (!dx[i]) return fv_last_status();
        dx[i]->node->forward = node; /* with arguments of its own, unlike other backward nodes */
        dx[i]->node->name = node->name;
    }
    return FV_OK;
}

static fv_channel map(const fv_node *node, int c) {
    int i = 0;
    for (; c >= node->in[i]->shape.dim[1]; i++) c -= node->in[i]->shape.dim[1];
    return (fv_channel){i, c};
}

static fv_status plan(fv_step *step) { return fv_plan_channels(step, map); }

static const fv_kernel kernels[] = {FV_CHANNELS_KERNELS(plan)};

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    fv_ref_channels(node, map, in, out[0]);
}

const fv_op fv_concat_op = {
    .name = "concat",
    .onnx = "Concat",
    .min_in = 1,
    .max_in = FV_MAX_IN,
    .n_out = 1,
    .infer = infer,
    .grad = grad,
    .again = fv_node_again,
    .ref = ref,
    .kernels = kernels,
    .n_kernels = FV_COUNT(kernels),
};

fv_value *fv_concat(fv_value *const values[], int count) {
    if (count < 1 || count > FV_MAX_IN) {
        fv_fail(FV_BAD_ARGUMENT, "concat: %d values: must be from 1 to %d", count, FV_MAX_IN);
        return NULL;
    }
    return values[0] ? fv_node_new(values[0]->node->graph, &fv_concat_op, NULL, NULL, values, count) : NULL;
}
