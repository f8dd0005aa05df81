/* A contest between the kernels that can run a layer. Internal to src/engine/. */
#ifndef ENGINE_CONTEST_H
#define ENGINE_CONTEST_H

#include "engine/rivals.h"

/* The fastest kernel for each pass, together with what has to be reordered of the weights between them. *found is false where
 * memory is not free for it, or a pass has no kernel. */
fv_status fv_contest(const fv_plan *plan, const fv_passes *passes, fv_tuning *judge, fv_choice winners[FV_PASSES],
                     bool *found);

/* How a contest is timed unless a test knows better: the shortest of some runs, after one that warms up. */
double fv_time_runs(void *user, const fv_trial *trial);

#endif
