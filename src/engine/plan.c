#include "engine/plan.h"

#include "core/memory.h"
#include "engine/build.h"
#include "kernels/cpu.h"

void fv_plan_free(fv_plan *plan) {
    if (!plan) return;
    for (int i = 0; i < plan->n_steps; i++) {
        if (plan->steps[i]->free_state) plan->steps[i]->free_state(plan->steps[i]->state);
        fv_free(plan->steps[i]);
    }
    pthread_mutex_lock(&plan->model->lock);
    for (int i = 0; i < plan->n_pinned; i++) plan->pinned[i]->pins--;
    pthread_mutex_unlock(&plan->model->lock);
    fv_unmap(plan->arena, plan->arena_mapped);
    fv_graph_free(plan->graph);
    fv_free(plan->steps);
    fv_free(plan->reads);
    fv_free(plan->timings);
    fv_free(plan->segments);
    fv_free(plan->slots);
    fv_free(plan->pinned);
    fv_free(plan->versions);
    fv_free(plan->uses[0]);
    fv_free(plan->uses[1]);
    fv_free(plan);
}

static fv_status build(fv_plan *plan) {
    FV_TRY(fv_build_graph(plan));
    FV_TRY(fv_lower(plan));
    FV_TRY(fv_phases(plan));
    return fv_plan_memory(plan);
}

fv_plan *fv_plan_new(fv_model *model, const fv_plan_args *args) {
    if (!model || !args->team) return NULL;
    if (args->batch < 1) {
        fv_fail(FV_BAD_ARGUMENT, "batch size %d: must be at least 1", args->batch);
        return NULL;
    }
    if (fv_precision_check(args->precision) != FV_OK) return NULL;
    fv_plan *plan = FV_NEW(fv_plan);
    if (!plan) return NULL;
    plan->model = model;
    plan->args = *args;
    plan->env = (fv_run_env){.team = args->team, .count = args->batch, .training = args->updates || args->observe};
    plan->env.bad_node = &plan->bad_node;
    plan->env.failure = &plan->failure;
    pthread_mutex_lock(&model->lock); /* parameters may change their layout while nobody relies on it */
    fv_status status = build(plan);
    pthread_mutex_unlock(&model->lock);
    if (status == FV_OK) return plan;
    fv_plan_free(plan);
    return NULL;
}

size_t fv_plan_bytes(const fv_plan *plan) { return plan->arena_bytes; }

int fv_plan_batch(const fv_plan *plan) { return plan->args.batch; }

fv_status fv_plan_profile(fv_plan *plan) {
    fv_timing *timings = FV_NEW_N(fv_timing, (size_t)plan->n_steps);
    if (!timings) return FV_NO_MEMORY;
    fv_free(plan->timings);
    plan->timings = timings;
    plan->profiled = 0;
    return FV_OK;
}

int fv_plan_profiled(const fv_plan *plan) { return plan->profiled; }

static size_t bytes_of(const fv_plan *plan, const fv_value *value) {
    const fv_slot *slot = fv_slot_of(plan, value);
    return slot->bytes * (slot->layout.parts ? (size_t)slot->layout.parts : 1);
}

/* What the step writes of its inputs (an update's parameter and slots) counts twice. */
static size_t traffic(const fv_plan *plan, int index) {
    const fv_node *node = plan->steps[index]->node;
    size_t bytes = 0;
    for (int i = 0; i < node->n_in; i++)
        bytes += bytes_of(plan, plan->reads[index][i]) << (node->op->written_in >> i & 1);
    for (int i = 0; i < node->n_out; i++) bytes += bytes_of(plan, &node->out[i]);
    return bytes;
}

bool fv_plan_step(const fv_plan *plan, int index, fv_step_info *info) {
    if (index < 0 || index >= plan->n_steps) return false;
    const fv_step *step = plan->steps[index];
    const fv_op *op = step->node->op;
    const fv_timing *timing = plan->timings ? &plan->timings[index] : &(fv_timing){0};
    size_t macs = op->macs ? op->macs(step->node) : 0;
    *info = (fv_step_info){
        .node = step->node,
        .kernel = step->kernel->name,
        .detail = step->detail,
        .out = step->kernel->out,
        .phase = step->phase,
        .macs = macs,
        .least_macs = op->least_macs ? op->least_macs(step->node) : macs,
        .bytes = traffic(plan, index),
        .seconds = timing->total,
        .began = timing->began - plan->began,
        .took = timing->took,
    };
    return true;
}
