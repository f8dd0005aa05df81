/* A room of src/optim/: one rule of update and the options it has. optim.def lists them. */
#ifndef OPTIM_OPTIM_H
#define OPTIM_OPTIM_H

#include "fovea/optim.h"
#include "ops/update.h"

typedef struct fv_optim {
    fv_optimizer_kind kind;
    fv_rule rule;
    fv_optimizer standard; /* the defaults. One that is 0 here is an option that the rule does not have, unless every
                              rule has it: weight_decay, l1, clip_norm */
} fv_optim;

#define FV_OPTIM(room) extern const fv_optim room;
#include "optim/optim.def"
#undef FV_OPTIM

/* "adam": of the rule it uses. It must have passed fv_optimizer_check. */
const char *fv_optimizer_rule(const fv_optimizer *optimizer);

/* The optimizer with its defaults filled in, FV_ZERO as 0. It must have passed fv_optimizer_check. */
fv_optimizer fv_optimizer_resolved(const fv_optimizer *optimizer);

/* The index-th number among the options, and in *value what it is; NULL past the last. */
const char *fv_optimizer_option(const fv_optimizer *optimizer, int index, double *value);

/* Emits the updates of `count` parameter leaves, and the slots that they need: leaves "PARAMETER.SLOT" with state set and
 * initialised to zero. grads[i] is NULL for a parameter that stays as it is. The graph's scope must be empty. */
fv_status fv_optimizer_build(fv_graph *graph, const fv_optimizer *optimizer, fv_value *const params[],
                             fv_value *const grads[], int count);

#endif
