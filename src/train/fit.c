/* fv_fit: epochs of steps, evaluation after each, the run folder kept so that a kill at any moment loses at most the work
 * since the last state. */
#include "core/clock.h"
#include "core/memory.h"
#include "data/bad.h"
#include "data/dataset.h"
#include "data/loader.h"
#include "engine/cut.h"
#include "formats/json.h"
#include "train/criterion.h"
#include "train/evaluate.h"
#include "train/features.h"
#include "train/metrics_line.h"
#include "train/mixing.h"
#include "train/run.h"
#include "train/stop.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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
    char *config;        /* owned: of the run that is resumed; NULL: the caller's */
    size_t batches;      /* of an epoch */
    fv_session below;    /* of the model up to where training begins, on the trainer's team, ... */
    fv_features kept[2]; /* ... and what comes out there of train and val; below NULL: the model is run as one */
    size_t thawed_bytes; /* of the training plans once frozen parts are trained; 0: never */
    size_t skipped;      /* images of this epoch that could not be read */
    const fv_criterion *criterion; /* by which epochs are compared */
    fv_evaluation evaluation;      /* of the last validation */
} fitting;

enum { TRAIN, VAL }; /* sets, in kept[] */
static int group_of(const fitting *f) { return f->args->accumulate ? f->args->accumulate : 1; }

static int epochs_of(const fitting *f) { return f->args->epochs ? f->args->epochs : FV_FIT_EPOCHS; }

/* The rate of an optimizer step of this epoch, steps counted from 0. */
static float rate_at(const fitting *f, uint64_t step) {
    const fv_schedule *schedule = &f->args->schedule;
    float base = f->trainer->lr * (float)fv_plateau_share(schedule, &f->progress.plateau);
    uint64_t group = (uint64_t)group_of(f), steps = (f->batches + group - 1) / group; /* of an epoch */
    return fv_schedule_at(schedule, base, step, steps * (uint64_t)epochs_of(f), steps);
}

/* ---- Steps ----------------------------------------------------------------------------------------------------------------- */

/* A callback cannot record a message of its own. */
static fv_status answer_of(const fitting *f, const char *callback, fv_status status) {
    if (status == FV_OK) return FV_OK;
    return fv_fail(status, "the callback %s stopped the run after step %llu (status %d)", callback,
                   (unsigned long long)f->trainer->step, (int)status);
}

static fv_status report_step(const fitting *f) {
    const fv_callback *callback = &f->args->callback;
    if (!callback->on_step) return FV_OK;
    const fv_progress *p = &f->progress;
    double per_batch = p->seconds / (double)p->batch;
    size_t left = f->batches * (size_t)(epochs_of(f) - p->epoch) - p->batch;
    fv_step_report report = {.epoch = p->epoch + 1,
                             .epochs = epochs_of(f),
                             .batch = p->batch,
                             .batches = f->batches,
                             .step = f->trainer->step,
                             .lr = rate_at(f, f->trainer->step - 1),
                             .loss = fv_score_loss(&p->score),
                             .images_per_second = (double)p->score.n / p->seconds,
                             .seconds_left = per_batch * (double)left};
    return answer_of(f, "on_step", callback->on_step(callback->user, &report));
}

/* Files that could not be read: those not told yet, and the end if there are too many. */
static fv_status watch_files(fitting *f, const fv_dataset *dataset, int skipped) {
    const fv_callback *callback = &f->args->callback;
    fv_bad_file file;
    while (callback->on_bad_file && fv_bad_tell(dataset->bad, &file))
        FV_TRY(answer_of(f, "on_bad_file", callback->on_bad_file(callback->user, &file)));
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
    const float rate = rate_at(f, f->trainer->step), lr = rate == 0 ? FV_ZERO : rate;
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
    float loss;
    FV_TRY(learn(f, batch, &loss));
    fv_scoring scoring = {.model = f->model, .loss = &f->trainer->loss};
    fv_score_add_step(&f->progress.score, &scoring, (double)loss, f->trainer->weight, fv_trainer_logits(f->trainer),
                      labels, batch->count);
    if (f->trainer->held == 0) fv_gradients_add(&f->progress.gradients, f->trainer);
    f->progress.batch = batch->next;
    return FV_OK;
}

