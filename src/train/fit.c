/* fv_fit: epochs of steps, evaluation after each, the run folder kept so that a kill at any moment loses at most the work
 * since the last state. */
#include "core/clock.h"
#include "core/memory.h"
#include "data/bad.h"
#include "data/dataset.h"
#include "formats/json.h"
#include "train/callbacks.h"
#include "train/evaluate.h"
#include "train/metrics_line.h"
#include "train/stop.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int group_of(const fitting *f) { return f->args->accumulate ? f->args->accumulate : 1; }

float fv_rate_at(const fitting *f, uint64_t step) {
    const fv_schedule *schedule = &f->args->schedule;
    float base = f->trainer->lr * (float)fv_plateau_share(schedule, &f->progress.plateau);
    uint64_t group = (uint64_t)group_of(f), steps = (f->batches + group - 1) / group; /* of an epoch */
    return fv_schedule_at(schedule, base, step, steps * (uint64_t)fv_epochs_of(f), steps);
}

/* ---- Steps ----------------------------------------------------------------------------------------------------------------- */

/* Files that could not be read: those not told yet, and the end if there are too many. */
static fv_status watch_files(fitting *f, const fv_dataset *dataset, int skipped) {
    fv_tell_bad_files(f, dataset);
    f->skipped += (size_t)skipped;
    return fv_bad_limit(f->train, f->skipped, f->args->max_bad);
}

/* The labels that the batch's images are scored by: mixed images have that of the larger share. */
static const int *mix(fitting *f, const fv_batch *batch) {
    if (!fv_is_mixing(&f->mixing)) return batch->labels;
    fv_mix_batch(&f->mixing, f->trainer, (uint64_t)f->progress.epoch, batch->next - 1, batch);
    return f->mixing.strongest;
}

/* A group that is not full ends with the epoch. One whose last batches hold nothing but bad files makes no step. */
static fv_status learn(fitting *f, const fv_batch *batch, float *loss) {
    const float rate = fv_rate_at(f, f->trainer->step), lr = rate == 0 ? FV_ZERO : rate;
    const bool hold = f->trainer->held + 1 < group_of(f) && batch->next < f->batches;
    const float *x = batch->x, *targets = fv_is_mixing(&f->mixing) ? f->mixing.targets : NULL;
    if (f->kept[TRAIN].below) FV_TRY(fv_features_of(&f->kept[TRAIN], batch, &x));
    if (targets)
        return hold ? fv_trainer_accumulate_soft(f->trainer, x, targets, batch->count, loss)
                    : fv_trainer_step_soft(f->trainer, x, targets, batch->count, lr, loss);
    return hold ? fv_trainer_accumulate(f->trainer, x, batch->labels, batch->count, loss)
                : fv_trainer_step(f->trainer, x, batch->labels, batch->count, lr, loss);
}

static fv_status step(fitting *f, const fv_batch *batch) {
    const int *labels = mix(f, batch);
    FV_TRY(learn(f, batch, &f->batch_loss));
    fv_scoring scoring = {.model = f->model, .loss = &f->trainer->loss};
    fv_score_add_step(&f->progress.score, &scoring, (double)f->batch_loss, f->trainer->weight,
                      fv_trainer_logits(f->trainer), labels, batch->count);
    if (f->trainer->held == 0) fv_gradients_add(&f->progress.gradients, f->trainer);
    f->progress.batch = batch->next;
    return FV_OK;
}

/* What follows a batch: reports and, where it made a step, a state now and then, and the end if somebody asked for it. */
static fv_status after_batch(fitting *f) {
    const uint64_t step = f->trainer->step, every = (uint64_t)f->args->save_every;
    fv_tell_batch(f);
    if (f->trainer->held > 0) return FV_OK; /* a state lies between groups */
    fv_tell_step(f);
    if (fv_stop_requested())
        fv_end_run(f, fv_fail(FV_STOPPED, "stopped on request after step %llu", (unsigned long long)step));
    bool due = every > 0 && step % every == 0 && f->progress.batch < f->batches && !fv_is_ended(f);
    return due ? fv_run_save_state(&f->run, f->trainer, &f->progress) : FV_OK;
}

