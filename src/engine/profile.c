#include "engine/profile.h"

#include "core/memory.h"
#include "engine/build.h"

#include <stdlib.h>
#include <string.h>

static fv_step_profile profile_of(const fv_step_info *step, int runs, fv_peak peak) {
    return (fv_step_profile){
        .layer = step->node->name,
        .op = step->node->op->name,
        .kernel = step->kernel,
        .detail = step->detail,
        .reference = strcmp(step->kernel, fv_ref_kernel.name) == 0,
        .cost = {.seconds = step->seconds / runs,
                 .operations = 2.0 * (double)step->macs,
                 .bytes = (double)step->bytes,
                 .bound = 2.0 * (double)step->least_macs / peak.flops + (double)step->bytes / peak.bytes},
        .began = step->began,
        .took = step->took,
    };
}

static void add(fv_cost *sum, const fv_cost *cost) {
    sum->seconds += cost->seconds;
    sum->operations += cost->operations;
    sum->bytes += cost->bytes;
    sum->bound += cost->bound;
}

static void add_to_op(fv_profile *profile, const fv_step_profile *step) {
    int i = 0;
    while (i < profile->n_ops && strcmp(profile->ops[i].op, step->op) != 0) i++;
    if (i == profile->n_ops) profile->ops[profile->n_ops++].op = step->op;
    profile->ops[i].steps++;
    add(&profile->ops[i].cost, &step->cost);
}

static int costliest_first(const void *a, const void *b) {
    double x = ((const fv_op_profile *)a)->cost.seconds, y = ((const fv_op_profile *)b)->cost.seconds;
    return (x < y) - (x > y);
}

/* Steps that no run needed, those of a prologue whose parameters stayed, are none of its cost. */
static void sum_up(const fv_plan *plan, fv_profile *profile) {
    fv_step_info info;
    for (int i = 0; fv_plan_step(plan, i, &info); i++) {
        if (info.seconds <= 0) continue;
        fv_step_profile *step = &profile->steps[profile->n_steps++];
        *step = profile_of(&info, profile->runs, profile->peak);
        add_to_op(profile, step);
        add(&profile->total, &step->cost);
        if (step->reference) add(&profile->by_reference, &step->cost);
    }
    qsort(profile->ops, (size_t)profile->n_ops, sizeof *profile->ops, costliest_first);
}

fv_profile *fv_profile_new(const fv_plan *plan, fv_peak peak) {
    if (!plan) return NULL;
    if (fv_plan_profiled(plan) == 0) {
        fv_fail(FV_BAD_ARGUMENT, "%s: nothing to profile: no run was timed", plan->graph->name);
        return NULL;
    }
    fv_profile *profile = FV_NEW(fv_profile);
    if (!profile) return NULL;
    *profile = (fv_profile){.network = plan->graph->name, .peak = peak, .runs = fv_plan_profiled(plan)};
    profile->steps = FV_NEW_N(fv_step_profile, (size_t)plan->n_steps);
    profile->ops = FV_NEW_N(fv_op_profile, (size_t)plan->n_steps);
    if (profile->steps && profile->ops) {
        sum_up(plan, profile);
        return profile;
    }
    fv_profile_free(profile);
    return NULL;
}

void fv_profile_free(fv_profile *profile) {
    if (!profile) return;
    fv_free(profile->steps);
    fv_free(profile->ops);
    fv_free(profile);
}