/* What follows a step: a report, a state now and then, and the end if somebody asked for it. */
static fv_status after_step(fitting *f) {
    bool last = f->progress.batch == f->batches;
    int every = f->args->save_every;
    fv_status status = report_step(f);
    bool stop = status == FV_OK && fv_stop_requested();
    if (stop) status = fv_fail(FV_STOPPED, "stopped on request after step %llu", (unsigned long long)f->trainer->step);
    bool due = every > 0 && f->trainer->step % (uint64_t)every == 0 && !last;
    if (due || status != FV_OK) {
        fv_status saved = fv_run_save_state(&f->run, f->trainer, &f->progress);
        if (saved != FV_OK) return saved;
    }
    return status;
}

static fv_status train_epoch(fitting *f) {
    fv_batch batch;
    bool whole = f->progress.batch == 0;
    FV_TRY(fv_loader_start(f->loader, (uint64_t)f->progress.epoch, f->progress.batch));
    double began = fv_seconds() - f->progress.seconds;
    f->skipped = 0;
    f->trainer->held = 0;
    while (f->progress.batch < f->batches) {
        FV_TRY(fv_loader_next(f->loader, &batch));
        FV_TRY(watch_files(f, f->train, batch.skipped));
        if (batch.count == 0) break; /* nothing but bad files were left */
        FV_TRY(step(f, &batch));
        f->progress.seconds = fv_seconds() - began;
        if (f->trainer->held == 0) FV_TRY(after_step(f)); /* a state lies between groups */
    }
    if (f->kept[TRAIN].below && whole) {
        fv_features_end_pass(&f->kept[TRAIN]);
        fv_features_recall(&f->kept[TRAIN], f->loader);
    }
    return FV_OK;
}

/* ---- Epochs ---------------------------------------------------------------------------------------------------------------- */

static fv_status validate(fitting *f, fv_epoch_report *report) {
    fv_evaluate_args args = {.loss = f->trainer->args.loss,
                             .batch_size = f->trainer->args.batch_size,
                             .workers = f->args->workers,
                             .max_bad = f->args->max_bad};
    memcpy(args.topk, f->args->topk, sizeof args.topk);
    fv_evaluation *result = &f->evaluation;
    fv_status status = fv_session_evaluate(&f->inference, f->val, &args, result);
    FV_TRY(watch_files(f, f->val, 0));
    FV_TRY(status);
    if (!isfinite(result->loss))
        return fv_fail(FV_NOT_FINITE,
                       "%s: the validation loss is %g after epoch %d: lower the learning rate, or check the data",
                       fv_model_network(f->model), result->loss, report->epoch);
    report->validated = true;
    report->val_loss = result->loss;
    report->val_top1 = result->top1;
    report->val_top5 = result->top5;
    report->val_auc = result->auc;
    fv_plateau_next(&f->args->schedule, &f->progress.plateau, result->loss);
    return fv_compare_epoch(&f->progress, f->criterion, result, (double)f->args->min_delta, report);
}

static fv_epoch_report describe_epoch(fitting *f) {
    fv_progress *p = &f->progress;
    fv_gradients_close(&p->gradients);
    fv_evaluation mean = fv_score_result(&p->score, &(fv_scoring){.model = f->model});
    return (fv_epoch_report){.epoch = p->epoch + 1,
                             .epochs = epochs_of(f),
                             .step = f->trainer->step,
                             .lr = rate_at(f, f->trainer->step - 1),
                             .loss = mean.loss,
                             .top1 = mean.top1,
                             .seconds = p->seconds,
                             .images_per_second = (double)mean.n / p->seconds,
                             .gradient_norms = p->gradients.mean};
}

