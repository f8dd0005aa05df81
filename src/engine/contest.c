#include "engine/contest.h"

#include "core/clock.h"
#include "core/memory.h"
#include "kernels/dnn.h"
#include "ops/conv2d.h"
#include "ops/rooms.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Memory that steps share: a tensor each of the forward node's inputs and its output, in whose places lie the gradients there
 * too; what backward nodes give of parameters; working memory. */
enum {
    OUTPUT = FV_MAX_IN,
    GRADIENTS,
    SCRATCH = GRADIENTS + FV_MAX_OUT,
    OWN_SCRATCH,
    OTHERS, /* what the rest of a network leaves in the caches */
    BUFFERS,
};
enum { OTHER_BYTES = 64 << 20 };

typedef struct rival {
    fv_choice choice;
    fv_step *step;
    double seconds;
} rival;

typedef struct contest {
    const fv_passes *passes;
    fv_tuning *judge;
    fv_run_env env;
    fv_status failure;
    _Atomic(const fv_node *) bad_node;
    rival rivals[FV_PASSES][FV_RIVALS];
    int n[FV_PASSES];
    size_t bytes[BUFFERS];
    void *buffers[BUFFERS];
    double reorder; /* seconds to bring a weight, or its gradient, from one order to another */
} contest;

/* ---- Who takes part ------------------------------------------------------------------------------------------------ */

/* The step that a backward one would find before it: by the same kernel, if it can. */
static const fv_step *forward_for(const contest *c, const fv_kernel *kernel) {
    for (int i = 0; i < c->n[0]; i++)
        if (strcmp(c->rivals[0][i].choice.kernel->name, kernel->name) == 0) return c->rivals[0][i].step;
    return c->rivals[0][0].step;
}

static fv_step *make_step(contest *c, int pass, const fv_choice *choice) {
    const fv_node *node = c->passes->nodes[pass];
    fv_step *step = FV_NEW(fv_step);
    if (!step) return NULL;
    *step = (fv_step){.node = node,
                      .kernel = choice->kernel,
                      .variant = choice->variant,
                      .env = &c->env,
                      .threads = fv_team_size(c->env.team),
                      .forward = pass ? forward_for(c, choice->kernel) : NULL};
    for (int i = 0; i < node->n_in; i++)
        if (fv_is_activation(node->in[i]))
            step->in_layout[i].kind = fv_input_layout(node, i, c->passes->in, c->passes->out);
    for (int i = 0; i < node->n_out; i++)
        if (fv_is_activation(&node->out[i])) step->out_layout[i].kind = choice->kernel->out;
    return step;
}

static void free_step(fv_step *step) {
    if (step && step->free_state) step->free_state(step->state);
    fv_free(step);
}

/* Of a tensor's memory; weights that Winograd's kernels are given transformed are as large as whoever transforms them says. */
static size_t bytes_of(const fv_value *value, const fv_layout *layout) {
    fv_step transform = {.out_layout = {*layout}};
    if (layout->kind != FV_WINOGRAD) return fv_bytes_in(&value->shape, layout);
    return fv_winograd_plan_transform(&transform) == FV_OK ? transform.out_bytes[0] : 0;
}

static fv_status enter(contest *c, int pass) {
    fv_choice choices[FV_RIVALS];
    int n = fv_rivals(c->passes, pass, fv_team_size(c->env.team), choices);
    for (int i = 0; i < n; i++) {
        fv_step *step = make_step(c, pass, &choices[i]);
        if (!step) return FV_NO_MEMORY;
        fv_status status = choices[i].kernel->plan ? choices[i].kernel->plan(step) : FV_OK;
        if (status == FV_OK && !step->refused)
            c->rivals[pass][c->n[pass]++] = (rival){.choice = choices[i], .step = step};
        else
            free_step(step);
        FV_TRY(status);
    }
    return FV_OK;
}

/* ---- Memory -------------------------------------------------------------------------------------------------------- */

static int place_of_input(const contest *c, const fv_step *step, int i) {
    const fv_node *forward = c->passes->nodes[0];
    if (step->overwrites == i + 1) return OUTPUT;
    for (int j = 0; j < forward->n_in; j++)
        if (forward->in[j] == step->node->in[i]) return j;
    return OUTPUT; /* a gradient of it */
}

static int place_of_output(const fv_step *step, int i) {
    if (!step->node->forward) return OUTPUT;
    return fv_is_activation(&step->node->out[i]) ? 0 : GRADIENTS + i;
}

static size_t room(const fv_value *value, const fv_layout *layout) {
    return bytes_of(value, layout) * (layout->parts ? (size_t)layout->parts : 1);
}

static void at_least(contest *c, int place, size_t bytes) {
    if (c->bytes[place] < bytes) c->bytes[place] = bytes;
}

