/* Local response normalisation across channels (Krizhevsky et al. 2012, section 3.3), as torch.nn.LocalResponseNorm has it:
 *
 *     y[c] = x[c] t[c]^-beta,   t[c] = k + alpha / size * sum of x[j]^2 for c - size/2 <= j <= c + (size-1)/2
 *
 *     dx[i] = dy[i] t[i]^-beta - 2 alpha beta / size x[i] * sum of dy[c] x[c] t[c]^(-beta-1) over the c whose sum i is in
 *
 * for each pixel of x and y [N,C,H,W]; halves of size are rounded down, channels that are not there count as zero. (The paper's
 * alpha is torch's / size.) */
#include "kernels/cpu.h"
#include "ops/elementwise.h"
#include "ops/rooms.h"

#include <math.h>

typedef struct lrn {
    int size;
    float alpha, beta, k;
} lrn;

static const fv_arg arg_table[] = {
    FV_ARG_ROW(FV_ARG_INT, lrn, size, "size", 1, 1, 255, 5, "channels in the sum"),
    FV_ARG_ROW(FV_ARG_FLOAT, lrn, alpha, "alpha", 1, 0, 1e6, 1e-4, "factor of the mean square"),
    FV_ARG_ROW(FV_ARG_FLOAT, lrn, beta, "beta", 1, 0, 100, 0.75, "exponent"),
    FV_ARG_ROW(FV_ARG_FLOAT, lrn, k, "bias", 1, 1e-6, 1e6, 1, "added to it"),
};

static const lrn *args_of(const fv_node *node) { return node->args; }

/* ---- Shapes and gradient ------------------------------------------------------------------------------------------- */

static fv_status infer(const fv_node *node, fv_shape out[]) {
    const fv_shape *x = &node->in[0]->shape;
    char text[64];
    if (x->rank != 4)
        return fv_fail_node(FV_BAD_ARGUMENT, node, "takes images [N,C,H,W] (input %s)", fv_shape_text(x, true, text));
    out[0] = *x;
    return FV_OK;
}

static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    return fv_grad_by_input(node, &fv_lrn_backward_op, dy, dx);
}

/* ---- Kernels: a thread its own images ------------------------------------------------------------------------------ */

enum { PIXELS = 16 }; /* in a line, where channels do not lie side by side */

/* The lines of an image, or of a group of images in FV_BATCH: `pixels` floats are the first channel's, or first block's. */
typedef struct lines {
    fv_lrn_line line; /* all but the last */
    size_t image, pixels;
} lines;

static lines lines_of(const fv_step *step) {
    const lrn *a = args_of(step->node);
    const int *x = step->node->out[0].shape.dim;
    fv_layout_kind kind = step->kernel->in;
    size_t block = kind == FV_BLOCKED ? (size_t)fv_block() : 1;
    size_t vectors = ((size_t)x[1] + block - 1) / block;
    size_t pixels = (size_t)x[2] * (size_t)x[3] * (kind == FV_BATCH ? FV_BATCH_WIDTH : block);
    size_t width = kind == FV_BLOCKED ? block : pixels < PIXELS ? pixels : PIXELS;
    return (lines){
        .line = {.vectors = vectors,
                 .stride = pixels,
                 .width = width,
                 .shift = kind == FV_BLOCKED ? 1 : width,
                 .size = a->size,
                 .alpha = a->alpha,
                 .beta = a->beta,
                 .k = a->k},
        .image = vectors * pixels,
        .pixels = pixels,
    };
}

static fv_status plan(fv_step *step) {
    lines l = lines_of(step);
    step->own_scratch_bytes = fv_simd_pick()->lrn_scratch(&l.line);
    return FV_OK;
}

/* The last line of an image may be shorter. */
static fv_lrn_line line_at(const lines *l, size_t pixel) {
    fv_lrn_line line = l->line;
    if (pixel + line.width <= l->pixels) return line;
    line.width = line.shift = l->pixels - pixel;
    return line;
}

static void run_lines(const fv_step *step, int thread, int nthreads, const float *dy) {
    const fv_simd *simd = fv_simd_pick();
    const float *x = step->in[0];
    float *out = step->out[0];
    void *scratch = (unsigned char *)step->own_scratch + step->own_scratch_stride * (size_t)thread;
    lines l = lines_of(step);
    fv_range own = fv_own_range(&step->node->out[0].shape, step->kernel->in, thread, nthreads);
    for (size_t image = own.begin; image < own.end; image += l.image)
        for (size_t pixel = 0; pixel < l.pixels; pixel += l.line.width) {
            fv_lrn_line line = line_at(&l, pixel);
            size_t at = image + pixel;
            if (dy)
                simd->lrn_backward(&line, x + at, dy + at, out + at, scratch);
            else
                simd->lrn_forward(&line, x + at, out + at, scratch);
        }
}

