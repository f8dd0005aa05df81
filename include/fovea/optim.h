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
    FV_RMSPROP,               /* Hinton 2012; centered: Graves 2013 */
    FV_ADAGRAD,               /* Duchi, Hazan and Singer 2011 */
    FV_ADADELTA,              /* Zeiler 2012 */
    FV_ADAMAX,                /* Kingma and Ba 2015 */
    FV_NADAM,                 /* Dozat 2016 */
    FV_RADAM,                 /* Liu et al. 2020 */
    FV_LARS,                  /* You, Gitman and Ginsburg 2017: momentum, the rate scaled by each parameter's norms */
    FV_LAMB,                  /* You et al. 2020: AdamW, the same */
} fv_optimizer_kind;

/* In each step g is the gradient, clipped first, with its terms of decay added then. Options that a kind does not use must
 * stay 0. */
typedef struct fv_optimizer {
    fv_optimizer_kind kind;
    float
        lr; /* above 0, at most 1000; default 0.001 (adam, adamw, radam, lamb), 0.1 (lars), 0.002 (adamax, nadam), 1 (adadelta),
                             else 0.01 */
    float momentum;       /* momentum, lars: default 0.9; rmsprop: 0; below 1 */
    bool nesterov;        /* momentum: look ahead */
    float beta1, beta2;   /* adam and the like: default 0.9 and 0.999, below 1 */
    float rho;            /* rmsprop: default 0.99; adadelta: 0.9; below 1 */
    float epsilon;        /* default 1e-8; adadelta, lamb 1e-6, adagrad 1e-10; at most 1. Not in sgd, momentum, lars */
    float momentum_decay; /* nadam: default 0.004, at most 1 */
    float trust;          /* lars: factor of the rate; default 0.001, at most 1000 */
    bool centered;        /* rmsprop: divide by the deviation of the gradients, not by their size */
    float weight_decay; /* default 0, adamw, lamb 0.01: L2, a term weight_decay p of the gradient (not in these two) */
    float l1;           /* default 0: a term l1 sign(p) of the gradient */
    float clip_norm;    /* the largest norm of all gradients together; default 0: not clipped */
    float clip_each;    /* or: of each parameter's gradient */
    float clip_value;   /* or: the largest size of each number of a gradient */
    /* weight_decay and l1 by part: "norm=0,bias=0,layer4=1e-3". A part is a parameter's name or its beginning before a dot,
     * or `bias`, every bias, or `norm`, every scale of batch norm; the last that fits counts. The texts stay the caller's,
     * and must last as long as what is given the optimizer. */
    const char *weight_decay_by, *l1_by;
    bool decay_exclude_norm_and_bias; /* no weight_decay and no l1 for biases and batch norm's parameters */
    int zero_;
} fv_optimizer;

/* FV_OK, or FV_BAD_ARGUMENT naming the option, its value and its limit: "lr nan: must be above 0 and at most 1000". */
FV_API fv_status fv_optimizer_check(const fv_optimizer *optimizer);

/* From text: a name, and options: "adam", "momentum:nesterov", "rmsprop:rho=0.9,momentum=0.5,centered". */
FV_API fv_status fv_optimizer_parse(const char *text, fv_optimizer *optimizer);
FV_API const char *fv_optimizer_name(int index); /* of the index-th optimizer; NULL past the last */