/* What the model file says about how it came to be: the epoch's metrics, and what was done to the images. */
static fv_status note_training(fitting *f, const char *metrics) {
    json_t *root = fv_json_parse(metrics, strlen(metrics), "metrics");
    if (f->args->augment) root = fv_json_with(root, "augment", json_string(f->args->augment));
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
    char *metrics = fv_metrics_line(report, &f->evaluation);
    if (!metrics) return FV_NO_MEMORY;
    fv_status status = note_training(f, metrics);
    if (status == FV_OK) status = log_epoch(f, metrics);
    fv_free(metrics);
    if (status != FV_OK) return status;
    if (report->best) FV_TRY(fv_run_save_model(&f->run, f->model, "best.safetensors"));
    FV_TRY(fv_run_save_model(&f->run, f->model, "last.safetensors"));
    fv_trainer_show_average(f->trainer, false);
    f->progress.epoch++;
    f->progress.batch = 0;
    f->progress.score = (fv_score){0};
    f->progress.seconds = 0;
    return fv_run_save_state(&f->run, f->trainer, &f->progress);
}

static fv_status run_epoch(fitting *f) {
    FV_TRY(train_epoch(f));
    fv_epoch_report report = describe_epoch(f);
    fv_trainer_show_average(f->trainer, true);
    if (f->val) FV_TRY(validate(f, &report));
    FV_TRY(commit_epoch(f, &report));
    const fv_callback *callback = &f->args->callback;
    if (!callback->on_epoch) return FV_OK;
    return answer_of(f, "on_epoch", callback->on_epoch(callback->user, &report));
}

static bool is_over(const fitting *f) {
    const fv_progress *p = &f->progress;
    bool stale = f->args->early_stop > 0 && p->stale >= f->args->early_stop;
    return p->epoch >= epochs_of(f) || stale;
}

/* ---- Starting ---------------------------------------------------------------------------------------------------------------- */

static bool freezes(const fv_fit_args *a) {
    for (int i = 0; i < a->n_parts; i++)
        if (a->parts[i].frozen) return true;
    return false;
}

static fv_status check_unfreezing(const fv_fit_args *a, int epochs) {
    if (a->unfreeze_at == 0) return FV_OK;
    if (a->unfreeze_at < 2 || a->unfreeze_at > epochs)
        return fv_fail(FV_BAD_ARGUMENT, "unfreeze_at %d: must be an epoch from 2 to the last, %d", a->unfreeze_at,
                       epochs);
    return freezes(a) ? FV_OK : fv_fail(FV_BAD_ARGUMENT, "unfreeze_at %d: nothing is frozen", a->unfreeze_at);
}

