/* The insides of a trainer, for fit and the run's state. */
#ifndef TRAIN_TRAINER_H
#define TRAIN_TRAINER_H

#include "ops/update.h"
#include "train/session.h"

struct fv_trainer {
    fv_session session;
    fv_team *team;      /* owned; what the session and an evaluation beside it run on */
    fv_trainer_args args;
    float *class_weights; /* owned copy; NULL: none */
    const fv_rule *rule;
    fv_hyper hyper;
    fv_param *slots;    /* [trained parameter][rule->n_slots], named "SLOT.PARAMETER" */
    int n_slots;
    uint64_t step;      /* optimizer steps done */
    float *target;      /* [batch_size, K] */
    int classes;        /* of labels */
    fv_plan *last;      /* of the last step */
};

#endif