static void size_up(contest *c, fv_step *step) {
    for (int i = 0; i < step->node->n_in; i++) {
        step->in_bytes[i] = bytes_of(step->node->in[i], &step->in_layout[i]);
        at_least(c, place_of_input(c, step, i), room(step->node->in[i], &step->in_layout[i]));
    }
    for (int i = 0; i < step->node->n_out; i++) {
        step->out_bytes[i] = bytes_of(&step->node->out[i], &step->out_layout[i]);
        at_least(c, place_of_output(step, i), room(&step->node->out[i], &step->out_layout[i]));
    }
    step->own_scratch_stride = (step->own_scratch_bytes + 63) / 64 * 64;
    at_least(c, SCRATCH, step->scratch_bytes);
    at_least(c, OWN_SCRATCH, step->own_scratch_stride * (size_t)step->threads);
}

static void bind(const contest *c, fv_step *step) {
    for (int i = 0; i < step->node->n_in; i++) step->in[i] = c->buffers[place_of_input(c, step, i)];
    for (int i = 0; i < step->node->n_out; i++) step->out[i] = c->buffers[place_of_output(step, i)];
    step->scratch = c->buffers[SCRATCH];
    step->own_scratch = c->buffers[OWN_SCRATCH];
}

/* False where memory is not free for all of it. */
static bool fits(const contest *c) {
    size_t total = 0;
    for (int b = 0; b < BUFFERS; b++)
        if (!fv_size_add(total, c->bytes[b], &total)) return false;
    return total <= fv_memory_available();
}

/* Zeros, which no kernel that takes part treats differently from other numbers. */
static fv_status furnish(contest *c) {
    for (int b = 0; b < BUFFERS; b++)
        if (c->bytes[b] && !(c->buffers[b] = fv_map(c->bytes[b]))) return fv_last_status();
    for (int p = 0; p < c->passes->n; p++)
        for (int i = 0; i < c->n[p]; i++) bind(c, c->rivals[p][i].step);
    return FV_OK;
}

/* ---- The race ------------------------------------------------------------------------------------------------------ */

double fv_time_runs(void *user, const fv_trial *trial) {
    enum { FEWEST = 2, MOST = 12 };
    const double enough = 0.03;
    double shortest = INFINITY, all = 0;
    (void)user;
    trial->run(trial->context);
    for (int i = 0; i < MOST && (i < FEWEST || all < enough); i++) {
        trial->ready(trial->context);
        double began = fv_seconds();
        trial->run(trial->context);
        double took = fv_seconds() - began;
        shortest = fmin(shortest, took);
        all += took;
    }
    return shortest;
}

/* As it is in a network: all is out of the caches but what the step before has written, input 0 or the gradient of the output. */
static void make_ready(const contest *c, int warm) {
    memset(c->buffers[OTHERS], 0, c->bytes[OTHERS]);
    if (c->bytes[warm]) memset(c->buffers[warm], 0, c->bytes[warm]);
}

typedef struct attempt {
    const contest *c;
    fv_step *step;
} attempt;

static void ready_step(void *context) {
    const attempt *a = context;
    make_ready(a->c, a->step->node->forward ? OUTPUT : 0);
}

static void run_share(void *context, int thread, int nthreads) {
    const fv_step *step = context;
    step->kernel->run(step, thread, nthreads);
}

static void run_step(void *context) {
    fv_step *step = ((const attempt *)context)->step;
    if (step->kernel->flags & FV_SOLO)
        step->kernel->run(step, 0, 1);
    else
        fv_team_run(step->env->team, run_share, step);
}

static fv_status race(contest *c, int pass) {
    const fv_op *op = c->passes->nodes[pass]->op;
    char name[FV_CHOICE_NAME], what[2 * FV_CHOICE_NAME];
    for (rival *r = c->rivals[pass]; r < c->rivals[pass] + c->n[pass]; r++) {
        fv_choice_name(op, &r->choice, name);
        snprintf(what, sizeof what, "%.60s %s", op->name, name);
        attempt a = {c, r->step};
        r->seconds = c->judge->time(c->judge->user, &(fv_trial){what, ready_step, run_step, &a});
        if (c->failure != FV_OK) return fv_fail_in(c->failure, "%s", what);
    }
    return FV_OK;
}

/* ---- Weights between the passes -------------------------------------------------------------------------------------- */

/* The weight as the step wants it, or its gradient as the step gives it. */
typedef struct weight {
    const fv_value *value; /* NULL: the step has neither */
    const fv_layout *layout;
    const void *data;
} weight;

static weight weight_of(const fv_step *step) {
    const fv_node *node = step->node;
    for (int i = 0; i < node->n_in; i++)
        if (node->in[i]->node->op == &fv_parameter_op && node->in[i]->shape.rank > 1)
            return (weight){node->in[i], &step->in_layout[i], step->in[i]};
    for (int i = 0; i < node->n_out; i++)
        if (node->op->weight_out >> i & 1 && node->out[i].shape.rank > 1)
            return (weight){&node->out[i], &step->out_layout[i], step->out[i]};
    return (weight){0};
}

