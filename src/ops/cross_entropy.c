/* Cross-entropy of softmax, and focal loss (Lin et al. 2017, "Focal Loss for Dense Object Detection"), which takes less of the
 * images that are right already: logits z [N,K], target t [N,K] (rows that sum to 1, s_i), class weights w [K] (or all 1),
 * p = softmax(z).
 *
 *   q_ic = w_c ((1 - eps) t_ic + eps s_i / K),   loss = scale / D sum_i sum_c q_ic (1 - p_ic)^gamma (-log p_ic)
 *   dz_ic = scale / D (p_ic sum_k g_ik - g_ic),   g_ic = q_ic (1 - p_ic)^gamma (1 + gamma p_ic (-log p_ic) / (1 - p_ic))
 *
 * where eps is label_smoothing, and gamma 0 for cross-entropy. D is N, or, if the mean is over the weights met (`met`),
 * sum_i sum_c w_c t_ic: PyTorch's mean for hard labels. A row of numbers below 0 is an image that is left out: it counts as 0.
 * Where D is 0 (nothing but such rows, or classes of weight 0) the loss and its gradient are 0. So weights, smoothing and what
 * is left out are a matter of the targets, and the kernels know only q. */
#include "kernels/cpu.h"
#include "ops/loss.h"
#include "ops/rooms.h"

#include <float.h>
#include <math.h>
#include <string.h>

typedef struct cross_entropy {
    float label_smoothing, gamma, scale;
    bool met;
    const float *class_weights; /* [K], in the graph's arena; NULL: all 1 */
} cross_entropy;

static const fv_arg args[] = {
    FV_ARG_ROW(FV_ARG_FLOAT, cross_entropy, label_smoothing, NULL, 1, 0, 1, 0,
               "share of the target spread over classes"),
    FV_ARG_ROW(FV_ARG_FLOAT, cross_entropy, gamma, NULL, 1, 0, FV_MOST_GAMMA, 0, "exponent of focal loss"),
    FV_ARG_ROW(FV_ARG_BOOL, cross_entropy, met, NULL, 1, 0, 1, 0, "the mean is over the weights met, not over N"),
    FV_ARG_ROW(FV_ARG_FLOAT, cross_entropy, scale, NULL, 1, 0, FLT_MAX, 1, "factor of the loss"),
};

static double weight_of(const cross_entropy *a, int class) { return a->class_weights ? a->class_weights[class] : 1; }

/* q for the weight and smoothing of one class; `sum` is the row's. */
static double soften(const cross_entropy *a, int classes, int class, double t, double sum) {
    double eps = a->label_smoothing;
    return weight_of(a, class) * ((1 - eps) * fmax(t, 0) + eps * sum / classes);
}

/* scale / D, for the sum of w_c t_ic where it is asked for. */
static double factor_of(const cross_entropy *a, int n, double weight_met) {
    double divisor = a->met ? weight_met : n;
    return divisor > 0 ? a->scale / divisor : 0;
}

/* ---- Kernels --------------------------------------------------------------------------------------------------- */

static bool has_own_targets(const cross_entropy *a) { return a->class_weights || a->met || a->label_smoothing != 0; }

static fv_status plan(fv_step *step) {
    const fv_shape *shape = &step->node->in[0]->shape;
    return fv_plan_loss(step, has_own_targets(step->node->args) ? fv_layout_count(shape, step->in_layout[0].kind) : 0);
}

/* D sums over all images, which a step that keeps to its own may not read. */
static fv_status plan_local(fv_step *step) {
    step->refused = ((const cross_entropy *)step->node->args)->met;
    return plan(step);
}

/* sum_i sum_c w_c t_ic: every thread adds up all of it, in one order, so that all have the same. FV_PLAIN. */
static double weight_met(const cross_entropy *a, const fv_loss_share *s) {
    double sum = 0;
    for (int i = 0; a->met && i < s->n; i++)
        for (int c = 0; c < s->classes; c++)
            sum += weight_of(a, c) * fmax((double)s->t[(size_t)i * (size_t)s->classes + (size_t)c], 0);
    return sum;
}

/* One image's q, its classes `step` floats apart. */
static void soften_row(const cross_entropy *a, int classes, size_t step, const float *t, float *q) {
    double sum = 0;
    for (int c = 0; c < classes; c++) sum += fmax((double)t[(size_t)c * step], 0);
    for (int c = 0; c < classes; c++) q[(size_t)c * step] = (float)soften(a, classes, c, t[(size_t)c * step], sum);
}

/* The share's q, in the layout of t. */
static const float *own_targets(const cross_entropy *a, const fv_loss_share *s) {
    const size_t lanes = s->batch ? FV_BATCH_WIDTH : 1, row = (size_t)s->classes * lanes;
    for (size_t at = (size_t)s->begin * row; at < (size_t)s->end * row; at += row)
        for (size_t i = at; i < at + lanes; i++) soften_row(a, s->classes, lanes, s->t + i, s->free + i);
    return s->free;
}

