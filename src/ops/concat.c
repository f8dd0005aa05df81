/* Concatenation along channels, and slicing, which undoes it:
 *
 *     concat: x_i [N,C_i,H,W] for each i (or [N,C_i])  ->  y [N, sum of C_i, H,W], in order
 *     slice:  x [N,C,H,W], begin, channels             ->  y [N,channels,H,W] = x[:, begin : begin + channels]
 *
 * The gradient of concat for x_i is the slice of dy that x_i filled: one node an input, whose forward node is the concat. */
#include "ops/kernel.h"
#include "ops/rooms.h"

#include <string.h>

/* ---- Arguments and shapes ------------------------------------------------------------------------------------------ */

typedef struct slice_args {
    int begin, channels;
} slice_args;

static const fv_arg slice_table[] = {
    FV_ARG_ROW(FV_ARG_INT, slice_args, begin, NULL, 1, 0, FV_MAX_DIM, 0, "the first channel taken"),
    FV_ARG_ROW(FV_ARG_INT, slice_args, channels, NULL, 1, 1, FV_MAX_DIM, 1, "how many channels are taken"),
};

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

static fv_status infer_slice(const fv_node *node, fv_shape out[]) {
    const slice_args *args = node->args;
    out[0] = node->in[0]->shape;
    if (out[0].rank < 2 || args->begin > out[0].dim[1] - args->channels) {
        char text[64];
        return fv_fail_node(FV_BAD_ARGUMENT, node, "channels %d to %d are not all there (input %s)", args->begin,
                            args->begin + args->channels - 1, fv_shape_text(&out[0], true, text));
    }
    out[0].dim[1] = args->channels;
    return FV_OK;
}

/* ---- Gradient ------------------------------------------------------------------------------------------------------ */

static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    slice_args part = {0};
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

/* ---- Definition ---------------------------------------------------------------------------------------------------- */

static size_t plane_of(const fv_shape *shape) {
    return shape->rank == 4 ? (size_t)shape->dim[2] * (size_t)shape->dim[3] : 1;
}

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    const fv_shape *y = &node->out[0].shape;
    double *to = out[0];
    for (int n = 0; n < y->dim[0]; n++)
        for (int i = 0; i < node->n_in; i++) {
            size_t count = (size_t)node->in[i]->shape.dim[1] * plane_of(y);
            for (size_t k = 0; k < count; k++) *to++ = in[i][(size_t)n * count + k];
        }
}

static void ref_slice(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    const slice_args *args = node->args;
    const fv_shape *x = &node->in[0]->shape;
    size_t plane = plane_of(x), count = (size_t)args->channels * plane;
    for (size_t n = 0; n < (size_t)x->dim[0]; n++)
        for (size_t k = 0; k < count; k++)
            out[0][n * count + k] = in[0][(n * (size_t)x->dim[1] + (size_t)args->begin) * plane + k];
}

/* ---- The operators ------------------------------------------------------------------------------------------------- */

const fv_op fv_concat_op = {
    .name = "concat",
    .onnx = "Concat",
    .min_in = 1,
    .max_in = FV_MAX_IN,
    .n_out = 1,
    .infer = infer,
    .grad = grad,
    .ref = ref,
};

const fv_op fv_slice_op = {
    .name = "slice",
    .onnx = "Slice",
    .args = slice_table,
    .n_args = FV_COUNT(slice_table),
    .args_size = sizeof(slice_args),
    .min_in = 1,
    .max_in = 1,
    .n_out = 1,
    .infer = infer_slice,
    .ref = ref_slice,
};

/* ---- In a network -------------------------------------------------------------------------------------------------- */

fv_value *fv_concat(fv_value *const values[], int count) {
    if (count < 1 || count > FV_MAX_IN) {
        fv_fail(FV_BAD_ARGUMENT, "concat: %d values: must be from 1 to %d", count, FV_MAX_IN);
        return NULL;
    }
    return values[0] ? fv_node_new(values[0]->node->graph, &fv_concat_op, NULL, NULL, values, count) : NULL;
}
