/* A contest between the kernels that can run a layer. Internal to src/engine/. */
#ifndef ENGINE_CONTEST_H
#define ENGINE_CONTEST_H

#include "engine/build.h"
#include "engine/tuning.h"

enum { FV_PASSES = 4, FV_RIVALS = 16, FV_CHOICE_NAME = 64 };

/* A layer: its node and the backward nodes that run, in layouts that are settled. */
typedef struct fv_passes {
    const fv_node *nodes[FV_PASSES]; /* the forward one first */
    int n;
    fv_layout_kind in, out; /* of activations, as fv_kernel has them of the forward node */
} fv_passes;

/* The kernels, and their variants, that could run a pass; some of them will refuse. Returns how many. */
int fv_rivals(const fv_passes *passes, int pass, int threads, fv_choice rivals[FV_RIVALS]);

/* "dnn", "winograd F(4x4,3x3)". */
void fv_choice_name(const fv_op *op, const fv_choice *choice, char name[FV_CHOICE_NAME]);

/* The fastest kernel for each pass, together with what has to be reordered of the weights between them. *found is false where
 * memory is not free for it, or a pass has no kernel. */
fv_status fv_contest(const fv_plan *plan, const fv_passes *passes, fv_tuning *judge, fv_choice winners[FV_PASSES],
                     bool *found);

/* How a contest is timed unless a test knows better: the shortest of some runs, after one that warms up. */
double fv_time_runs(void *user, const fv_trial *trial);

#endif