static fv_status check(fitting *f) {
    const fv_fit_args *a = f->args;
    int k[FV_TOPK];
    FV_TRY(fv_criterion_find(a->best, f->model, &f->criterion));
    FV_TRY(fv_topk_for(f->model, a->topk, k));
    FV_TRY(fv_check_classes(f->model, f->train));
    if (f->val) FV_TRY(fv_check_classes(f->model, f->val));
    FV_TRY(fv_schedule_check(&a->schedule));
    FV_TRY(fv_mixing_check(a->mixup, a->cutmix, &a->loss));
    if (a->epochs < 0) return fv_fail(FV_BAD_ARGUMENT, "epochs %d: must be at least 1", a->epochs);
    if (a->workers < 0 || a->workers > 256)
        return fv_fail(FV_BAD_ARGUMENT, "workers %d: must be from 0 to 256", a->workers);
    if (a->accumulate < 0 || a->accumulate > 65536)
        return fv_fail(FV_BAD_ARGUMENT, "accumulate %d: must be from 1 to 65536 batches", a->accumulate);
    if (a->save_every < 0) return fv_fail(FV_BAD_ARGUMENT, "save_every %d: must be 0 or more steps", a->save_every);
    if (a->early_stop < 0) return fv_fail(FV_BAD_ARGUMENT, "early_stop %d: must be 0 or more epochs", a->early_stop);
    if (a->early_stop > 0 && !f->val)
        return fv_fail(FV_BAD_ARGUMENT, "early_stop %d: needs a set to validate on", a->early_stop);
    if (!(a->min_delta >= 0) || !isfinite(a->min_delta))
        return fv_fail(FV_BAD_ARGUMENT, "min_delta %g: must be 0 or more", (double)a->min_delta);
    if (!(a->max_bad < 1)) return fv_fail(FV_BAD_ARGUMENT, "max_bad %g: must be from 0 to below 1", (double)a->max_bad);
    if (a->schedule.kind == FV_PLATEAU && !f->val)
        return fv_fail(FV_BAD_ARGUMENT, "schedule plateau: needs a set to validate on");
    FV_TRY(check_unfreezing(a, epochs_of(f)));
    if (a->loss.ignore && (a->loss.ignore_index < 0 || a->loss.ignore_index >= fv_dataset_classes(f->train)))
        return fv_fail(FV_BAD_ARGUMENT, "ignore_index %d: must be from 0 to %d, the last class of %s",
                       a->loss.ignore_index, fv_dataset_classes(f->train) - 1, fv_dataset_name(f->train));
    if (a->resume && !a->save_dir) return fv_fail(FV_BAD_ARGUMENT, "resume: needs the save_dir of the run");
    size_t count = fv_dataset_count(f->train), batch = (size_t)(a->batch_size ? a->batch_size : 64);
    if (a->batch_size >= 0 && batch > count)
        return fv_fail(FV_BAD_ARGUMENT, "batch size %zu: %s has only %zu training images: use at most %zu", batch,
                       fv_dataset_name(f->train), count, count);
    return FV_OK;
}

static bool knows_classes(const fitting *f) {
    for (int i = 0; i < fv_dataset_classes(f->train); i++)
        if (strcmp(fv_model_class_name(f->model, i), fv_dataset_class_name(f->train, i)) != 0) return false;
    return true;
}

/* The model learns what its classes are called and which is the positive one, unless it was told. */
static fv_status name_classes(fitting *f) {
    if (knows_classes(f)) return FV_OK;
    int n = fv_dataset_classes(f->train), positive = fv_dataset_positive(f->train);
    const char **names = FV_NEW_N(const char *, (size_t)n);
    if (!names) return FV_NO_MEMORY;
    for (int i = 0; i < n; i++) names[i] = fv_dataset_class_name(f->train, i);
    fv_status status = fv_model_set_classes(f->model, names, n, positive < 0 ? f->model->positive : positive);
    fv_free(names);
    return status;
}

static fv_status open_loader(fitting *f) {
    fv_loader_args args = {.preprocess = f->model->preprocess,
                           .team = f->trainer->team,
                           .batch_size = f->trainer->args.batch_size,
                           .workers = f->args->workers,
                           .shuffle = true,
                           .balanced = f->args->balanced,
                           .seed = f->args->seed,
                           .augment = f->args->augment};
    fv_model_input(f->model, &args.channels, &args.height, &args.width);
    f->loader = fv_loader_new(f->train, &args);
    if (!f->loader) return fv_last_status();
    f->batches = fv_loader_batches(f->loader);
    return FV_OK;
}

/* The plans of every batch that the run will meet: what cannot fit is known before the first step. */
static fv_status make_plans(fitting *f) {
    int batch = f->trainer->args.batch_size;
    FV_TRY(fv_trainer_prepare(f->trainer, fv_dataset_count(f->train)));
    for (int i = TRAIN; i <= VAL; i++)
        if (f->kept[i].below)
            FV_TRY(fv_session_prepare(&f->below, (size_t)f->kept[i].batch_size, f->kept[i].batch_size));
    return f->val ? fv_session_prepare(&f->inference, fv_dataset_count(f->val), batch) : FV_OK;
}

/* ---- Features that are kept ---------------------------------------------------------------------------------------------- */

static void forget_features(fitting *f) {
    if (f->loader) fv_loader_recall(f->loader, NULL, NULL);
    for (int i = TRAIN; i <= VAL; i++) fv_features_free(&f->kept[i]);
    fv_session_free(&f->below);
    f->below.args.until = f->inference.args.from = NULL;
    f->inference.features = NULL;
}

