/* Accumulation: the mean gradient of a group of batches that make one step, each batch's gradient weighted by what its loss
 * was divided by (its images), so that k batches of b count as one of k b. Inputs: the parameter, whose layout all take; its
 * gradient of this batch; the sum so far, updated in place.
 *
 *   sum = weight gradient, after the group's first batch sum += weight gradient; output = sum / total, once the group ends */
#include "ops/rooms.h"
#include "ops/update.h"

enum { PARAM, GRAD, SUM }; /* inputs */

static fv_status infer(const fv_node *node, fv_shape out[]) {
    out[0] = node->in[PARAM]->shape;
    return FV_OK;
}

static fv_status plan(fv_step *step) {
    step->out_layout[0] = step->in_layout[PARAM];
    return FV_OK;
}

static void run(const fv_step *step, int thread, int nthreads) {
    const fv_run_env *env = step->env;
    const float weight = env->group.weight, scale = 1 / env->group.total;
    float gradient[FV_UPDATE_CHUNK];
    size_t at, end, n;
    fv_share_elements(step, PARAM, thread, nthreads, &at, &end);
    for (; at < end; at += n) {
        n = end - at < FV_UPDATE_CHUNK ? end - at : FV_UPDATE_CHUNK;
        float *restrict sum = (float *)step->in[SUM] + at, *restrict mean = (float *)step->out[0] + at;
        fv_read_gradient(step, GRAD, at, n, gradient);
        if (env->group.first)
            for (size_t i = 0; i < n; i++) sum[i] = weight * gradient[i];
        else
            for (size_t i = 0; i < n; i++) sum[i] += weight * gradient[i];
        for (size_t i = 0; i < n && !env->group.hold; i++) mean[i] = scale * sum[i];
    }
}

static const fv_kernel kernels[] = {{"simd", FV_PLAIN, FV_PLAIN, 0, NULL, plan, run}};

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    double *sum = (double *)in[SUM]; /* see written_in */
    for (size_t i = 0; i < fv_shape_count(&node->in[PARAM]->shape); i++) {
        sum[i] = (env->group.first ? 0 : sum[i]) + (double)env->group.weight * in[GRAD][i];
        out[0][i] = sum[i] / (double)env->group.total;
    }
}

const fv_op fv_accumulate_op = {
    .name = "accumulate",
    .min_in = 3,
    .max_in = 3,
    .n_out = 1,
    .flags = FV_OP_SAME_LAYOUT,
    .weight_out = 1,
    .written_in = 1 << SUM,
    .infer = infer,
    .ref = ref,
    .kernels = kernels,
    .n_kernels = FV_COUNT(kernels),
};

fv_value *fv_accumulate_node(fv_graph *graph, fv_value *param, fv_value *grad, fv_value *sum) {
    if (!param) return NULL;
    return fv_node_new(graph, &fv_accumulate_op, param->node->name, NULL, (fv_value *[]){param, grad, sum}, 3);
}