/* Between groups of batches the run may end. */
static bool is_ended(const fitting *f) { return fv_is_ended(f) && f->trainer->held == 0; }

static fv_status train_epoch(fitting *f) {
    fv_batch batch;
    bool whole = f->progress.batch == 0;
    FV_TRY(fv_loader_start(f->loader, (uint64_t)f->progress.epoch, f->progress.batch));
    double began = fv_seconds() - f->progress.seconds;
    f->skipped = 0;
    f->trainer->held = 0;
    fv_tell_epoch_begin(f);
    while (f->progress.batch < f->batches && !is_ended(f)) {
        FV_TRY(fv_loader_next(f->loader, &batch));
        FV_TRY(watch_files(f, f->train, batch.skipped));
        if (batch.count == 0) break; /* nothing but bad files were left */
        fv_tell_batch_begin(f);
        FV_TRY(step(f, &batch));
        f->progress.seconds = fv_seconds() - began;
        FV_TRY(after_batch(f));
    }
    if (f->kept[TRAIN].below && whole && !is_ended(f)) {
        fv_features_end_pass(&f->kept[TRAIN]);
        fv_features_recall(&f->kept[TRAIN], f->loader);
    }
    return FV_OK;
}

/* ---- Epochs ---------------------------------------------------------------------------------------------------------------- */

/* What a plateau is one of: falls from epoch to epoch, if all is well. */
static double watched(const fitting *f, const fv_evaluation *result) {
    double value = fv_criterion_value(f->criterion, result);
    if (!f->args->schedule.by_best) return result->loss;
    return f->criterion->smaller ? value : 1 - value;
}

static fv_status validate(fitting *f, fv_epoch_report *report) {
    fv_evaluate_args args = {.loss = f->trainer->args.loss,
                             .batch_size = f->trainer->args.batch_size,
                             .workers = f->args->workers,
                             .max_bad = f->args->max_bad};
    memcpy(args.topk, f->args->topk, sizeof args.topk);
    fv_evaluation *result = &f->evaluation;
    fv_tell_evaluation_begin(f, report);
    fv_status status = fv_session_evaluate(&f->inference, f->val, &args, result);
    FV_TRY(watch_files(f, f->val, 0));
    FV_TRY(status);
    if (!isfinite(result->loss))
        return fv_fail(FV_NOT_FINITE,
                       "%s: the validation loss is %g after epoch %d: lower the learning rate, or check the data",
                       fv_model_network(f->model), result->loss, report->epoch);
    report->validated = true;
    report->validation = result;
    report->val_loss = result->loss;
    report->val_top1 = result->top1;
    report->val_top5 = result->top5;
    report->val_auc = result->auc;
    FV_TRY(fv_compare_epoch(&f->progress, f->criterion, result, (double)f->args->min_delta, report));
    fv_plateau_next(&f->args->schedule, &f->progress.plateau, watched(f, result));
    fv_tell_evaluation(f, report);
    return FV_OK;
}

static fv_epoch_report describe_epoch(fitting *f) {
    fv_progress *p = &f->progress;
    fv_gradients_close(&p->gradients);
    fv_evaluation mean = fv_score_result(&p->score, &(fv_scoring){.model = f->model});
    return (fv_epoch_report){.run = &f->info,
                             .epoch = p->epoch + 1,
                             .epochs = fv_epochs_of(f),
                             .step = f->trainer->step,
                             .lr = fv_rate_at(f, f->trainer->step - 1),
                             .loss = mean.loss,
                             .top1 = mean.top1,
                             .seconds = p->seconds,
                             .images_per_second = (double)mean.n / p->seconds,
                             .gradient_norms = p->gradients.mean};
}

/* What the model file says about how it came to be: the epoch's metrics, what was done to the images, and by what. */
static fv_status note_training(fitting *f, const char *metrics) {
    json_t *root = fv_json_parse(metrics, strlen(metrics), "metrics");
    if (f->args->augment) root = fv_json_with(root, "augment", json_string(f->args->augment));
    root = fv_json_with(root, "made_by", json_string(fv_version()));
    root = fv_json_with(root, "threads", json_integer(fv_team_size(f->trainer->team)));
    char *text = root ? fv_json_dump(root) : NULL;
    json_decref(root);
    if (!text) return fv_fail(FV_NO_MEMORY, "out of memory while describing the training");
    fv_free(f->model->training);
    f->model->training = text;
    return FV_OK;
}

