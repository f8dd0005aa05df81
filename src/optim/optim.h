/* A room of src/optim/: one rule of update and the options it has. optim.def lists them. */
#ifndef OPTIM_OPTIM_H
#define OPTIM_OPTIM_H

#include "fovea/optim.h"
#include "ops/update.h"

typedef struct fv_optim {
    fv_optimizer_kind kind;
    fv_rule rule;
    fv_optimizer standard; /* the defaults: FV_ZERO for 0, true for false. One that is 0 here is an option that the rule
                              does not have, unless every rule has it: weight_decay and what stands behind it */
} fv_optim;

#define FV_OPTIM(room) extern const fv_optim room;
#include "optim/optim.def"
#undef FV_OPTIM

/* "adam": of the rule it uses. It must have passed fv_optimizer_check. */
const char *fv_optimizer_rule(const fv_optimizer *optimizer);

/* The optimizer with its defaults filled in, FV_ZERO as 0. It must have passed fv_optimizer_check. */
fv_optimizer fv_optimizer_resolved(const fv_optimizer *optimizer);

/* The index-th of the options, and in *value what it is; NULL past the last. */
const char *fv_optimizer_option(const fv_optimizer *optimizer, int index, double *value);

/* What a training keeps for each parameter beside the optimizer's slots. */
typedef struct fv_extras {
    float ema;       /* decay of the parameter's moving average; 0: none */
    bool accumulate; /* the gradients of several batches make a step */
} fv_extras;
#define FV_EMA_SLOT "ema"
#define FV_SUM_SLOT "gradient_sum" /* begins anew with each group of batches: no part of a run's state */

/* Emits the updates of `count` parameter leaves, and the slots that they need: leaves "PARAMETER.SLOT" with state set and
 * initialised to zero. grads[i] is NULL for a parameter that stays as it is. The graph's scope must be empty. */
fv_status fv_optimizer_build(fv_graph *graph, const fv_optimizer *optimizer, const fv_extras *extras,
                             fv_value *const params[], fv_value *const grads[], int count);

#endif
