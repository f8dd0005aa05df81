/* Binary cross-entropy of sigmoid: logits z [N,K], target t [N,K] from 0 to 1, p = pos_weight.
 *
 *   loss = scale / (N K) sum p t log(1 + exp(-z)) + (1 - t) log(1 + exp(z))
 *   dz   = scale / (N K) ((1 - t) sigmoid(z) - p t sigmoid(-z))
 *
 * with log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)), which does not overflow. */
#include "core/memory.h"
#include "kernels/cpu.h"
#include "ops/loss.h"
#include "ops/rooms.h"

#include <float.h>
#include <math.h>

typedef struct bce {
    float pos_weight;
    float scale;
} bce;

static const fv_arg args[] = {
    FV_ARG_ROW(FV_ARG_FLOAT, bce, pos_weight, NULL, 1, 0, FLT_MAX, 1, "factor of the positive term"),
    FV_ARG_ROW(FV_ARG_FLOAT, bce, scale, NULL, 1, 0, FLT_MAX, 1, "factor of the loss"),
};

static double factor_of(const fv_node *node) {
    return ((const bce *)node->args)->scale / (double)fv_shape_count(&node->in[0]->shape);
}

/* ---- Kernels --------------------------------------------------------------------------------------------------- */

/* The state is pos_weight for each class. */
static fv_status plan(fv_step *step) {
    const int classes = step->node->in[0]->shape.dim[1];
    float *weights = FV_NEW_N(float, (size_t)classes);
    if (!weights) return FV_NO_MEMORY;
    for (int c = 0; c < classes; c++) weights[c] = ((const bce *)step->node->args)->pos_weight;
    step->state = weights;
    step->free_state = fv_free;
    return fv_plan_loss(step, 0);
}

static void run(const fv_step *step, int thread, int nthreads) {
    fv_loss_share s = fv_share_loss(step, thread, nthreads);
    double factor = factor_of(step->node);
    if (s.batch) {
        fv_simd_pick()->bce_batch(s.n, s.begin, s.end, s.classes, s.z, s.t, step->state, (float)factor, s.loss, s.dz);
    } else {
        size_t at = (size_t)s.begin * (size_t)s.classes;
        fv_simd_pick()->bce_plain(s.end - s.begin, s.classes, s.z + at, s.t + at, step->state, (float)factor,
                                  s.loss + s.begin, s.dz ? s.dz + at : NULL);
    }
    fv_sum_loss(step, &s, thread, factor);
}

static const fv_kernel kernels[] = {
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, NULL, plan, run},
    {"simd", FV_PLAIN, FV_PLAIN, FV_LOCAL, NULL, plan, run},
};

/* ---- Definition ------------------------------------------------------------------------------------------------ */

static double softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }
static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    const double *z = in[0], *t = in[1], p = ((const bce *)node->args)->pos_weight, factor = factor_of(node);
    out[0][0] = 0;
    for (size_t i = 0; i < fv_shape_count(&node->in[0]->shape); i++) {
        out[0][0] += factor * (p * t[i] * softplus(-z[i]) + (1 - t[i]) * softplus(z[i]));
        out[1][i] = factor * ((1 - t[i]) * sigmoid(z[i]) - p * t[i] * sigmoid(-z[i]));
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
    bce node = {.pos_weight = loss->pos_weight, .scale = loss->weight};
    return fv_node_new(graph, &fv_bce_with_logits_op, NULL, &node, (fv_value *[]){logits, target}, 2);
}