static void run(const fv_step *step, int thread, int nthreads) { run_lines(step, thread, nthreads, NULL); }
static void run_backward(const fv_step *step, int thread, int nthreads) {
    run_lines(step, thread, nthreads, step->in[1]);
}

static const fv_kernel kernels[] = {
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, NULL, plan, run},
    {"simd", FV_PLAIN, FV_PLAIN, FV_LOCAL, NULL, plan, run},
    {"simd", FV_BLOCKED, FV_BLOCKED, FV_LOCAL, NULL, plan, run},
};

static const fv_kernel backward_kernels[] = {
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, NULL, plan, run_backward},
    {"simd", FV_PLAIN, FV_PLAIN, FV_LOCAL, NULL, plan, run_backward},
    {"simd", FV_BLOCKED, FV_BLOCKED, FV_LOCAL, NULL, plan, run_backward},
};

/* ---- Definition ---------------------------------------------------------------------------------------------------- */

/* t of channel c; `x` is channel 0 of the same pixel, `plane` floats before channel 1. */
static double t_of(const fv_node *node, const double *x, int c, size_t plane) {
    const lrn *a = args_of(node);
    int channels = node->out[0].shape.dim[1];
    double sum = 0;
    for (int j = c - a->size / 2; j <= c + (a->size - 1) / 2; j++)
        if (j >= 0 && j < channels) sum += x[(size_t)j * plane] * x[(size_t)j * plane];
    return a->k + (double)a->alpha / a->size * sum;
}

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    const int *d = node->out[0].shape.dim;
    size_t plane = (size_t)d[2] * (size_t)d[3], image = (size_t)d[1] * plane;
    for (size_t i = 0; i < fv_elements(node); i++) {
        const double *pixel = in[0] + i / image * image + i % plane;
        out[0][i] = in[0][i] * pow(t_of(node, pixel, (int)(i / plane % (size_t)d[1]), plane), -args_of(node)->beta);
    }
}

static void ref_backward(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    const lrn *a = args_of(node);
    const int *d = node->out[0].shape.dim;
    const double beta = a->beta, factor = 2.0 * a->alpha * beta / a->size, *dy = in[1];
    size_t plane = (size_t)d[2] * (size_t)d[3], image = (size_t)d[1] * plane;
    for (size_t i = 0; i < fv_elements(node); i++) {
        size_t pixel = i / image * image + i % plane;
        int c = (int)(i / plane % (size_t)d[1]);
        double sum = 0;
        for (int j = c - (a->size - 1) / 2; j <= c + a->size / 2; j++) {
            if (j < 0 || j >= d[1]) continue;
            size_t at = pixel + (size_t)j * plane;
            sum += dy[at] * in[0][at] * pow(t_of(node, in[0] + pixel, j, plane), -beta - 1);
        }
        out[0][i] = dy[i] * pow(t_of(node, in[0] + pixel, c, plane), -beta) - factor * in[0][i] * sum;
    }
}

/* ---- The operators ------------------------------------------------------------------------------------------------- */

const fv_op fv_lrn_op = {
    .name = "lrn",
    .onnx = "LRN",
    .args = arg_table,
    .n_args = FV_COUNT(arg_table),
    .args_size = sizeof(lrn),
    .min_in = 1,
    .max_in = 1,
    .n_out = 1,
    .infer = infer,
    .grad = grad,
    .ref = ref,
    .kernels = kernels,
    .n_kernels = FV_COUNT(kernels),
};

const fv_op fv_lrn_backward_op = {
    .name = "lrn_backward",
    .args_size = sizeof(lrn),
    .min_in = 2, /* x, dy */
    .max_in = 2,
    .n_out = 1,
    .infer = fv_infer_same,
    .ref = ref_backward,
    .kernels = backward_kernels,
    .n_kernels = FV_COUNT(backward_kernels),
};

/* ---- In a network -------------------------------------------------------------------------------------------------- */

static float option(float given, float standard) { return given == 0 ? standard : given == FV_ZERO ? 0 : given; }

fv_value *fv_lrn_with(fv_value *x, const fv_lrn_args *args) {
    lrn facts = {args->size ? args->size : 5, option(args->alpha, 1e-4f), option(args->beta, 0.75f),
                 option(args->k, 1)};
    return fv_node_new(fv_value_graph(x), &fv_lrn_op, NULL, &facts, &x, 1);
}
