/* A factor to each channel of each image, as in squeeze-and-excitation (Hu et al. 2018):
 *
 *     y[n,c,h,w] = s[n,c] x[n,c,h,w]          x and y [N,C,H,W], s [N,C,1,1]
 *     dx[n,c,h,w] = s[n,c] dy[n,c,h,w],   ds[n,c] = sum over h, w of dy[n,c,h,w] x[n,c,h,w]
 *
 * The backward makes both. */
#include "kernels/cpu.h"
#include "ops/elementwise.h"
#include "ops/rooms.h"

enum { X, S };           /* inputs, forward */
enum { B_DY, B_X, B_S }; /* inputs, backward */
enum { DX, DS };         /* outputs, backward */

/* ---- Shapes and gradient ------------------------------------------------------------------------------------------- */

static fv_status infer(const fv_node *node, fv_shape out[]) {
    const fv_shape *x = &node->in[X]->shape, *s = &node->in[S]->shape;
    char text[2][64];
    if (x->rank != 4 || !fv_shape_equal(s, &FV_SHAPE(x->dim[0], x->dim[1], 1, 1)))
        return fv_fail_node(FV_BAD_ARGUMENT, node, "takes [N,C,H,W] and [N,C,1,1] (inputs %s and %s)",
                            fv_shape_text(x, true, text[0]), fv_shape_text(s, true, text[1]));
    out[0] = *x;
    return FV_OK;
}

static fv_status infer_backward(const fv_node *node, fv_shape out[]) {
    out[DX] = node->in[B_X]->shape;
    out[DS] = node->in[B_S]->shape;
    return FV_OK;
}

static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    fv_value *in[] = {dy[0], node->in[X], node->in[S]};
    fv_value *out = fv_node_backward(node, &fv_scale_backward_op, in, FV_COUNT(in));
    if (!out) return fv_last_status();
    for (int i = X; i <= S; i++)
        if (node->in[i]->needs_grad) dx[i] = &out->node->out[i];
    return FV_OK;
}

/* ---- Kernels: a thread its own images ------------------------------------------------------------------------------ */

/* A thread's maps: rows of `places` places of `lanes` channels or images each. */
typedef struct rows {
    size_t begin, end, places;
    int lanes;
} rows;

static rows own_rows(const fv_step *step, int thread, int nthreads) {
    const fv_shape *x = &step->node->out[0].shape;
    fv_layout_kind kind = step->kernel->in;
    int lanes = kind == FV_BATCH ? FV_BATCH_WIDTH : kind == FV_BLOCKED ? fv_block() : 1;
    fv_range own = fv_own_range(&FV_SHAPE(x->dim[0], x->dim[1], 1, 1), kind, thread, nthreads);
    return (rows){own.begin / (size_t)lanes, own.end / (size_t)lanes, (size_t)x->dim[2] * (size_t)x->dim[3], lanes};
}

static void run(const fv_step *step, int thread, int nthreads) {
    const fv_simd *simd = fv_simd_pick();
    const float *x = step->in[X], *s = step->in[S];
    float *y = step->out[0];
    rows own = own_rows(step, thread, nthreads);
    size_t row = own.places * (size_t)own.lanes;
    for (size_t r = own.begin; r < own.end; r++)
        if (own.lanes == 1)
            simd->scale(row, s[r], x + r * row, y + r * row);
        else
            simd->scale_lanes(own.places, own.lanes, x + r * row, s + r * (size_t)own.lanes, y + r * row);
}

static void run_backward(const fv_step *step, int thread, int nthreads) {
    const fv_simd *simd = fv_simd_pick();
    const float *dy = step->in[B_DY], *x = step->in[B_X], *s = step->in[B_S];
    float *dx = step->out[DX], *ds = step->out[DS];
    rows own = own_rows(step, thread, nthreads);
    size_t row = own.places * (size_t)own.lanes;
    for (size_t r = own.begin; r < own.end; r++) {
        size_t at = r * row, lane = r * (size_t)own.lanes;
        if (own.lanes == 1)
            ds[r] = simd->scale_backward(row, s[r], dy + at, x + at, dx + at);
        else
            simd->scale_lanes_backward(own.places, own.lanes, dy + at, x + at, s + lane, dx + at, ds + lane);
    }
}

static const fv_kernel kernels[] = {FV_FLAT_KERNELS(run)};
static const fv_kernel backward_kernels[] = {FV_FLAT_KERNELS(run_backward)};

/* ---- Definition ---------------------------------------------------------------------------------------------------- */

static size_t plane_of(const fv_node *node) {
    const fv_shape *x = &node->out[0].shape;
    return (size_t)x->dim[2] * (size_t)x->dim[3];
}

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    for (size_t i = 0, plane = plane_of(node); i < fv_elements(node); i++) out[0][i] = in[S][i / plane] * in[X][i];
}

static void ref_backward(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    size_t plane = plane_of(node);
    for (size_t i = 0; i < fv_elements(node) / plane; i++) out[DS][i] = 0;
    for (size_t i = 0; i < fv_elements(node); i++) {
        out[DX][i] = in[B_S][i / plane] * in[B_DY][i];
        out[DS][i / plane] += in[B_DY][i] * in[B_X][i];
    }
}

/* ---- The operators ------------------------------------------------------------------------------------------------- */

const fv_op fv_scale_op = {
    .name = "scale",
    .onnx = "Mul",
    .min_in = 2,
    .max_in = 2,
    .n_out = 1,
    .flags = FV_OP_IN_PLACE,
    .infer = infer,
    .grad = grad,
    .again = fv_node_again,
    .ref = ref,
    .kernels = kernels,
    .n_kernels = FV_COUNT(kernels),
};

const fv_op fv_scale_backward_op = {
    .name = "scale_backward",
    .min_in = 3,
    .max_in = 3,
    .n_out = 2,
    .flags = FV_OP_IN_PLACE,
    .infer = infer_backward,
    .ref = ref_backward,
    .kernels = backward_kernels,
    .n_kernels = FV_COUNT(backward_kernels),
};

/* ---- In a network -------------------------------------------------------------------------------------------------- */

fv_value *fv_scale(fv_value *x, fv_value *factor) {
    return fv_node_new(fv_value_graph(x), &fv_scale_op, NULL, NULL, (fv_value *[]){x, factor}, 2);
}
