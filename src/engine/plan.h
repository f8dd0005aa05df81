/* A plan: one graph, one batch size, training or inference, made once and run many times.
 *
 *   copy of the model's graph → passes → loss, autodiff, updates → rematerialisation → kernels and layouts → steps → phases → memory
 *
 * Running allocates nothing. A plan serves one thread at a time; several plans may share a model for inference. */
#ifndef ENGINE_PLAN_H
#define ENGINE_PLAN_H

#include "engine/model.h"
#include "engine/tuning.h"

typedef struct fv_plan fv_plan;

typedef struct fv_plan_args {
    int batch; /* images a run */
    fv_team *team;
    fv_precision precision;
    bool
        reference; /* the graph as it is, without passes, every node by its definition (ref): what fast paths are tested against */
    bool keep_maps,
        remake_maps;   /* of a training plan: never, or wherever the peak falls for it, is a map that the backward pass
                                    reads made again rather than kept; neither: where it pays (rematerialise.c) */
    fv_tuning *tuning; /* what it says of kernels goes before the rule; NULL: the rule alone */
    /* `loss` builds `weight` times the loss on logits, the model's or an auxiliary head's; NULL: no loss. `updates` adds nodes that consume grads[id] of the parameter leaf
     * with node id `id` (NULL: none reaches it): it makes this a training plan; NULL: inference. */
    fv_value *(*loss)(void *user, fv_graph *graph, fv_value *logits, fv_value *target, float weight);
    fv_status (*updates)(void *user, fv_graph *graph, fv_value *const grads[], int n_grads);
    /* Parts of the network: `from`, a value of the model's graph, stands for the image, x being [batch, its shape]; `until`,
     * another, for the logits, without loss. NULL: the image, the logits. */
    const fv_value *from, *until;
    /* An inference plan that explains: a value of the model's graph, which the plan gives too, and with it the gradient there
     * of the sum of target[n,k] logits[n,k] (fv_plan_observed, fv_plan_gradient). NULL: neither. */
    const fv_value *observe;
    fv_treatment (*treatment)(void *user, const fv_param *param); /* of each parameter; NULL: the usual one for all */
    void *user;
} fv_plan_args;

/* NULL on failure. The plan's memory is reserved, not yet taken: before the first run the caller sums up all that it
 * plans, and asks fv_memory_check. */
fv_plan *fv_plan_new(fv_model *model, const fv_plan_args *args);
void fv_plan_free(fv_plan *plan);

typedef struct fv_plan_input {
    const float *x;      /* [batch,C,H,W] */
    const float *target; /* [batch,K]; NULL without a loss, and without `observe` */
    uint64_t seed, step;
    float lr;
    fv_group group;
} fv_plan_input;

/* One run. FV_BROKEN names the node whose kernel failed, FV_NOT_FINITE the node whose loss or gradient is not; parameters before that node are then updated,
 * the rest are not. */
fv_status fv_plan_run(fv_plan *plan, const fv_plan_input *input);

float fv_plan_mean_loss(const fv_plan *plan); /* of the last run: the batch's mean, auxiliary heads' included */
/* norms [the model's parameters]: of the last run, the L2 norm of each one's gradient as the backward pass made it, before
 * clipping and decay; NAN for one that is not trained. */
void fv_plan_gradient_norms(const fv_plan *plan, double *norms);
const float *fv_plan_logits(const fv_plan *plan); /* [batch,K] of the last run; valid until the next */
/* With `observe`: [batch, its shape] of the last run, plain; valid until the next. */
const float *fv_plan_observed(const fv_plan *plan);
const float *fv_plan_gradient(const fv_plan *plan);
size_t fv_plan_bytes(const fv_plan *plan); /* arena and copies of its own; parameters not counted */
int fv_plan_batch(const fv_plan *plan);

/* FV_NO_MEMORY, naming the peak and the limit, if `beside` bytes, not taken yet, do not fit into what the machine has beside
 * the model's parameters. */
fv_status fv_memory_check(const fv_model *model, int batch, size_t beside);

/* From now on each step of a run is timed: by itself, the whole team waiting for its end, so that a run takes a little
 * longer than it does otherwise. engine/profile.h says what came of it. */
fv_status fv_plan_profile(fv_plan *plan);
int fv_plan_profiled(const fv_plan *plan); /* runs since then that went to their end */

/* The steps, for summaries, profiles and tests; false past the end. */
typedef struct fv_step_info {
    const fv_node *node;
    const char *kernel; /* "batch", "dnn", "simd", "ref" */
    const char *detail; /* oneDNN's name of the implementation; NULL: none */
    fv_layout_kind out;
    int phase;
    size_t macs, least_macs; /* of one run: multiply-accumulates as defined; by the algorithm that has the fewest */
    size_t bytes;            /* what the step reads and writes, once each */
    double seconds;          /* of all runs since fv_plan_profile */
    double began, took;      /* of the last of them: seconds since that run began; negative: it left the step out */
} fv_step_info;
bool fv_plan_step(const fv_plan *plan, int index, fv_step_info *info);

#endif