/* The parameter lies as the forward pass wants it: it is reordered for a backward pass that wants another order, or its gradient
 * for the update. */
static bool disagree(const rival *forward, const rival *backward) {
    weight a = weight_of(forward->step), b = weight_of(backward->step);
    return a.value && b.value && !fv_same_layout(a.layout, b.layout);
}

typedef struct reordering {
    const contest *c;
    fv_prim *prim;
    fv_prim_args args;
    fv_status status;
} reordering;

static void ready_reorder(void *context) { make_ready(((const reordering *)context)->c, OTHERS); }

static void run_reorder(void *context) {
    reordering *r = context;
    fv_status status = fv_prim_run(r->prim, &r->args);
    if (status != FV_OK) r->status = status;
}

/* Some rival's weight in an order of oneDNN's. */
static weight reordered_weight(const contest *c) {
    for (int p = 0; p < c->passes->n; p++)
        for (int i = 0; i < c->n[p]; i++) {
            weight w = weight_of(c->rivals[p][i].step);
            if (w.value && w.layout->kind == FV_OPAQUE) return w;
        }
    return (weight){0};
}

/* To the plain order; the way back takes as long. Where the weight is a constant, the prologue does it. */
static fv_status time_reorder(contest *c) {
    weight w = reordered_weight(c);
    if (!w.value || c->passes->n == 1) return FV_OK;
    void *plain = fv_map(fv_shape_count(&w.value->shape) * sizeof(float));
    if (!plain) return fv_last_status();
    reordering r = {.c = c, .args = {.src = w.data, .dst = plain}};
    r.status = fv_dnn_reorder_new(w.layout->opaque, NULL, &r.prim);
    if (r.prim) c->reorder = c->judge->time(c->judge->user, &(fv_trial){"reorder", ready_reorder, run_reorder, &r});
    fv_prim_free(r.prim);
    fv_unmap(plain, fv_shape_count(&w.value->shape) * sizeof(float));
    return r.status;
}

/* ---- The result ------------------------------------------------------------------------------------------------------ */

/* The best backward kernel beside a forward one, and what the pass then costs. */
static double best_beside(const contest *c, const rival *forward, int pass, const rival **best) {
    double lowest = INFINITY;
    for (const rival *r = c->rivals[pass]; r < c->rivals[pass] + c->n[pass]; r++) {
        double seconds = r->seconds + (disagree(forward, r) ? c->reorder : 0);
        if (seconds < lowest) lowest = seconds, *best = r;
    }
    return lowest;
}

static void decide(const contest *c, fv_choice winners[FV_PASSES]) {
    double lowest = INFINITY;
    for (const rival *forward = c->rivals[0]; forward < c->rivals[0] + c->n[0]; forward++) {
        const rival *beside[FV_PASSES] = {forward};
        double total = forward->seconds;
        for (int p = 1; p < c->passes->n; p++) total += best_beside(c, forward, p, &beside[p]);
        if (total >= lowest) continue;
        lowest = total;
        for (int p = 0; p < c->passes->n; p++) winners[p] = beside[p]->choice;
    }
}

static fv_status hold(contest *c, fv_choice winners[FV_PASSES], bool *found) {
    for (int p = 0; p < c->passes->n; p++) {
        FV_TRY(enter(c, p));
        if (c->n[p] == 0) return FV_OK;
    }
    for (int p = 0; p < c->passes->n; p++)
        for (int i = 0; i < c->n[p]; i++) size_up(c, c->rivals[p][i].step);
    c->bytes[OTHERS] = OTHER_BYTES;
    if (!(*found = fits(c))) return FV_OK;
    FV_TRY(furnish(c));
    for (int p = 0; p < c->passes->n; p++) FV_TRY(race(c, p));
    FV_TRY(time_reorder(c));
    decide(c, winners);
    return FV_OK;
}

fv_status fv_contest(const fv_plan *plan, const fv_passes *passes, fv_tuning *judge, fv_choice winners[FV_PASSES],
                     bool *found) {
    double began = fv_seconds();
    *found = false;
    contest *c = FV_NEW(contest);
    if (!c) return FV_NO_MEMORY;
    *c = (contest){.passes = passes, .judge = judge, .env = plan->env};
    c->env.bad_node = &c->bad_node;
    c->env.failure = &c->failure;
    fv_status status = hold(c, winners, found);
    for (int p = passes->n; p-- > 0;) /* backward primitives before the forward ones that they were made with */
        for (int i = c->n[p]; i-- > 0;) free_step(c->rivals[p][i].step);
    for (int b = 0; b < BUFFERS; b++)
        if (c->buffers[b]) fv_unmap(c->buffers[b], c->bytes[b]);
    fv_free(c);
    judge->contests += *found;
    judge->seconds += fv_seconds() - began;
    return status;
}