#define fv_sgd(...)      ((fv_optimizer){.kind = FV_SGD, __VA_ARGS__})
#define fv_momentum(...) ((fv_optimizer){.kind = FV_MOMENTUM, __VA_ARGS__})
#define fv_adam(...)     ((fv_optimizer){.kind = FV_ADAM, __VA_ARGS__})
#define fv_adamw(...)    ((fv_optimizer){.kind = FV_ADAMW, __VA_ARGS__})
#define fv_rmsprop(...)  ((fv_optimizer){.kind = FV_RMSPROP, __VA_ARGS__})
#define fv_adagrad(...)  ((fv_optimizer){.kind = FV_ADAGRAD, __VA_ARGS__})
#define fv_adadelta(...) ((fv_optimizer){.kind = FV_ADADELTA, __VA_ARGS__})
#define fv_adamax(...)   ((fv_optimizer){.kind = FV_ADAMAX, __VA_ARGS__})
#define fv_nadam(...)    ((fv_optimizer){.kind = FV_NADAM, __VA_ARGS__})
#define fv_lars(...)     ((fv_optimizer){.kind = FV_LARS, __VA_ARGS__})
#define fv_lamb(...)     ((fv_optimizer){.kind = FV_LAMB, __VA_ARGS__})
#define fv_radam(...)    ((fv_optimizer){.kind = FV_RADAM, __VA_ARGS__})

/* ---- Schedules ------------------------------------------------------------------------------------------------- */

/* The rate at time t, R being the optimizer's own. t counts steps from the end of the warm-up on, T is how many there are. */
typedef enum fv_schedule_kind {
    FV_CONSTANT = 0,    /* R */
    FV_COSINE,          /* from R down to floor R along half a cosine that ends with the last step */
    FV_STEP,            /* R gamma^k after k times `every` */
    FV_MULTI_STEP,      /* R gamma^k after the k-th of the times `at` */
    FV_EXPONENTIAL,     /* R gamma^t */
    FV_NATURAL_EXP,     /* R e^(-rate t) */
    FV_INVERSE_TIME,    /* R / (1 + rate t) */
    FV_LINEAR,          /* from R straight down to floor R at T */
    FV_POLYNOMIAL,      /* floor R + (1 - floor) R (1 - t/T)^power */
    FV_COSINE_RESTARTS, /* SGDR (Loshchilov and Hutter 2017): cosines of length every, every mult, every mult^2, ... */
    FV_ONE_CYCLE, /* Smith and Topin 2018, as PyTorch's OneCycleLR: from R/div up to R, then down to R/div/final_div */
    FV_CYCLIC,    /* triangles (Smith 2017) between floor R and R, each gamma times as high as the one before */
    FV_NOAM,      /* R width^-0.5 min(n^-0.5, n rise^-1.5), n = t + 1 (Vaswani et al. 2017) */
    FV_PLATEAU,   /* falls to gamma times what it was, but not below floor R, when the validation loss falls no more */
    FV_OWN,       /* R share(user, t, T) */
} fv_schedule_kind;

enum { FV_MILESTONES = 16 };

/* In the first `warmup` steps the rate rises in equal steps to its full height; the schedule runs over those that remain.
 * With by_epoch t and T, and so `every` and `at`, count epochs: t the whole ones since that in which the warm-up ends.
 * Options that a kind does not use must stay 0; FV_ZERO where 0 itself is meant. */
typedef struct fv_schedule {
    fv_schedule_kind kind;
    uint64_t warmup; /* steps; default 0 */
    bool by_epoch;   /* all but constant, plateau */
    float floor;     /* from 0 to 1; default 0, cyclic 0.1 */
    float gamma;     /* above 0, at most 1; step, multi_step, plateau: default 0.1, cyclic: 1; exponential needs it */
    float rate;      /* natural_exp, inverse_time: needed; above 0 */
    float power;     /* polynomial: default 1 */
    uint64_t every;  /* step, cosine_restarts: default a third of T; cyclic: half a triangle, default a sixth */
    uint64_t at[FV_MILESTONES]; /* multi_step: rising times; 0 ends them */
    uint64_t mult;              /* cosine_restarts: default 1 */
    float pct, div, final_div;  /* one_cycle: default 0.3 (the share of T in which the rate rises), 25, 1e4 */
    uint64_t width, rise;       /* noam: default 512, 4000 steps */
    uint64_t patience;          /* plateau: it falls after so many epochs in a row that were no better; default 10 */
    uint64_t cooldown;          /* plateau: epochs after a fall that are not counted; default 0 */
    float threshold;            /* plateau: better is a loss below (1 - threshold) of the best; default 1e-4, below 1 */
    bool
        by_best; /* plateau: what is watched is not the loss but the measure by which fv_fit compares epochs (.best); of one
                     that is to rise, what it lacks of 1 */
    double (*share)(void *user, uint64_t t, uint64_t total); /* own: 0 or more, a function of its arguments alone */
    void *user;
    int zero_;
} fv_schedule;

