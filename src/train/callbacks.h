/* Calling fv_callbacks. What they answer is kept: a failure ends the run where a state can lie, not at once. */
#ifndef TRAIN_CALLBACKS_H
#define TRAIN_CALLBACKS_H

#include "train/fitting.h"

/* The run is to end with `status`, whose message was just recorded. The first to say so counts. */
void fv_end_run(fitting *f, fv_status status);
static inline bool fv_is_ended(const fitting *f) { return f->verdict != FV_OK; }
/* The verdict, with its message. */
fv_status fv_verdict(const fitting *f);

/* What the callbacks say to the run that is to begin: a failure is the first of theirs. */
fv_status fv_tell_check(fitting *f);
void fv_tell_train_begin(fitting *f);
/* The run has ended with `status`, which is returned with its message, unless all went well up to here. */
fv_status fv_tell_train(fitting *f, fv_status status);
void fv_tell_epoch_begin(fitting *f);
void fv_tell_batch_begin(fitting *f);
void fv_tell_batch(fitting *f);
void fv_tell_step(fitting *f);
void fv_tell_evaluation_begin(fitting *f, const fv_epoch_report *report);
void fv_tell_evaluation(fitting *f, const fv_epoch_report *report);
void fv_tell_epoch(fitting *f, const fv_epoch_report *report);
void fv_tell_frozen(fitting *f, const char *how);
void fv_tell_bad_files(fitting *f, const fv_dataset *dataset);

#endif
