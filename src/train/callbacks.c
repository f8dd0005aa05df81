#include "train/callbacks.h"

#include "data/bad.h"
#include "data/dataset.h"

#include <stdio.h>

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

void fv_end_run(fitting *f, fv_status status) {
    if (fv_is_ended(f)) return;
    f->verdict = status;
    snprintf(f->reason, sizeof f->reason, "%s", fv_error());
}

fv_status fv_verdict(const fitting *f) { return fv_is_ended(f) ? fv_fail(f->verdict, "%s", f->reason) : FV_OK; }

/* `failures`: fv_failures() before the call. Where it passes on what a call of the library failed with in it, that call's message
 * stands: it knows more. */
static void take_answer(fitting *f, const char *name, unsigned long failures, fv_status answer) {
    if (answer == FV_OK || fv_is_ended(f)) return;
    if (fv_failures() == failures || fv_last_status() != answer)
        fv_fail(answer, "the callback %s stopped the run after step %llu (status %d)", name,
                (unsigned long long)f->trainer->step, (int)answer);
    fv_end_run(f, answer);
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

static const fv_callback *callback_at(const fitting *f, int index) {
    if (index == 0) return &f->args->callback;
    return index <= FV_CALLBACKS ? &f->args->callbacks[index - 1] : NULL;
}

/* Calls `function` of all callbacks that have it; after a failure, too: a log is to have the epoch that another has not. */
#define TELL(f, function, report)                                                                   \
    do {                                                                                            \
        const fv_callback *callback_;                                                               \
        for (int i_ = 0; (callback_ = callback_at(f, i_)); i_++) {                                  \
            unsigned long failures_ = fv_failures();                                                \
            if (callback_->function)                                                                \
                take_answer(f, #function, failures_, callback_->function(callback_->user, report)); \
        }                                                                                           \
    } while (0)

static bool somebody_asks_for_files(const fitting *f) {
    const fv_callback *callback;
    for (int i = 0; (callback = callback_at(f, i)); i++)
        if (callback->on_bad_file) return true;
    return false;
}

void fv_tell_bad_files(fitting *f, const fv_dataset *dataset) {
    fv_bad_file file;
    while (somebody_asks_for_files(f) && fv_bad_tell(dataset->bad, &file)) TELL(f, on_bad_file, &file);
}

void fv_tell_frozen(fitting *f, const char *how) { TELL(f, on_frozen, how); }

/* ---- The run ----------------------------------------------------------------------------------------------------- */

static void refresh(fitting *f) {
    f->info.epoch = f->progress.epoch;
    f->info.step = f->trainer->step;
}

fv_status fv_tell_check(fitting *f) {
    TELL(f, on_check, &f->info);
    return fv_verdict(f);
}

void fv_tell_train_begin(fitting *f) {
    refresh(f);
    TELL(f, on_train_begin, &f->info);
}

fv_status fv_tell_train(fitting *f, fv_status status) {
    f->verdict = FV_OK;
    if (status != FV_OK) fv_end_run(f, status);
    refresh(f);
    f->info.status = status;
    TELL(f, on_train, &f->info);
    return fv_verdict(f);
}

/* ---- Steps ------------------------------------------------------------------------------------------------------- */

/* `batch` from 1. The step that the last batch belongs to is done unless it is held. */
static fv_step_report describe_step(const fitting *f, size_t batch, bool begins) {
    const fv_progress *p = &f->progress;
    const bool done = !begins && f->trainer->held == 0;
    const double per_batch = p->batch ? p->seconds / (double)p->batch : 0;
    size_t left = f->batches * (size_t)(fv_epochs_of(f) - p->epoch) - p->batch;
    return (fv_step_report){.run = &f->info,
                            .epoch = p->epoch + 1,
                            .epochs = fv_epochs_of(f),
                            .batch = batch,
                            .batches = f->batches,
                            .step = f->trainer->step,
                            .lr = fv_rate_at(f, f->trainer->step - (uint64_t)done),
                            .loss = fv_score_loss(&p->score),
                            .batch_loss = (double)f->batch_loss,
                            .images_per_second = p->seconds > 0 ? (double)p->score.n / p->seconds : 0,
                            .seconds_left = per_batch * (double)left};
}

#define TELL_STEP(f, function, batch, begins)                     \
    do {                                                          \
        refresh(f);                                               \
        fv_step_report report_ = describe_step(f, batch, begins); \
        TELL(f, function, &report_);                              \
    } while (0)

void fv_tell_epoch_begin(fitting *f) { TELL_STEP(f, on_epoch_begin, f->progress.batch, true); }
void fv_tell_batch_begin(fitting *f) { TELL_STEP(f, on_batch_begin, f->progress.batch + 1, true); }
void fv_tell_batch(fitting *f) { TELL_STEP(f, on_batch, f->progress.batch, false); }
void fv_tell_step(fitting *f) { TELL_STEP(f, on_step, f->progress.batch, false); }

/* ---- Epochs ------------------------------------------------------------------------------------------------------ */

void fv_tell_evaluation_begin(fitting *f, const fv_epoch_report *report) { TELL(f, on_evaluation_begin, report); }
void fv_tell_evaluation(fitting *f, const fv_epoch_report *report) { TELL(f, on_evaluation, report); }
void fv_tell_epoch(fitting *f, const fv_epoch_report *report) { TELL(f, on_epoch, report); }
