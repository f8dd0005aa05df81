/* Update: p, slots <- rule(p, slots, gradient), in place, in one pass over memory. Inputs: the parameter, its gradient, the
 * sum of squares of all gradients (the gradient again where they are not clipped), the rule's slots. Output, a scalar: the
 * sum of squares of grad, which tells also whether it is finite.
 *
 *   gradient = clip * grad + weight_decay p (unless the rule decouples it) + l1 sign(p)
 *   clip = min(1, clip_norm / (norm + 1e-6))
 *
 * Gradients come in parts, one a thread, and are added in order. Parameter, gradient and slots share one layout, whatever
 * it is: lanes of padding hold zeros, and every rule keeps them. A gradient that is not finite is not applied (its stretch
 * of FV_UPDATE_CHUNK elements stays as it was) and puts the node into env->bad_node. */
#include "ops/update.h"

#include "kernels/cpu.h"
#include "ops/rooms.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

typedef struct update {
    const fv_rule *rule;
    fv_hyper hyper;
    bool clipped;
} update;

enum { PARAM, GRAD, SQUARES, SLOTS }; /* inputs */

/* ---- Kernel ---------------------------------------------------------------------------------------------------- */

void fv_share_elements(const fv_step *step, int input, int thread, int nthreads, size_t *begin, size_t *end) {
    enum { GRAIN = 16 };
    size_t count = step->in_bytes[input] / sizeof(float);
    fv_share_size((count + GRAIN - 1) / GRAIN, thread, nthreads, begin, end);
    *begin *= GRAIN;
    *end = *end * GRAIN < count ? *end * GRAIN : count;
}

void fv_read_gradient(const fv_step *step, int input, size_t begin, size_t count, float *gradient) {
    const float *parts = (const float *)step->in[input] + begin;
    int n = step->in_layout[input].parts;
    if (n > 1)
        fv_simd_pick()->sum_parts(count, n, step->in_bytes[input] / sizeof(float), parts, gradient);
    else
        memcpy(gradient, parts, count * sizeof(float));
}

/* A NaN clips nothing, so that the update which reports it is that of the parameter whose gradient it came from. */
static float clip_factor(const fv_hyper *h, double squares) {
    return (float)fmin(1, h->clip_norm / (sqrt(squares) + 1e-6));
}

static float clip_of(const fv_step *step) {
    const update *u = step->node->args;
    if (!u->clipped) return 1;
    const float *part = step->in[SQUARES];
    double squares = part[0];
    for (int i = 1; i < step->in_layout[SQUARES].parts; i++) squares += part[i];
    return clip_factor(&u->hyper, squares);
}

static void add_terms(const update *u, float clip, const float *p, float *g, size_t n) {
    const float decay = u->rule->decoupled ? 0 : u->hyper.weight_decay, l1 = u->hyper.l1;
    if (clip != 1)
        for (size_t i = 0; i < n; i++) g[i] *= clip;
    if (decay != 0)
        for (size_t i = 0; i < n; i++) g[i] += decay * p[i];
    if (l1 != 0)
        for (size_t i = 0; i < n; i++) g[i] += p[i] > 0 ? l1 : p[i] < 0 ? -l1 : 0;
}

static fv_status plan(fv_step *step) {
    step->out_layout[0] = (fv_layout){.kind = FV_PLAIN, .parts = step->threads};
    return FV_OK;
}

/* The rate, and the steps done before, of one parameter. */
static float rate_of(const fv_node *node, const fv_run_env *env) {
    float scale = fv_parameter_of(node->in[PARAM]->node)->treatment.lr_scale;
    return scale == 0 ? env->lr : scale * env->lr;
}

static uint64_t steps_of(const fv_node *node, const fv_run_env *env) {
    return env->step - fv_parameter_of(node->in[PARAM]->node)->treatment.first_step;
}

