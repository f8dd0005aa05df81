/* Concatenation along channels, and slicing, which undoes it:
 *
 *     concat: x_i [N,C_i,H,W] for each i (or [N,C_i])  ->  y [N, sum of C_i, H,W], in order
 *     slice:  x [N,C,H,W], begin, channels             ->  y [N,channels,H,W] = x[:, begin : begin + channels]
 *
 * The gradient of concat for x_i is the slice of dy that x_i filled: one node an input, whose forward node is the concat. */
#include "kernels/cpu.h"
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

static size_t plane_of(const fv_shape *shape) {
    return shape->rank == 4 ? (size_t)shape->dim[2] * (size_t)shape->dim[3] : 1;
}

/* ---- Kernels: copies, a thread its own images ------------------------------------------------------------------------ */

/* The channels of one image, or of one group of images in FV_BATCH: `place` is the first float. */
typedef struct channels {
    float *place;
    int begin, count; /* which ones are meant, ... */
    int all;          /* ... of so many */
} channels;

/* Floats of one image, or group, of a tensor. */
static size_t image_floats(const fv_shape *shape, fv_layout_kind kind) {
    int images = kind == FV_BATCH ? fv_groups(shape->dim[0]) : shape->dim[0];
    return fv_layout_count(shape, kind) / (size_t)images;
}

/* Copies channels, lane by lane where they do not start on a block, and leaves lanes beyond the last one of `to` zero. */
static void copy_blocked(channels to, channels from, size_t plane) {
    const int block = fv_block();
    bool aligned = to.begin % block == 0 && from.begin % block == 0;
    int c = aligned ? to.count / block * block : 0;
    memcpy(to.place + (size_t)to.begin / block * block * plane, from.place + (size_t)from.begin / block * block * plane,
           (size_t)c * plane * sizeof(float));
    for (; c < to.count; c++) {
        int t = to.begin + c, f = from.begin + c;
        float *lane = to.place + (size_t)(t / block * block) * plane + t % block;
        const float *source = from.place + (size_t)(f / block * block) * plane + f % block;
        for (size_t i = 0; i < plane; i++) lane[i * (size_t)block] = source[i * (size_t)block];
    }
    for (int t = to.begin + to.count; to.begin + to.count == to.all && t % block; t++)
        for (size_t i = 0; i < plane; i++) to.place[((size_t)(t / block) * plane + i) * block + t % block] = 0;
}

static void copy(fv_layout_kind kind, channels to, channels from, size_t plane) {
    if (kind == FV_BLOCKED) {
        copy_blocked(to, from, plane);
        return;
    }
    if (kind == FV_BATCH) plane *= FV_BATCH_WIDTH;
    memcpy(to.place + (size_t)to.begin * plane, from.place + (size_t)from.begin * plane,
           (size_t)to.count * plane * sizeof(float));
}

static void own_images(const fv_step *step, fv_layout_kind kind, int thread, int nthreads, int *begin, int *end) {
    int images = step->node->out[0].shape.dim[0];
    fv_share(kind == FV_BATCH ? fv_groups(images) : images, thread, nthreads, begin, end);
}

static void run(const fv_step *step, int thread, int nthreads) {
    const fv_node *node = step->node;
    const fv_shape *y = &node->out[0].shape;
    fv_layout_kind kind = step->out_layout[0].kind;
    int begin, end;
    own_images(step, kind, thread, nthreads, &begin, &end);
    for (size_t n = (size_t)begin; n < (size_t)end; n++) {
        channels to = {.place = (float *)step->out[0] + n * image_floats(y, kind), .all = y->dim[1]};
        for (int i = 0; i < node->n_in; i++, to.begin += to.count) {
            const fv_shape *x = &node->in[i]->shape;
            to.count = x->dim[1];
            channels from = {
                .place = (float *)step->in[i] + n * image_floats(x, kind), .count = to.count, .all = to.count};
            copy(kind, to, from, plane_of(y));
        }
    }
}

static void run_slice(const fv_step *step, int thread, int nthreads) {
    const slice_args *args = step->node->args;
    const fv_shape *x = &step->node->in[0]->shape, *y = &step->node->out[0].shape;
    fv_layout_kind kind = step->out_layout[0].kind;
    int begin, end;
    own_images(step, kind, thread, nthreads, &begin, &end);
    for (size_t n = (size_t)begin; n < (size_t)end; n++) {
        channels to = {(float *)step->out[0] + n * image_floats(y, kind), 0, args->channels, args->channels};
        channels from = {(float *)step->in[0] + n * image_floats(x, kind), args->begin, args->channels, x->dim[1]};
        copy(kind, to, from, plane_of(y));
    }
}

static const fv_kernel kernels[] = {
    {"copy", FV_BATCH, FV_BATCH, FV_LOCAL, NULL, NULL, run},
    {"copy", FV_BLOCKED, FV_BLOCKED, FV_LOCAL, NULL, NULL, run},
    {"copy", FV_PLAIN, FV_PLAIN, FV_LOCAL, NULL, NULL, run},
};

static const fv_kernel slice_kernels[] = {
    {"copy", FV_BATCH, FV_BATCH, FV_LOCAL, NULL, NULL, run_slice},
    {"copy", FV_BLOCKED, FV_BLOCKED, FV_LOCAL, NULL, NULL, run_slice},
    {"copy", FV_PLAIN, FV_PLAIN, FV_LOCAL, NULL, NULL, run_slice},
};

/* ---- Definition ---------------------------------------------------------------------------------------------------- */

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
    .kernels = kernels,
    .n_kernels = FV_COUNT(kernels),
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
    .kernels = slice_kernels,
    .n_kernels = FV_COUNT(slice_kernels),
};

/* ---- In a network -------------------------------------------------------------------------------------------------- */

fv_value *fv_concat(fv_value *const values[], int count) {
    if (count < 1 || count > FV_MAX_IN) {
        fv_fail(FV_BAD_ARGUMENT, "concat: %d values: must be from 1 to %d", count, FV_MAX_IN);
        return NULL;
    }
    return values[0] ? fv_node_new(values[0]->node->graph, &fv_concat_op, NULL, NULL, values, count) : NULL;
}