static void run_batch(const cross_entropy *a, const fv_loss_share *s, const float *t, float factor) {
    const fv_simd *simd = fv_simd_pick();
    if (a->gamma > 0)
        simd->focal_batch(s->n, s->begin, s->end, s->classes, s->z, t, a->gamma, factor, s->loss, s->dz);
    else
        simd->cross_entropy_batch(s->n, s->begin, s->end, s->classes, s->z, t, factor, s->loss, s->dz);
}

static void run_plain(const cross_entropy *a, const fv_loss_share *s, const float *t, float factor) {
    const fv_simd *simd = fv_simd_pick();
    const size_t at = (size_t)s->begin * (size_t)s->classes;
    const int rows = s->end - s->begin;
    float *loss = s->loss + s->begin, *dz = s->dz ? s->dz + at : NULL;
    if (a->gamma > 0)
        simd->focal_plain(rows, s->classes, s->z + at, t + at, a->gamma, factor, loss, dz);
    else
        simd->cross_entropy_plain(rows, s->classes, s->z + at, t + at, factor, loss, dz);
}

static void run(const fv_step *step, int thread, int nthreads) {
    const cross_entropy *a = step->node->args;
    fv_loss_share s = fv_share_loss(step, thread, nthreads);
    double factor = factor_of(a, s.n, weight_met(a, &s));
    const float *t = has_own_targets(a) ? own_targets(a, &s) : s.t;
    (s.batch ? run_batch : run_plain)(a, &s, t, (float)factor);
    fv_sum_loss(step, &s, thread, factor);
}

static const fv_kernel kernels[] = {
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, NULL, plan_local, run},
    {"simd", FV_PLAIN, FV_PLAIN, FV_LOCAL, NULL, plan_local, run},
    {"simd", FV_PLAIN, FV_PLAIN, 0, NULL, plan, run},
};

/* ---- Definition ------------------------------------------------------------------------------------------------ */

static void ref_row(const cross_entropy *a, int classes, double factor, const double *z, const double *t, double *loss,
                    double *dz) {
    double top = z[0], total = 0, sum = 0, all = 0;
    for (int c = 0; c < classes; c++) top = fmax(top, z[c]);
    for (int c = 0; c < classes; c++) total += exp(z[c] - top), sum += fmax(t[c], 0);
    for (int c = 0; c < classes; c++) {
        double l = top + log(total) - z[c], u = -expm1(-l), q = soften(a, classes, c, t[c], sum) * pow(u, a->gamma);
        *loss += factor * q * l;
        all += dz[c] = q * (1 + a->gamma * (1 - u) * (u > 0 ? l / u : 1));
    }
    for (int c = 0; c < classes; c++) dz[c] = factor * (exp(z[c] - top) / total * all - dz[c]);
}

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    const cross_entropy *a = node->args;
    const int n = node->in[0]->shape.dim[0], classes = node->in[0]->shape.dim[1];
    double met = 0;
    for (size_t i = 0; i < fv_shape_count(&node->in[0]->shape); i++)
        met += weight_of(a, (int)(i % (size_t)classes)) * fmax(in[1][i], 0);
    double factor = factor_of(a, n, met);
    out[0][0] = 0;
    for (int i = 0; i < n; i++) {
        size_t at = (size_t)i * (size_t)classes;
        ref_row(a, classes, factor, in[0] + at, in[1] + at, out[0], out[1] + at);
    }
}

const fv_op fv_cross_entropy_op = {
    .name = "cross_entropy",
    .args = args,
    .n_args = FV_COUNT(args),
    .args_size = sizeof(cross_entropy),
    .min_in = 2,
    .max_in = 2,
    .n_out = 2,
    .infer = fv_infer_loss,
    .grad = fv_grad_loss,
    .ref = ref,
    .kernels = kernels,
    .n_kernels = FV_COUNT(kernels),
};

fv_value *fv_cross_entropy_node(fv_graph *graph, const fv_loss *loss, fv_value *logits, fv_value *target) {
    cross_entropy node = {.label_smoothing = loss->label_smoothing,
                          .gamma = loss->gamma,
                          .scale = loss->weight,
                          .met = loss->ignore || loss->class_weights};
    if (loss->class_weights) {
        size_t classes = (size_t)logits->shape.dim[1];
        float *copy = fv_arena_alloc(&graph->arena, classes, sizeof(float));
        if (!copy) return NULL;
        node.class_weights = memcpy(copy, loss->class_weights, classes * sizeof(float));
    }
    return fv_node_new(graph, &fv_cross_entropy_op, NULL, &node, (fv_value *[]){logits, target}, 2);
}