static void run(const fv_step *step, int thread, int nthreads) {
    const update *u = step->node->args;
    float gradient[FV_UPDATE_CHUNK], clip = clip_of(step), lr = rate_of(step->node, step->env);
    uint64_t steps = steps_of(step->node, step->env);
    double total = 0;
    size_t at, end, n;
    fv_share_elements(step, PARAM, thread, nthreads, &at, &end);
    for (; at < end; at += n) {
        n = end - at < FV_UPDATE_CHUNK ? end - at : FV_UPDATE_CHUNK;
        float *p = (float *)step->in[PARAM] + at, *slots[FV_MAX_SLOTS] = {0};
        for (int s = 0; s < u->rule->n_slots; s++) slots[s] = (float *)step->in[SLOTS + s] + at;
        fv_read_gradient(step, GRAD, at, n, gradient);
        double squares = fv_simd_pick()->sum_squares(n, gradient);
        total += squares;
        add_terms(u, clip, p, gradient, n);
        if (isfinite(squares)) /* the square of any float fits a double: it is not for NaN and infinity alone */
            u->rule->run(p, gradient, slots, n, &u->hyper, lr, steps);
        else
            atomic_store(step->env->bad_node, step->node);
    }
    ((float *)step->out[0])[thread] = (float)fmin(total, FLT_MAX);
}

static const fv_kernel kernels[] = {{"simd", FV_PLAIN, FV_PLAIN, 0, NULL, plan, run}};

/* ---- Definition: each element for itself, the rule in float ------------------------------------------------------ */

static fv_status infer(const fv_node *node, fv_shape out[]) {
    (void)node;
    out[0] = (fv_shape){0};
    return FV_OK;
}

static void ref_element(const fv_node *node, double clip, double *p, double gradient, double *slots[],
                        const fv_run_env *env) {
    const update *u = node->args;
    float value = (float)*p, state[FV_MAX_SLOTS], *at[FV_MAX_SLOTS];
    for (int s = 0; s < u->rule->n_slots; s++) state[s] = (float)*slots[s], at[s] = &state[s];
    gradient = clip * gradient + u->hyper.l1 * ((*p > 0) - (*p < 0));
    if (!u->rule->decoupled) gradient += u->hyper.weight_decay * *p;
    u->rule->run(&value, &(float){(float)gradient}, at, 1, &u->hyper, rate_of(node, env), steps_of(node, env));
    *p = value;
    for (int s = 0; s < u->rule->n_slots; s++) *slots[s] = state[s];
}

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    const update *u = node->args;
    double clip = u->clipped ? clip_factor(&u->hyper, in[SQUARES][0]) : 1;
    out[0][0] = 0;
    for (size_t i = 0; i < fv_shape_count(&node->in[PARAM]->shape); i++) {
        double *slots[FV_MAX_SLOTS];
        for (int s = 0; s < u->rule->n_slots; s++) slots[s] = (double *)in[SLOTS + s] + i; /* see written_in */
        out[0][0] += in[GRAD][i] * in[GRAD][i];
        if (isfinite(in[GRAD][i]))
            ref_element(node, clip, (double *)in[PARAM] + i, in[GRAD][i], slots, env);
        else
            atomic_store(env->bad_node, node);
    }
}

const fv_op fv_update_op = {
    .name = "update",
    .args_size = sizeof(update),
    .min_in = SLOTS,
    .max_in = SLOTS + FV_MAX_SLOTS,
    .n_out = 1,
    .flags = FV_OP_EFFECT | FV_OP_SAME_LAYOUT,
    .written_in = 1 << PARAM | ((1 << FV_MAX_SLOTS) - 1) << SLOTS,
    .infer = infer,
    .ref = ref,
    .kernels = kernels,
    .n_kernels = FV_COUNT(kernels),
};

fv_value *fv_update_node(fv_graph *graph, const fv_rule *rule, const fv_hyper *hyper, fv_value *param, fv_value *grad,
                         fv_value *const slots[], fv_value *norm) {
    if (!param) return NULL;
    fv_value *in[SLOTS + FV_MAX_SLOTS] = {[PARAM] = param, [GRAD] = grad, [SQUARES] = norm ? norm : grad};
    for (int s = 0; s < rule->n_slots; s++) in[SLOTS + s] = slots[s];
    return fv_node_new(graph, &fv_update_op, param->node->name, &(update){rule, *hyper, norm != NULL}, in,
                       SLOTS + rule->n_slots);
}
