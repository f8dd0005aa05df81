/* A run of fv_fit in the making: what fit.c, start.c and frozen.c share. */
#ifndef TRAIN_FITTING_H
#define TRAIN_FITTING_H

#include "train/criterion.h"
#include "train/features.h"
#include "train/mixing.h"
#include "train/run.h"

typedef struct fitting {
    const fv_fit_args *args;
    fv_model *model;
    const fv_dataset *train, *val;
    fv_trainer *trainer;
    fv_session inference; /* of the model, on the trainer's team */
    fv_loader *loader;
    fv_mixing mixing;
    fv_run run;
    fv_progress progress;
    fv_tuning tuning;    /* kernels that are not the rule's: all that plans of this run were told, or the state has */
    char *config;        /* owned: of the run that is resumed; NULL: the caller's */
    size_t batches;      /* of an epoch */
    fv_session below;    /* of the model up to where training begins, on the trainer's team, ... */
    fv_features kept[2]; /* ... and what comes out there of train and val; below NULL: the model is run as one */
    size_t thawed_bytes; /* of the training plans once frozen parts are trained; 0: never */
    size_t skipped;      /* images of this epoch that could not be read */
    const fv_criterion *criterion; /* by which epochs are compared */
    fv_evaluation evaluation;      /* of the last validation */
    float batch_loss;              /* of the last batch */
    fv_run_info info;              /* what callbacks are told of the run */
    fv_status verdict;             /* other than FV_OK: the run is to end with it, ... */
    char reason[512];              /* ... and this message */
} fitting;

enum { TRAIN, VAL }; /* sets, in kept[] */

static inline int fv_epochs_of(const fitting *f) { return f->args->epochs ? f->args->epochs : FV_FIT_EPOCHS; }

/* The rate of an optimizer step of this epoch, steps counted from 0. */
float fv_rate_at(const fitting *f, uint64_t step);

/* ---- start.c ---- */

/* All that comes before the first step. What was made is left in *f, on failure too. */
fv_status fv_fitting_start(fitting *f);
/* The plans of every batch that the run will meet: what cannot fit is known before the first step. */
fv_status fv_fitting_plan(fitting *f);

/* ---- frozen.c ---- */

bool fv_freezes(const fv_fit_args *args);
/* Where something is frozen: training and validation in two, features kept if they can be, and the callback told. */
fv_status fv_features_set_up(fitting *f);
/* Training and validation in one again. */
void fv_features_forget(fitting *f);
/* All is trained from this epoch on. */
fv_status fv_thaw(fitting *f);

#endif