/* Training and validation are done in two from now on: below the cut, and from it on. */
static void part_at(fitting *f, const fv_value *cut) {
    f->below = (fv_session){.model = f->model, .team = f->trainer->team, .args.until = cut};
    f->inference.args.from = cut;
    f->inference.features = &f->kept[VAL];
    fv_trainer_take_from(f->trainer, cut);
    int batch = f->trainer->args.batch_size;
    size_t images = f->val ? fv_dataset_count(f->val) : 0;
    fv_features_start(&f->kept[TRAIN], &f->below, cut, batch);
    if (f->val) fv_features_start(&f->kept[VAL], &f->below, cut, images < (size_t)batch ? (int)images : batch);
}

/* Why each image cannot pass what is frozen once only; NULL: it can. */
static const char *why_not(const fitting *f, const fv_value *cut, size_t bytes) {
    if (f->args->no_feature_cache) return "as was asked for";
    if (f->args->augment) return "as it is augmented";
    if (fv_is_mixing(&f->mixing)) return "as it is mixed with others";
    if (f->args->balanced) return "as an epoch of balanced classes has not all of them";
    if (!cut) return "as the trained parts do not lie behind one value of it";
    return bytes > fv_memory_available() / 4 ? "as its features need more than a quarter of the memory that is free"
                                             : NULL;
}

static fv_status tell_frozen(const fitting *f, const char *why, size_t bytes) {
    const fv_callback *callback = &f->args->callback;
    if (!callback->on_frozen) return FV_OK;
    char *how =
        why ? fv_format("each image passes what is frozen in every epoch, %s", why)
            : fv_format("each image passes what is frozen once: %.1f MB of features are kept", (double)bytes / 1e6);
    if (!how) return FV_NO_MEMORY;
    fv_status status = answer_of(f, "on_frozen", callback->on_frozen(callback->user, how));
    fv_free(how);
    return status;
}

static fv_status set_up_features(fitting *f) {
    const fv_value *cut;
    if (!freezes(f->args)) return FV_OK;
    FV_TRY(fv_cut(f->model, &f->trainer->session.args, &cut));
    size_t images = fv_dataset_count(f->train) + (f->val ? fv_dataset_count(f->val) : 0);
    size_t bytes = cut ? fv_features_size(cut, images) : 0;
    const char *why = why_not(f, cut, bytes);
    FV_TRY(tell_frozen(f, why, bytes));
    if (cut) part_at(f, cut);
    if (why) return FV_OK;
    FV_TRY(fv_features_keep(&f->kept[TRAIN], cut, fv_dataset_count(f->train)));
    return f->val ? fv_features_keep(&f->kept[VAL], cut, fv_dataset_count(f->val)) : FV_OK;
}

/* ---- Thawing --------------------------------------------------------------------------------------------------------------- */

/* All is trained from this epoch on. */
static fv_status thaw(fitting *f) {
    if (f->progress.batch == 0) f->progress.thawed_at = f->trainer->step; /* else the run was resumed within it */
    fv_session_free(&f->inference);
    forget_features(f);
    fv_trainer_take_from(f->trainer, NULL);
    fv_trainer_thaw(f->trainer, f->progress.thawed_at);
    FV_TRY(make_plans(f));
    return f->args->gradient_norms ? fv_gradients_grow(&f->progress.gradients, f->trainer) : FV_OK;
}

static bool is_to_thaw(const fitting *f) {
    int at = f->args->unfreeze_at;
    return at > 0 && f->progress.epoch + 1 >= at && !f->trainer->thawed;
}

/* Saving makes a plain copy of one parameter after the other. */
static size_t saving_bytes(const fitting *f) {
    size_t largest = 0;
    for (int i = 0; i < f->model->n_params; i++)
        if (f->model->params[i].bytes > largest) largest = f->model->params[i].bytes;
    return f->args->save_dir ? largest : 0;
}

