/* The norms that layer-wise rules scale their rate by (LARS, LAMB): the sums of squares of the parameter (output 0) and of
 * the rule's direction (output 1), before the update, which then works the direction out again. Its inputs are the update's,
 * read only: slots are lent to the rule as copies. */
#include "kernels/cpu.h"
#include "ops/rooms.h"
#include "ops/update.h"

#include <math.h>
#include <string.h>

enum { PARAM = FV_UPDATE_PARAM, GRAD = FV_UPDATE_GRAD, SQUARES = FV_UPDATE_SQUARES, SLOTS = FV_UPDATE_SLOTS };

static fv_status infer(const fv_node *node, fv_shape out[]) {
    (void)node;
    out[0] = out[1] = (fv_shape){0};
    return FV_OK;
}

/* ---- Kernel ---------------------------------------------------------------------------------------------------- */

static fv_status plan(fv_step *step) {
    for (int i = 0; i < 2; i++) step->out_layout[i] = (fv_layout){.kind = FV_PLAIN, .parts = step->threads};
    return FV_OK;
}

static double direction_squares(const fv_step *step, size_t at, size_t n) {
    const fv_update *u = step->node->args;
    float g[FV_UPDATE_CHUNK], direction[FV_UPDATE_CHUNK], copies[FV_RULE_SLOTS][FV_UPDATE_CHUNK], *slots[FV_RULE_SLOTS];
    for (int s = 0; s < u->rule->n_slots; s++)
        slots[s] = memcpy(copies[s], (const float *)step->in[SLOTS + s] + at, n * sizeof(float));
    fv_clipped_gradient(step, at, n, g);
    u->rule->direction((const float *)step->in[PARAM] + at, g, slots, n, &u->hyper, step->env->step, direction);
    return fv_simd_pick()->sum_squares(n, direction);
}

static void run(const fv_step *step, int thread, int nthreads) {
    if (step->env->group.hold) return;
    double param = 0, direction = 0;
    size_t at, end, n;
    fv_share_elements(step, PARAM, thread, nthreads, &at, &end);
    for (; at < end; at += n) {
        n = end - at < FV_UPDATE_CHUNK ? end - at : FV_UPDATE_CHUNK;
        param += fv_simd_pick()->sum_squares(n, (const float *)step->in[PARAM] + at);
        direction += direction_squares(step, at, n);
    }
    ((float *)step->out[0])[thread] = (float)param;
    ((float *)step->out[1])[thread] = (float)direction;
}

static const fv_kernel kernels[] = {{"simd", FV_PLAIN, FV_PLAIN, 0, NULL, plan, run}};

/* ---- Definition ------------------------------------------------------------------------------------------------ */

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    const fv_update *u = node->args;
    if (env->group.hold) return;
    const double clip = u->clipped ? fv_clip_factor(&u->hyper, in[SQUARES][0]) : 1;
    out[0][0] = out[1][0] = 0;
    for (size_t i = 0; i < fv_shape_count(&node->in[PARAM]->shape); i++) {
        float p = (float)in[PARAM][i], g = (float)fv_clipped_number(&u->hyper, clip, in[GRAD][i]), direction;
        float state[FV_RULE_SLOTS], *slots[FV_RULE_SLOTS];
        for (int s = 0; s < u->rule->n_slots; s++) state[s] = (float)in[SLOTS + s][i], slots[s] = &state[s];
        u->rule->direction(&p, &g, slots, 1, &u->hyper, env->step, &direction);
        out[0][0] += in[PARAM][i] * in[PARAM][i];
        out[1][0] += (double)direction * (double)direction;
    }
}

const fv_op fv_trust_op = {
    .name = "trust",
    .args_size = sizeof(fv_update),
    .min_in = SLOTS,
    .max_in = SLOTS + FV_RULE_SLOTS,
    .n_out = 2,
    .flags = FV_OP_SAME_LAYOUT,
    .infer = infer,
    .ref = ref,
    .kernels = kernels,
    .n_kernels = FV_COUNT(kernels),
};

fv_value *fv_trust_node(fv_graph *graph, const fv_rule *rule, const fv_hyper *hyper, fv_value *param, fv_value *grad,
                        fv_value *const slots[], fv_value *norm) {
    if (!param) return NULL;
    fv_value *in[SLOTS + FV_RULE_SLOTS] = {param, grad, norm ? norm : grad, grad, grad};
    for (int s = 0; s < rule->n_slots; s++) in[SLOTS + s] = slots[s];
    const fv_update args = {.rule = rule, .hyper = *hyper, .clipped = norm != NULL};
    return fv_node_new(graph, &fv_trust_op, param->node->name, &args, in, SLOTS + rule->n_slots);
}
