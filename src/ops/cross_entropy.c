/* Cross-entropy of softmax: logits z [N,K], target t [N,K] (rows that sum to 1), class weights w [K] (or all 1).
 *
 *   q_ic = w_c ((1 - eps) t_ic + eps / K),   loss = scale / D sum_i sum_c q_ic (log sum_k exp z_ik - z_ic)
 *   dz_ic = scale / D (softmax(z_i)_c sum_k q_ik - q_ic),   D = sum_i sum_c w_c t_ic with weights, N without
 *
 * where eps is label_smoothing: PyTorch's mean for hard labels. Where D is 0 (only classes of weight 0 were met) the loss
 * and its gradient are 0. So weights and smoothing are a matter of the targets, and the kernels know only q. */
#include "kernels/cpu.h"
#include "ops/loss.h"
#include "ops/rooms.h"

#include <float.h>
#include <math.h>
#include <string.h>

typedef struct cross_entropy {
    float label_smoothing;
    float scale;
    const float *class_weights; /* [K], in the graph's arena; NULL: all 1 */
} cross_entropy;

static const fv_arg args[] = {
    FV_ARG_ROW(FV_ARG_FLOAT, cross_entropy, label_smoothing, NULL, 1, 0, 1, 0,
               "share of the target spread over classes"),
    FV_ARG_ROW(FV_ARG_FLOAT, cross_entropy, scale, NULL, 1, 0, FLT_MAX, 1, "factor of the loss"),
};

/* q for the weight and smoothing of one class. */
static double soften(const cross_entropy *a, int classes, int class, double t) {
    double weight = a->class_weights ? a->class_weights[class] : 1, eps = a->label_smoothing;
    return weight * ((1 - eps) * t + eps / classes);
}

/* scale / D, for a sum of w_c t_ic that only weights need. */
static double factor_of(const cross_entropy *a, int n, double weight_met) {
    double divisor = a->class_weights ? weight_met : n;
    return divisor > 0 ? a->scale / divisor : 0;
}

/* ---- Kernels --------------------------------------------------------------------------------------------------- */

static bool has_own_targets(const cross_entropy *a) { return a->class_weights || a->label_smoothing != 0; }

static fv_status plan(fv_step *step) {
    const fv_shape *shape = &step->node->in[0]->shape;
    return fv_plan_loss(step, has_own_targets(step->node->args) ? fv_layout_count(shape, step->in_layout[0].kind) : 0);
}

/* D sums over all images, which a step that keeps to its own may not read. */
static fv_status plan_local(fv_step *step) {
    step->refused = ((const cross_entropy *)step->node->args)->class_weights != NULL;
    return plan(step);
}

/* sum_i sum_c w_c t_ic: every thread adds up all of it, in one order, so that all have the same. FV_PLAIN. */
static double weight_met(const cross_entropy *a, const fv_loss_share *s) {
    double sum = 0;
    for (int i = 0; a->class_weights && i < s->n; i++)
        for (int c = 0; c < s->classes; c++)
            sum += (double)a->class_weights[c] * s->t[(size_t)i * (size_t)s->classes + (size_t)c];
    return sum;
}

/* The share's q, in the layout of t. */
static const float *own_targets(const cross_entropy *a, const fv_loss_share *s) {
    const size_t lanes = s->batch ? FV_BATCH_WIDTH : 1, row = (size_t)s->classes * lanes;
    for (size_t at = (size_t)s->begin * row; at < (size_t)s->end * row; at += row)
        for (int c = 0; c < s->classes; c++)
            for (size_t i = at + (size_t)c * lanes; i < at + (size_t)(c + 1) * lanes; i++)
                s->free[i] = (float)soften(a, s->classes, c, s->t[i]);
    return s->free;
}

static void run(const fv_step *step, int thread, int nthreads) {
    const cross_entropy *a = step->node->args;
    fv_loss_share s = fv_share_loss(step, thread, nthreads);
    double factor = factor_of(a, s.n, weight_met(a, &s));
    const float *t = has_own_targets(a) ? own_targets(a, &s) : s.t;
    if (s.batch) {
        fv_simd_pick()->cross_entropy_batch(s.n, s.begin, s.end, s.classes, s.z, t, (float)factor, s.loss, s.dz);
    } else {
        size_t at = (size_t)s.begin * (size_t)s.classes;
        fv_simd_pick()->cross_entropy_plain(s.end - s.begin, s.classes, s.z + at, t + at, (float)factor,
                                            s.loss + s.begin, s.dz ? s.dz + at : NULL);
    }
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
    double top = z[0], total = 0, all = 0;
    for (int c = 0; c < classes; c++) top = fmax(top, z[c]);
    for (int c = 0; c < classes; c++) total += exp(z[c] - top);
    for (int c = 0; c < classes; c++) all += soften(a, classes, c, t[c]);
    for (int c = 0; c < classes; c++) {
        double q = soften(a, classes, c, t[c]);
        *loss += factor * q * (top + log(total) - z[c]);
        dz[c] = factor * (exp(z[c] - top) / total * all - q);
    }
}

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    const cross_entropy *a = node->args;
    const int n = node->in[0]->shape.dim[0], classes = node->in[0]->shape.dim[1];
    double met = 0;
    for (size_t i = 0; a->class_weights && i < fv_shape_count(&node->in[0]->shape); i++)
        met += a->class_weights[i % (size_t)classes] * in[1][i];
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

/* Copies weights into the graph; they must be 0 or more, finite, and not all 0. */
static const float *copy_weights(fv_graph *graph, const float *weights, int classes) {
    float *copy = fv_arena_alloc(&graph->arena, (size_t)classes, sizeof(float)), largest = 0;
    if (!copy) return NULL;
    for (int c = 0; c < classes; c++) {
        if (!(weights[c] >= 0 && weights[c] <= FLT_MAX)) {
            fv_fail(FV_BAD_ARGUMENT, "class weight %g of class %d: must be 0 or more, and finite", weights[c], c);
            return NULL;
        }
        largest = fmaxf(largest, copy[c] = weights[c]);
    }
    if (largest == 0) fv_fail(FV_BAD_ARGUMENT, "all %d class weights are 0: nothing to learn from", classes);
    return largest > 0 ? copy : NULL;
}

fv_value *fv_cross_entropy_node(fv_graph *graph, const fv_loss *loss, fv_value *logits, fv_value *target) {
    cross_entropy node = {.label_smoothing = loss->label_smoothing, .scale = loss->weight};
    if (loss->class_weights) {
        node.class_weights = copy_weights(graph, loss->class_weights, logits->shape.dim[1]);
        if (!node.class_weights) return NULL;
    }
    return fv_node_new(graph, &fv_cross_entropy_op, NULL, &node, (fv_value *[]){logits, target}, 2);
}