static fv_status check_memory(const fitting *f) {
    size_t batches = fv_loader_bytes(f->loader); /* validation has as many again */
    size_t now = fv_session_bytes(&f->trainer->session), later = f->thawed_bytes;
    size_t plans = fv_trainer_bytes(f->trainer) - now + (now > later ? now : later) + fv_session_bytes(&f->inference);
    plans += fv_session_bytes(&f->below) + f->kept[TRAIN].bytes + f->kept[VAL].bytes;
    return fv_memory_check(f->model, f->trainer->args.batch_size, plans + (f->val ? 2 : 1) * batches + saving_bytes(f));
}

static fv_status resume(fitting *f) {
    if (!f->args->config && !(f->run.config = f->config = fv_run_config(f->run.folder))) return fv_last_status();
    return fv_run_resume(&f->run, f->trainer, &f->progress);
}

/* How images are prepared: as asked, or as the model does, or, if it knows nothing, as suits the training set. */
static fv_status set_preprocess(const fitting *f) {
    int channels, height, width;
    fv_model_input(f->model, &channels, &height, &width);
    fv_preprocess own = fv_dataset_preprocess(f->train, channels);
    if (f->args->preprocess) return fv_model_set_preprocess(f->model, f->args->preprocess);
    return f->model->preprocess.std[0] == 0 ? fv_model_set_preprocess(f->model, &own) : FV_OK;
}

static fv_status make_trainer(fitting *f) {
    const fv_fit_args *a = f->args;
    fv_trainer_args args = {.loss = a->loss,
                            .optimizer = a->optimizer,
                            .parts = a->parts,
                            .n_parts = a->n_parts,
                            .batch_size = a->batch_size,
                            .threads = a->threads,
                            .ema = a->ema,
                            .accumulate = a->accumulate > 1,
                            .seed = a->seed};
    if (a->resume && a->threads == 0) FV_TRY(fv_run_threads(a->save_dir, &args.threads));
    f->trainer = fv_trainer_plan(f->model, &args);
    return f->trainer ? FV_OK : fv_last_status();
}

/* The run folder comes last: what is wrong with the rest must not cost an old run that is to be replaced. */
static fv_status start(fitting *f) {
    const fv_fit_args *a = f->args;
    FV_TRY(check(f));
    FV_TRY(name_classes(f));
    FV_TRY(set_preprocess(f));
    FV_TRY(make_trainer(f));
    f->inference = (fv_session){.model = f->model, .team = f->trainer->team};
    FV_TRY(fv_mixing_init(&f->mixing, f->trainer, a->mixup, a->cutmix));
    FV_TRY(open_loader(f));
    if (a->unfreeze_at) FV_TRY(fv_trainer_rehearse(f->trainer, fv_dataset_count(f->train), &f->thawed_bytes));
    FV_TRY(set_up_features(f));
    FV_TRY(make_plans(f));
    FV_TRY(check_memory(f));
    if (a->gradient_norms) FV_TRY(fv_gradients_start(&f->progress.gradients, f->trainer));
    f->run = (fv_run){.folder = a->save_dir, .config = a->config, .args = a, .images = fv_dataset_count(f->train)};
    return a->resume ? resume(f) : fv_run_begin(&f->run, a->overwrite);
}

fv_status fv_fit_with(fv_model *model, const fv_dataset *train, const fv_dataset *val, const fv_fit_args *args) {
    if (!model || !train) return fv_last_status();
    fitting f = {.args = args, .model = model, .train = train, .val = val};
    fv_status status = start(&f);
    while (status == FV_OK && !is_over(&f)) {
        if (is_to_thaw(&f)) status = thaw(&f);
        if (status == FV_OK) status = run_epoch(&f);
    }
    fv_trainer_show_average(f.trainer, status == FV_OK);
    forget_features(&f);
    fv_loader_free(f.loader);
    fv_mixing_free(&f.mixing);
    fv_session_free(&f.inference);
    fv_trainer_free(f.trainer);
    fv_gradients_free(&f.progress.gradients);
    fv_free(f.config);
    return status;
}
