/* A run folder (docs/files.md):
 *
 *     config.recipe       how it was started; written first
 *     metrics.jsonl       a line an epoch
 *     best.safetensors    the model after the best epoch, last.safetensors after the last
 *     epoch-0005.safetensors  the model after epoch 5, where checkpoints are asked for
 *     state.safetensors   the commit point: all that going on needs. Resuming reads only this, and cuts metrics.jsonl back to it */
#ifndef TRAIN_RUN_H
#define TRAIN_RUN_H

#include "train/gradients.h"
#include "train/score.h"

/* The name of an epoch's checkpoint: its number, of four digits or more, between these. */
#define FV_CHECKPOINT_BEFORE "epoch-"
#define FV_CHECKPOINT_BEHIND ".safetensors"

/* Where a run stands; together with the weights and the optimizer's slots, all that its future depends on. */
typedef struct fv_progress {
    int epoch;                /* epochs done */
    size_t batch;             /* batches done of the next one */
    fv_score score;           /* of that epoch so far */
    double seconds;           /* spent in it so far */
    fv_gradients gradients;   /* in it so far */
    double best, best_loss;   /* the best epoch's measure, and its loss */
    int best_epoch;           /* from 1; 0: none yet */
    double mark;              /* the measure that early stopping last took for an improvement */
    int stale;                /* epochs since */
    fv_plateau_state plateau; /* of the schedule, if it is one */
    size_t thawed_at;         /* the step from which frozen parts are trained; 0: none yet */
    size_t metrics_bytes;     /* committed length of metrics.jsonl */
} fv_progress;

typedef struct fv_run {
    const char *folder; /* NULL: nothing is written */
    const char *config;
    const fv_fit_args *args; /* the caller's: what belongs to the run's course */
    const fv_tuning *tuning; /* kernels that its plans were told; NULL: none */
    size_t images;           /* of the training set: a set of another size has other batches */
} fv_run;

/* Begins a run: the folder is made, an old run is refused or (overwrite) removed, config.recipe is written. */
fv_status fv_run_begin(const fv_run *run, bool overwrite);
/* Takes up the state: weights, slots, the trainer's step, *progress; cuts metrics.jsonl back. The run's course must be what it
 * was at the start (course.h). A run that was ended before its first state is at its beginning. */
fv_status fv_run_resume(const fv_run *run, fv_trainer *trainer, fv_progress *progress);
/* Adds what the state has of kernels to *tuning. */
fv_status fv_run_tuning(const char *save_dir, fv_tuning *tuning);
/* FV_BAD_ARGUMENT if the run of this folder (NULL: none) keeps a file of its own at `path`, or is going to. */
fv_status fv_run_check_log(const char *save_dir, const char *path);
/* Appends a line (without newline) to metrics.jsonl, synced; progress->metrics_bytes is moved. */
fv_status fv_run_log(const fv_run *run, const char *line, fv_progress *progress);
/* Writes the model as NAME ("best.safetensors"). */
fv_status fv_run_save_model(const fv_run *run, const fv_model *model, const char *name);
/* Commits. */
fv_status fv_run_save_state(const fv_run *run, const fv_trainer *trainer, const fv_progress *progress);

#endif
