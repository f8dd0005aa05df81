/* Update: p, slots <- rule(p, slots, gradient), in place, in one pass over memory. Inputs: the parameter, its gradient, the
 * sum of squares of all gradients (the gradient again where they are not clipped), for rules with norms what trust found, the rule's slots. Output, a scalar: the
 * sum of squares of grad, which tells also whether it is finite.
 *
 *   gradient = clip * grad + weight_decay p (unless the rule decouples it) + l1 sign(p)
 *   clip = min(1, clip_norm / (norm + 1e-6)), or each number of grad cut to -clip_value ... clip_value
 *   average += (1 - min(ema, t / (9 + t))) (p - average), where it is asked for: the last slot
 *
 * The average starts as the weights after the first step (t = 0), and its memory grows with the run (TensorFlow's
 * ExponentialMovingAverage with num_updates), so that a short run's is not mostly its beginning.
 *
 * Gradients come in parts, one a thread, and are added in order. Parameter, gradient and slots share one layout, whatever
 * it is: lanes of padding hold zeros, and every rule keeps them. A gradient that is not finite is not applied (its stretch
 * of FV_UPDATE_CHUNK elements stays as it was) and puts the node into env->bad_node. While a group of batches goes on nothing
 * happens. */
#include "ops/update.h"

#include "kernels/cpu.h"
#include "ops/rooms.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum { PARAM = FV_UPDATE_PARAM, GRAD = FV_UPDATE_GRAD, SQUARES = FV_UPDATE_SQUARES, SLOTS = FV_UPDATE_SLOTS };

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

/* A scalar input, its parts added up. */
static double scalar(const fv_step *step, int input) {
    const float *part = step->in[input];
    double sum = part[0];
    for (int i = 1; i < step->in_layout[input].parts; i++) sum += part[i];
    return sum;
}

/* A NaN clips nothing, so that the update which reports it is that of the parameter whose gradient it came from. */
double fv_clip_factor(const fv_hyper *h, double squares) {
    return (double)(float)fmin(1, h->clip_norm / (sqrt(squares) + 1e-6));
}

double fv_clipped_gradient(const fv_step *step, size_t at, size_t n, float *g) {
    const fv_update *u = step->node->args;
    const float clip = u->clipped ? (float)fv_clip_factor(&u->hyper, scalar(step, SQUARES)) : 1;
    const float most = u->hyper.clip_value;
    fv_read_gradient(step, GRAD, at, n, g);
    const double squares = fv_simd_pick()->sum_squares(n, g);
    for (size_t i = 0; i < n && most > 0; i++) g[i] = g[i] > most ? most : g[i] < -most ? -most : g[i];
    for (size_t i = 0; i < n && clip != 1; i++) g[i] *= clip;
    return squares;
}

static void add_terms(const fv_update *u, const float *p, float *g, size_t n) {
    const float decay = u->rule->decoupled ? 0 : u->hyper.weight_decay, l1 = u->hyper.l1;
    if (decay != 0)
        for (size_t i = 0; i < n; i++) g[i] += decay * p[i];
    if (l1 != 0)
        for (size_t i = 0; i < n; i++) g[i] += p[i] > 0 ? l1 : p[i] < 0 ? -l1 : 0;
}

/* The rate, with the rule's factor for this parameter. */
static float rate_of(const fv_update *u, float lr, double param_squares, double direction_squares) {
    return (float)((double)lr * u->rule->trust(&u->hyper, sqrt(param_squares), sqrt(direction_squares)));
}

static int rule_slots(const fv_rule *rule, const fv_hyper *h) {
    return rule->slots_for ? rule->slots_for(h) : rule->n_slots;
}

int fv_update_slots(const fv_rule *rule, const fv_hyper *h) { return rule_slots(rule, h) + (h->ema > 0); }

static int slots_of(const fv_update *u) { return fv_update_slots(u->rule, &u->hyper); }

static void apply(const fv_update *u, float *restrict p, const float *g, float *const slots[], size_t n, float lr,
                  uint64_t steps) {
    u->rule->run(p, g, slots, n, &u->hyper, lr, steps);
    if (u->hyper.ema == 0) return;
    float *restrict average = slots[rule_slots(u->rule, &u->hyper)];
    const double t = (double)steps;
    const float share = (float)(1 - fmin((double)u->hyper.ema, t / (9 + t)));
    for (size_t i = 0; i < n; i++) average[i] += share * (p[i] - average[i]);
}

static fv_status plan(fv_step *step) {
    step->out_layout[0] = (fv_layout){.kind = FV_PLAIN, .parts = step->threads};
    return FV_OK;
}

