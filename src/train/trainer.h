/* The insides of a trainer, for fit and the run's state. */
#ifndef TRAIN_TRAINER_H
#define TRAIN_TRAINER_H

#include "ops/update.h"
#include "train/session.h"

enum { FV_FIT_EPOCHS = 10 }; /* by default */

struct fv_trainer {
    fv_session session;
    fv_team *team; /* owned; what the session and an evaluation beside it run on */
    fv_trainer_args args;
    float *class_weights; /* owned copy; NULL: none */
    float lr;             /* the optimizer's own rate */
    fv_param *slots;      /* the optimizer's, named "PARAMETER.SLOT"; room for FV_MAX_SLOTS a parameter */
    int n_slots;
    fv_param *sums; /* of gradients, "PARAMETER.gradient_sum": no part of a run's state, which lies between groups */
    int n_sums;
    uint64_t step;            /* optimizer steps done */
    bool averaged;            /* the model holds the averages, and the slots the weights */
    int held;                 /* batches of the group so far that have made no step */
    float group_weight;       /* what their images count */
    fv_loss loss;             /* args.loss with its defaults filled in and weights of its own */
    fv_treatment *treatments; /* of the model's parameters, by the parts */
    bool thawed;              /* the frozen ones are trained too, ... */
    uint64_t thawed_at;       /* ... from this step on */
    float *target;            /* [batch_size, K] */
    double weight; /* what the last step's images count in a mean: their class weights' sum, or their number */
    int classes;   /* of labels */
    fv_plan *last; /* of the last step */
};

/* Makes the plans of every batch that `count` images come to, as fv_session_prepare. */
fv_status fv_trainer_prepare(fv_trainer *trainer, size_t count);
/* Steps take the value `from` of the model's graph in the place of images; NULL: images. All plans are dropped. */
void fv_trainer_take_from(fv_trainer *trainer, const fv_value *from);
/* Frozen parts are trained from now on, as if from step `first` on. All plans are dropped, those of other sessions of the
 * model should be, too, so that parameters can take another layout; the next are fv_trainer_prepare's to make. */
void fv_trainer_thaw(fv_trainer *trainer, uint64_t first);
/* *bytes = what the plans will take once thawed; makes the optimizer's slots for that time. All plans are dropped. */
fv_status fv_trainer_rehearse(fv_trainer *trainer, size_t count, size_t *bytes);

/* As fv_trainer_new_with, but whether it all fits into memory is the caller's to ask before the first step. */
fv_trainer *fv_trainer_plan(fv_model *model, const fv_trainer_args *args);

#endif