/* metrics.jsonl has the gradients' norms, too; `metrics` is an object. */
static fv_status log_epoch(fitting *f, const char *metrics) {
    if (!f->progress.gradients.n) return fv_run_log(&f->run, metrics, &f->progress);
    char *norms = fv_gradients_text(&f->progress.gradients, f->model);
    char *line = norms ? fv_format("%.*s,\"gradient_norms\":%s}", (int)strlen(metrics) - 1, metrics, norms) : NULL;
    fv_status status = line ? fv_run_log(&f->run, line, &f->progress) : FV_NO_MEMORY;
    fv_free(norms);
    fv_free(line);
    return status;
}

/* Everything that an epoch leaves on disk; the state, last, makes it count. */
static fv_status commit_epoch(fitting *f, const fv_epoch_report *report) {
    char *metrics = fv_metrics_line(report);
    if (!metrics) return FV_NO_MEMORY;
    fv_status status = note_training(f, metrics);
    if (status == FV_OK) status = log_epoch(f, metrics);
    fv_free(metrics);
    if (status != FV_OK) return status;
    if (report->best) FV_TRY(fv_run_save_model(&f->run, f->model, "best.safetensors"));
    FV_TRY(fv_run_save_model(&f->run, f->model, "last.safetensors"));
    fv_tell_epoch(f, report);
    fv_trainer_show_average(f->trainer, false);
    f->progress.epoch++;
    f->progress.batch = 0;
    f->progress.score = (fv_score){0};
    f->progress.seconds = 0;
    return fv_run_save_state(&f->run, f->trainer, &f->progress);
}

static fv_status run_epoch(fitting *f) {
    FV_TRY(train_epoch(f));
    if (is_ended(f)) return FV_OK;
    fv_epoch_report report = describe_epoch(f);
    fv_trainer_show_average(f->trainer, true);
    if (f->val) FV_TRY(validate(f, &report));
    return commit_epoch(f, &report);
}

static bool is_over(const fitting *f) {
    const fv_progress *p = &f->progress;
    bool stale = f->args->early_stop > 0 && p->stale >= f->args->early_stop;
    return p->epoch >= fv_epochs_of(f) || stale || fv_is_ended(f);
}

/* ---- The run ----------------------------------------------------------------------------------------------------------------- */

static bool is_to_thaw(const fitting *f) {
    int at = f->args->unfreeze_at;
    return at > 0 && f->progress.epoch + 1 >= at && !f->trainer->thawed;
}

/* From the first step to the last; somebody may have asked for an end before that. */
static fv_status run(fitting *f) {
    while (!is_over(f)) {
        if (is_to_thaw(f)) FV_TRY(fv_thaw(f));
        FV_TRY(run_epoch(f));
    }
    if (fv_is_ended(f)) FV_TRY(fv_run_save_state(&f->run, f->trainer, &f->progress));
    return fv_verdict(f);
}

fv_status fv_fit_with(fv_model *model, const fv_dataset *train, const fv_dataset *val, const fv_fit_args *args) {
    if (!model || !train) return fv_last_status();
    fitting f = {.args = args, .model = model, .train = train, .val = val};
    fv_status status = fv_fitting_start(&f);
    if (status == FV_OK) {
        fv_tell_train_begin(&f);
        status = run(&f);
        fv_trainer_show_average(f.trainer, status == FV_OK);
        status = fv_tell_train(&f, status);
    }
    fv_features_forget(&f);
    fv_loader_free(f.loader);
    fv_mixing_free(&f.mixing);
    fv_session_free(&f.inference);
    fv_trainer_free(f.trainer);
    fv_gradients_free(&f.progress.gradients);
    fv_tuning_clear(&f.tuning);
    fv_free(f.config);
    return status;
}
