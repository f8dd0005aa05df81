/* What a plan's steps cost, as timed since fv_plan_profile, beside what they could cost at best:
 *
 *     bound = least operations / peak + bytes / streaming
 *
 * in seconds: the multiply-accumulates of the algorithm that has the fewest, two operations each, at the measured rate of
 * arithmetic between registers; and every input and output once at the measured rate of reading memory. It is a sum, as if
 * neither hid behind the other: a step whose traffic stays in a cache, or overlaps its arithmetic, can be faster. */
#ifndef ENGINE_PROFILE_H
#define ENGINE_PROFILE_H

#include "engine/plan.h"
#include "kernels/peak.h"

/* Of one run: the mean of those that were timed. */
typedef struct fv_cost {
    double seconds, operations, bytes; /* operations: of the definition, whatever algorithm ran */
    double bound;                      /* seconds */
} fv_cost;

typedef struct fv_step_profile {
    const char *layer, *op;
    const char *kernel, *detail; /* as in fv_step_info */
    bool reference;              /* it ran by its definition, for want of a kernel */
    fv_cost cost;
    double began, took; /* of the last run: seconds since it began; negative: it left the step out */
} fv_step_profile;

/* All steps of an operator. */
typedef struct fv_op_profile {
    const char *op;
    int steps;
    fv_cost cost;
} fv_op_profile;

typedef struct fv_profile {
    const char *network;
    fv_peak peak;
    int runs;
    fv_step_profile *steps; /* in their order */
    int n_steps;
    fv_op_profile *ops; /* the costliest first */
    int n_ops;
    fv_cost total, by_reference; /* of all steps; of those without a kernel */
} fv_profile;

/* The names are the plan's: use it no longer than that. NULL on failure, also where the plan has not run since
 * fv_plan_profile. */
fv_profile *fv_profile_new(const fv_plan *plan, fv_peak peak);
void fv_profile_free(fv_profile *profile);

#endif
