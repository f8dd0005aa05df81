/* Running a plan: segment by segment, every thread runs every step. */
#include "core/clock.h"
#include "engine/build.h"
#include "ops/rooms.h"

#include <math.h>
#include <stdatomic.h>

typedef struct stretch {
    const fv_plan *plan;
    int begin, end;
} stretch;

static void run_stretch(void *context, int thread, int nthreads) {
    const stretch *s = context;
    for (int i = s->begin; i < s->end; i++) {
        const fv_step *step = s->plan->steps[i];
        if (step->barrier && i > s->begin) fv_team_barrier(s->plan->args.team);
        step->kernel->run(step, thread, nthreads);
    }
}

static void run_steps(const fv_plan *plan, int begin, int end, bool solo) {
    const fv_step *first = plan->steps[begin];
    if (solo)
        first->kernel->run(first, 0, 1);
    else
        fv_team_run(plan->args.team, run_stretch, &(stretch){plan, begin, end});
}

static void run_timed(const fv_plan *plan, const fv_segment *segment) {
    for (int i = segment->begin; i < segment->end; i++) {
        fv_timing *timing = &plan->timings[i];
        timing->began = fv_seconds();
        run_steps(plan, i, i + 1, segment->solo);
        timing->took = fv_seconds() - timing->began;
        timing->total += timing->took;
    }
}

/* A solo step's outputs are not to be used when it failed. */
static fv_status run_segments(const fv_plan *plan, int begin, int end) {
    for (const fv_segment *segment = plan->segments + begin; segment < plan->segments + end; segment++) {
        const fv_node *first = plan->steps[segment->begin]->node;
        if (plan->timings)
            run_timed(plan, segment);
        else
            run_steps(plan, segment->begin, segment->end, segment->solo);
        if (plan->failure != FV_OK)
            return fv_fail_in(FV_BROKEN, "%s/%s %s did not run", plan->graph->name, first->name, first->op->name);
    }
    return FV_OK;
}

/* The prologue runs when a parameter has changed since it last did. */
static fv_status refresh(fv_plan *plan) {
    if (plan->n_prologue == 0) return FV_OK;
    bool fresh = plan->refreshed;
    for (int i = 0; i < plan->n_pinned; i++) fresh = fresh && plan->versions[i] == plan->pinned[i]->version;
    if (fresh) return FV_OK;
    plan->refreshed = false;
    FV_TRY(run_segments(plan, 0, plan->first_segment));
    for (int i = 0; i < plan->n_pinned; i++) plan->versions[i] = plan->pinned[i]->version;
    plan->refreshed = true;
    return FV_OK;
}

/* The parameters' memory can have moved since the plan was made only through fv_model_set, which keeps it in place. */
static void bind(fv_plan *plan, int which, const float *data) {
    union {
        const float *in;
        void *out; /* steps hold all pointers alike; nobody writes through an input's */
    } pointer = {.in = data};
    for (int i = 0; i < plan->n_uses[which]; i++) *plan->uses[which][i] = pointer.out;
}

fv_status fv_plan_run(fv_plan *plan, const fv_plan_input *input) {
    plan->env.seed = input->seed;
    plan->env.step = input->step;
    plan->env.lr = input->lr;
    plan->env.group = input->group;
    atomic_store(&plan->bad_node, NULL);
    plan->failure = FV_OK;
    plan->began = fv_seconds();
    bind(plan, 0, input->x);
    bind(plan, 1, input->target);
    FV_TRY(refresh(plan));
    fv_status status = run_segments(plan, plan->first_segment, plan->n_segments);
    if (plan->args.updates) /* some may have moved also where a later step failed; what the prologue read has not */
        for (int i = 0; i < plan->n_pinned; i++) plan->versions[i] = ++plan->pinned[i]->version;
    FV_TRY(status);
    const fv_node *bad = atomic_load(&plan->bad_node);
    if (bad)
        return fv_fail_node(FV_NOT_FINITE, bad,
                            "became NaN or infinite at step %llu: lower the learning rate, or check the data",
                            (unsigned long long)input->step);
    plan->profiled += plan->timings != NULL;
    return FV_OK;
}

/* A scalar that the last run has left. */
static double scalar_of(const fv_plan *plan, const fv_value *value) {
    fv_slot *slot = fv_slot_of(plan, value);
    unsigned char *at = plan->arena + fv_slot_root(slot)->offset;
    double sum = 0;
    for (int part = 0; part < (slot->layout.parts ? slot->layout.parts : 1); part++)
        sum += (double)*fv_part(at, slot->bytes, part);
    return sum;
}

float fv_plan_mean_loss(const fv_plan *plan) {
    double loss = plan->n_losses ? 0 : (double)NAN;
    for (int i = 0; i < plan->n_losses; i++) loss += scalar_of(plan, plan->losses[i]);
    return (float)loss;
}

void fv_plan_gradient_norms(const fv_plan *plan, double *norms) {
    for (int i = 0; i < plan->model->n_params; i++) norms[i] = NAN;
    for (int id = 0; id < plan->graph->n_nodes; id++) {
        const fv_node *node = plan->graph->nodes[id];
        if (node->op != &fv_update_op) continue;
        norms[node->in[0]->node->param - plan->model->params] = sqrt(scalar_of(plan, &node->out[0]));
    }
}

static const float *kept(const fv_plan *plan, const fv_value *value) {
    const fv_slot *root = fv_slot_root(fv_slot_of(plan, value));
    return root->external ? root->external : (const float *)(const void *)(plan->arena + root->offset);
}

const float *fv_plan_logits(const fv_plan *plan) { return kept(plan, plan->logits); }
const float *fv_plan_observed(const fv_plan *plan) { return kept(plan, plan->observed); }
const float *fv_plan_gradient(const fv_plan *plan) { return kept(plan, plan->gradient); }