/* FV_OK, or FV_BAD_ARGUMENT naming the option, its value and its limit. */
FV_API fv_status fv_schedule_check(const fv_schedule *schedule);

/* The rate of step 0 <= step < total_steps, for the optimizer's rate `base`; an epoch has epoch_steps. What a plateau
 * takes off comes to it as a factor, fv_plateau_share. The schedule has passed fv_schedule_check. */
FV_API float fv_schedule_at(const fv_schedule *schedule, float base, uint64_t step, uint64_t total_steps,
                            uint64_t epoch_steps);

/* From text: a name, and options: "cosine", "step:every=30,gamma=0.2,by_epoch", "multi_step:at=100/150". */
FV_API fv_status fv_schedule_parse(const char *text, fv_schedule *schedule);
FV_API const char *fv_schedule_name(int index); /* of the index-th schedule; NULL past the last */

/* Where the plateau of a run stands: {0} at first. fv_fit keeps it in the run's state. */
typedef struct fv_plateau_state {
    double best; /* loss */
    size_t epochs, stale, resting, falls;
} fv_plateau_state;

/* Takes an epoch's validation loss, or whatever else is to fall; returns the share of the rate that the next epoch has. */
FV_API double fv_plateau_next(const fv_schedule *schedule, fv_plateau_state *plateau, double loss);
FV_API double fv_plateau_share(const fv_schedule *schedule, const fv_plateau_state *plateau); /* 1 for another kind */

#define fv_constant(...)        ((fv_schedule){.kind = FV_CONSTANT, __VA_ARGS__})
#define fv_cosine(...)          ((fv_schedule){.kind = FV_COSINE, __VA_ARGS__})
#define fv_step_decay(...)      ((fv_schedule){.kind = FV_STEP, __VA_ARGS__})
#define fv_multi_step(...)      ((fv_schedule){.kind = FV_MULTI_STEP, __VA_ARGS__})
#define fv_exponential(...)     ((fv_schedule){.kind = FV_EXPONENTIAL, __VA_ARGS__})
#define fv_natural_exp(...)     ((fv_schedule){.kind = FV_NATURAL_EXP, __VA_ARGS__})
#define fv_inverse_time(...)    ((fv_schedule){.kind = FV_INVERSE_TIME, __VA_ARGS__})
#define fv_linear_decay(...)    ((fv_schedule){.kind = FV_LINEAR, __VA_ARGS__})
#define fv_polynomial(...)      ((fv_schedule){.kind = FV_POLYNOMIAL, __VA_ARGS__})
#define fv_cosine_restarts(...) ((fv_schedule){.kind = FV_COSINE_RESTARTS, __VA_ARGS__})
#define fv_one_cycle(...)       ((fv_schedule){.kind = FV_ONE_CYCLE, __VA_ARGS__})
#define fv_cyclic(...)          ((fv_schedule){.kind = FV_CYCLIC, __VA_ARGS__})
#define fv_noam(...)            ((fv_schedule){.kind = FV_NOAM, __VA_ARGS__})
#define fv_plateau(...)         ((fv_schedule){.kind = FV_PLATEAU, __VA_ARGS__})
#define fv_own_schedule(...)    ((fv_schedule){.kind = FV_OWN, __VA_ARGS__})

#ifdef __cplusplus
}
#endif

#endif
