/* fovea/optim.h: optimizers and schedules of the learning rate. Both are small structs by value, checked where they are
 * used; nothing to free:
 *
 *     fv_fit(net, train, val, .optimizer = fv_momentum(.lr = 0.1f, .weight_decay = 1e-4f), .schedule = fv_cosine(.warmup = 500));
 */
#ifndef FOVEA_OPTIM_H
#define FOVEA_OPTIM_H

#include "fovea/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Optimizers ------------------------------------------------------------------------------------------------ */

typedef enum fv_optimizer_kind {
    FV_OPTIMIZER_DEFAULT = 0, /* FV_ADAM */
    FV_SGD,                   /* p -= lr g */
    FV_MOMENTUM,              /* v = momentum v + g; p -= lr v, or lr (g + momentum v) with nesterov */
    FV_ADAM,                  /* Kingma and Ba 2015 */
    FV_ADAMW,                 /* Loshchilov and Hutter 2019: Adam, with p -= lr weight_decay p beside it */
} fv_optimizer_kind;

/* In each step g is the gradient, clipped first, with its terms of decay added then. Options that a kind does not use must
 * stay 0. */
typedef struct fv_optimizer {
    fv_optimizer_kind kind;
    float lr;           /* default 0.01; adam and adamw 0.001; above 0, at most 1000 */
    float momentum;     /* momentum: default 0.9, below 1 */
    bool nesterov;      /* momentum: look ahead */
    float beta1, beta2; /* adam, adamw: default 0.9 and 0.999, below 1 */
    float epsilon;      /* adam, adamw: default 1e-8 */
    float weight_decay; /* default 0, adamw 0.01: L2, a term weight_decay p of the gradient (not in adamw) */
    float l1;           /* default 0: a term l1 sign(p) of the gradient */
    float clip_norm;    /* the largest norm of all gradients together; default 0: not clipped */
    bool decay_exclude_norm_and_bias; /* no weight_decay and no l1 for biases and batch norm's parameters */
    int zero_;
} fv_optimizer;

/* FV_OK, or FV_BAD_ARGUMENT naming the option, its value and its limit: "lr nan: must be above 0 and at most 1000". */
FV_API fv_status fv_optimizer_check(const fv_optimizer *optimizer);

/* "sgd", "momentum", "adam" or "adamw" with default options; FV_BAD_ARGUMENT lists the names. */
FV_API fv_status fv_optimizer_named(const char *name, fv_optimizer *optimizer);
FV_API const char *fv_optimizer_name(int index); /* of the index-th optimizer; NULL past the last */

#define fv_sgd(...)      ((fv_optimizer){.kind = FV_SGD, __VA_ARGS__})
#define fv_momentum(...) ((fv_optimizer){.kind = FV_MOMENTUM, __VA_ARGS__})
#define fv_adam(...)     ((fv_optimizer){.kind = FV_ADAM, __VA_ARGS__})
#define fv_adamw(...)    ((fv_optimizer){.kind = FV_ADAMW, __VA_ARGS__})

/* ---- Schedules ------------------------------------------------------------------------------------------------- */

typedef enum fv_schedule_kind {
    FV_CONSTANT = 0, /* lr */
    FV_COSINE,       /* from lr down to floor lr along half a cosine that ends with the last step */
    FV_STEP,         /* lr gamma^k after k times `every` steps */
} fv_schedule_kind;

/* Steps are optimizer steps. In the first `warmup` of them the rate rises in equal steps to its full height; the schedule
 * runs over those that remain. */
typedef struct fv_schedule {
    fv_schedule_kind kind;
    uint64_t warmup; /* default 0 */
    float floor;     /* cosine: the share of lr left at the end; default 0, at most 1 */
    uint64_t every;  /* step: default a third of the steps */
    float gamma;     /* step: default 0.1, at most 1 */
    int zero_;
} fv_schedule;

FV_API fv_status fv_schedule_check(const fv_schedule *schedule);

/* The rate of step 0 <= step < total_steps, for the optimizer's rate `base`. */
FV_API float fv_schedule_at(const fv_schedule *schedule, float base, uint64_t step, uint64_t total_steps);

/* "constant", "cosine" or "step" with default options; FV_BAD_ARGUMENT lists the names. */
FV_API fv_status fv_schedule_named(const char *name, fv_schedule *schedule);
FV_API const char *fv_schedule_name(int index); /* of the index-th schedule; NULL past the last */

#define fv_constant(...)   ((fv_schedule){.kind = FV_CONSTANT, __VA_ARGS__})
#define fv_cosine(...)     ((fv_schedule){.kind = FV_COSINE, __VA_ARGS__})
#define fv_step_decay(...) ((fv_schedule){.kind = FV_STEP, __VA_ARGS__})

#ifdef __cplusplus
}
#endif

#endif
