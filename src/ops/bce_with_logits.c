/* Binary cross-entropy of sigmoid, and focal loss (ops/cross_entropy.c): logits z [N,K], target t [N,K] from 0 to 1,
 * p = sigmoid(z), factors f of the positive and h of the negative term.
 *
 *   s = (1 - eps) t + eps / 2
 *   loss = scale / D sum f s (1 - p)^gamma (-log p) + h (1 - s) p^gamma (-log (1 - p))
 *   dz   = scale / D (h (1 - s) p^gamma (p + gamma (1 - p) (-log (1 - p))) - f s (1 - p)^gamma (1 - p + gamma p (-log p)))
 *
 * with -log(1 - p) = log(1 + exp(z)) = max(z, 0) + log1p(exp(-|z|)), which does not overflow. D is N K, or, if the mean is over
 * the weights met (`met`), the sum of a t + b (1 - t) with the weights a and b of the classes, which f and h contain. A target
 * below 0 is left out. Where D is 0 the loss and its gradient are 0. */
#include "kernels/cpu.h"
#include "ops/loss.h"
#include "ops/rooms.h"

#include <float.h>
#include <math.h>

typedef struct bce {
    float positive, negative; /* f, h */
    float weight_1, weight_0; /* a, b */
    float label_smoothing, gamma, scale;
    bool met;
} bce;

static const fv_arg args[] = {
    FV_ARG_ROW(FV_ARG_FLOAT, bce, positive, NULL, 1, 0, FLT_MAX, 1, "factor of the positive term"),
    FV_ARG_ROW(FV_ARG_FLOAT, bce, negative, NULL, 1, 0, FLT_MAX, 1, "factor of the negative term"),
    FV_ARG_ROW(FV_ARG_FLOAT, bce, weight_1, NULL, 1, 0, FLT_MAX, 1, "what a target of 1 counts in the mean"),
    FV_ARG_ROW(FV_ARG_FLOAT, bce, weight_0, NULL, 1, 0, FLT_MAX, 1, "what a target of 0 counts in the mean"),
    FV_ARG_ROW(FV_ARG_FLOAT, bce, label_smoothing, NULL, 1, 0, 1, 0, "share of the target that goes half to each"),
    FV_ARG_ROW(FV_ARG_FLOAT, bce, gamma, NULL, 1, 0, FV_MOST_GAMMA, 0, "exponent of focal loss"),
    FV_ARG_ROW(FV_ARG_BOOL, bce, met, NULL, 1, 0, 1, 0, "the mean is over the weights met, not over N K"),
    FV_ARG_ROW(FV_ARG_FLOAT, bce, scale, NULL, 1, 0, FLT_MAX, 1, "factor of the loss"),
};

/* What one target counts in D. */
static double weight_of(const bce *a, double t) { return t < 0 ? 0 : a->weight_1 * t + a->weight_0 * (1 - t); }

static double factor_of(const fv_node *node, double weight_met) {
    const bce *a = node->args;
    double divisor = a->met ? weight_met : (double)fv_shape_count(&node->in[0]->shape);
    return divisor > 0 ? a->scale / divisor : 0;
}

/* ---- Kernels --------------------------------------------------------------------------------------------------- */

static fv_status plan(fv_step *step) { return fv_plan_loss(step, 0); }

/* D sums over all images, which a step that keeps to its own may not read. */
static fv_status plan_local(fv_step *step) {
    step->refused = ((const bce *)step->node->args)->met;
    return plan(step);
}

/* Every thread adds up all of it, in one order, so that all have the same. FV_PLAIN. */
static double weight_met(const bce *a, const fv_loss_share *s) {
    double sum = 0;
    for (size_t i = 0; a->met && i < (size_t)s->n * (size_t)s->classes; i++) sum += weight_of(a, (double)s->t[i]);
    return sum;
}

static void run(const fv_step *step, int thread, int nthreads) {
    const bce *a = step->node->args;
    const fv_bce_terms terms = {a->positive, a->negative, a->label_smoothing, a->gamma};
    fv_loss_share s = fv_share_loss(step, thread, nthreads);
    double factor = factor_of(step->node, weight_met(a, &s));
    if (s.batch) {
        fv_simd_pick()->bce_batch(s.n, s.begin, s.end, s.classes, s.z, s.t, &terms, (float)factor, s.loss, s.dz);
    } else {
        size_t at = (size_t)s.begin * (size_t)s.classes;
        fv_simd_pick()->bce_plain(s.end - s.begin, s.classes, s.z + at, s.t + at, &terms, (float)factor,
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

static double softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }
static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    const bce *a = node->args;
    const double *z = in[0], *t = in[1], eps = a->label_smoothing, gamma = a->gamma;
    const size_t count = fv_shape_count(&node->in[0]->shape);
    double met = 0;
    for (size_t i = 0; i < count; i++) met += weight_of(a, t[i]);
    const double factor = factor_of(node, met);
    out[0][0] = 0;
    for (size_t i = 0; i < count; i++) {
        double p = sigmoid(z[i]), u = sigmoid(-z[i]), soft = (1 - eps) * t[i] + eps / 2, counts = t[i] >= 0;
        double up = counts * a->positive * soft * pow(u, gamma),
               down = counts * a->negative * (1 - soft) * pow(p, gamma);
        out[0][0] += factor * (up * softplus(-z[i]) + down * softplus(z[i]));
        out[1][i] = factor * (down * (p + gamma * u * softplus(z[i])) - up * (u + gamma * p * softplus(-z[i])));
    }
}

const fv_op fv_bce_with_logits_op = {
    .name = "bce_with_logits",
    .args = args,
    .n_args = FV_COUNT(args),
    .args_size = sizeof(bce),
    .min_in = 2,
    .max_in = 2,
    .n_out = 2,
    .infer = fv_infer_loss,
    .grad = fv_grad_loss,
    .ref = ref,
    .kernels = kernels,
    .n_kernels = FV_COUNT(kernels),
};

fv_value *fv_bce_node(fv_graph *graph, const fv_loss *loss, fv_value *logits, fv_value *target) {
    const float *w = loss->class_weights;
    bce node = {.weight_1 = w ? w[1] : 1,
                .weight_0 = w ? w[0] : 1,
                .label_smoothing = loss->label_smoothing,
                .gamma = loss->gamma,
                .scale = loss->weight,
                .met = loss->ignore || w};
    node.positive = node.weight_1 * loss->pos_weight * (loss->alpha > 0 ? loss->alpha : 1);
    node.negative = node.weight_0 * (loss->alpha > 0 ? 1 - loss->alpha : 1);
    return fv_node_new(graph, &fv_bce_with_logits_op, NULL, &node, (fv_value *[]){logits, target}, 2);
}