/* The rate, and the steps done before, of one parameter. */
static float lr_of(const fv_node *node, const fv_run_env *env) {
    float scale = fv_parameter_of(node->in[PARAM]->node)->treatment.lr_scale;
    return scale == 0 ? env->lr : scale * env->lr;
}

static uint64_t steps_of(const fv_node *node, const fv_run_env *env) {
    return env->step - fv_parameter_of(node->in[PARAM]->node)->treatment.first_step;
}

static void run(const fv_step *step, int thread, int nthreads) {
    const fv_update *u = step->node->args;
    if (step->env->group.hold) return;
    float gradient[FV_UPDATE_CHUNK], lr = lr_of(step->node, step->env);
    const uint64_t steps = steps_of(step->node, step->env);
    if (u->trusted)
        lr = rate_of(u, lr, scalar(step, FV_UPDATE_PARAM_SQUARES), scalar(step, FV_UPDATE_DIRECTION_SQUARES));
    double total = 0;
    size_t at, end, n;
    fv_share_elements(step, PARAM, thread, nthreads, &at, &end);
    for (; at < end; at += n) {
        n = end - at < FV_UPDATE_CHUNK ? end - at : FV_UPDATE_CHUNK;
        float *p = (float *)step->in[PARAM] + at, *slots[FV_MAX_SLOTS] = {0};
        for (int s = 0; s < slots_of(u); s++) slots[s] = (float *)step->in[SLOTS + s] + at;
        double squares = fv_clipped_gradient(step, at, n, gradient);
        total += squares;
        add_terms(u, p, gradient, n);
        if (isfinite(squares)) /* the square of any float fits a double: it is not for NaN and infinity alone */
            apply(u, p, gradient, slots, n, lr, steps);
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

double fv_clipped_number(const fv_hyper *h, double clip, double g) {
    const double most = (double)h->clip_value;
    return clip * (most > 0 ? fmax(-most, fmin(most, g)) : g);
}

static void ref_element(const fv_update *u, double clip, double *p, double gradient, double *slots[], float lr,
                        uint64_t steps) {
    float value = (float)*p, state[FV_MAX_SLOTS], *at[FV_MAX_SLOTS];
    for (int s = 0; s < slots_of(u); s++) state[s] = (float)*slots[s], at[s] = &state[s];
    gradient = fv_clipped_number(&u->hyper, clip, gradient) + u->hyper.l1 * ((*p > 0) - (*p < 0));
    if (!u->rule->decoupled) gradient += u->hyper.weight_decay * *p;
    apply(u, &value, &(float){(float)gradient}, at, 1, lr, steps);
    *p = value;
    for (int s = 0; s < slots_of(u); s++) *slots[s] = state[s];
}

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    const fv_update *u = node->args;
    if (env->group.hold) return;
    double clip = u->clipped ? fv_clip_factor(&u->hyper, in[SQUARES][0]) : 1;
    const uint64_t steps = steps_of(node, env);
    float lr = lr_of(node, env);
    if (u->trusted) lr = rate_of(u, lr, in[FV_UPDATE_PARAM_SQUARES][0], in[FV_UPDATE_DIRECTION_SQUARES][0]);
    out[0][0] = 0;
    for (size_t i = 0; i < fv_shape_count(&node->in[PARAM]->shape); i++) {
        double *slots[FV_MAX_SLOTS];
        for (int s = 0; s < slots_of(u); s++) slots[s] = (double *)in[SLOTS + s] + i; /* see written_in */
        out[0][0] += in[GRAD][i] * in[GRAD][i];
        if (isfinite(in[GRAD][i]))
            ref_element(u, clip, (double *)in[PARAM] + i, in[GRAD][i], slots, lr, steps);
        else
            atomic_store(env->bad_node, node);
    }
}

const fv_op fv_update_op = {
    .name = "update",
    .args_size = sizeof(fv_update),
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
    fv_update args = {.rule = rule, .hyper = *hyper, .clipped = norm != NULL, .trusted = rule->trust && hyper->adapts};
    fv_value *in[SLOTS + FV_MAX_SLOTS] = {param, grad, norm ? norm : grad, grad, grad};
    if (args.trusted) {
        fv_value *squares = fv_trust_node(graph, rule, hyper, param, grad, slots, norm);
        if (!squares) return NULL;
        for (int i = 0; i < 2; i++) in[FV_UPDATE_PARAM_SQUARES + i] = &squares->node->out[i];
    }
    for (int s = 0; s < slots_of(&args); s++) in[SLOTS + s] = slots[s];
    return fv_node_new(graph, &fv_update_op, param->node->name, &args, in, SLOTS + slots_of(&args));
}
