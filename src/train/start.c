/* What fv_fit does before its first step: it checks, makes trainer, loader and plans, sees that all of it fits into memory, and
 * opens the run folder. */
#include "core/clock.h"
#include "core/memory.h"
#include "core/utf8.h"
#include "data/dataset.h"
#include "data/loader.h"
#include "train/callbacks.h"
#include "train/evaluate.h"

#include <math.h>
#include <string.h>

/* ---- Checks -------------------------------------------------------------------------------------------------------- */

static fv_status check_unfreezing(const fv_fit_args *a, int epochs) {
    if (a->unfreeze_at == 0) return FV_OK;
    if (a->unfreeze_at < 2 || a->unfreeze_at > epochs)
        return fv_fail(FV_BAD_ARGUMENT, "unfreeze_at %d: must be an epoch from 2 to the last, %d", a->unfreeze_at,
                       epochs);
    return fv_freezes(a) ? FV_OK : fv_fail(FV_BAD_ARGUMENT, "unfreeze_at %d: nothing is frozen", a->unfreeze_at);
}

/* It is kept as JSON, in the state. */
static fv_status check_config(const fv_fit_args *a) {
    if (!a->save_dir || !a->config || fv_is_utf8(a->config)) return FV_OK;
    const char *line = a->config, *at = line;
    for (size_t length; (length = fv_utf8_length(at, strnlen(at, 4))) > 0; at += length)
        if (*at == '\n') line = at + 1;
    return fv_fail(FV_BAD_ARGUMENT,
                   "config: \"%.*s\" is not UTF-8, so that no state could keep it: rename what it names",
                   (int)strcspn(line, "\n"), line);
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
    FV_TRY(check_config(a));
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
    FV_TRY(check_unfreezing(a, fv_epochs_of(f)));
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

/* ---- What the model learns ---- */

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

/* How images are prepared: as asked, or as the model does, or, if it knows nothing, as suits the training set. */
static fv_status set_preprocess(const fitting *f) {
    int channels, height, width;
    fv_model_input(f->model, &channels, &height, &width);
    fv_preprocess own = fv_dataset_preprocess(f->train, channels);
    if (f->args->preprocess) return fv_model_set_preprocess(f->model, f->args->preprocess);
    return f->model->preprocess.std[0] == 0 ? fv_model_set_preprocess(f->model, &own) : FV_OK;
}

/* ---- What it takes ---- */

/* A run that has a state goes on as it was: on as many threads, unless told otherwise, and by the same kernels. */
static fv_status take_origin(fitting *f, int *threads) {
    const fv_fit_args *a = f->args;
    fv_run_origin origin = {0};
    if (a->resume) FV_TRY(fv_run_origin_of(a->save_dir, &origin));
    if (*threads == 0) *threads = origin.threads;
    if (origin.threads) return fv_run_tuning(a->save_dir, &f->tuning);
    f->tuning.source = a->tuning;
    return FV_OK;
}

static fv_status make_trainer(fitting *f) {
    const fv_fit_args *a = f->args;
    fv_trainer_args args = {.loss = a->loss,
                            .optimizer = a->optimizer,
                            .parts = a->parts,
                            .n_parts = a->n_parts,
                            .batch_size = a->batch_size,
                            .threads = a->threads,
                            .precision = a->precision,
                            .ema = a->ema,
                            .accumulate = a->accumulate > 1,
                            .maps = a->maps,
                            .tuning = &f->tuning,
                            .seed = a->seed};
    FV_TRY(take_origin(f, &args.threads));
    f->trainer = fv_trainer_plan(f->model, &args);
    return f->trainer ? FV_OK : fv_last_status();
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

fv_status fv_fitting_plan(fitting *f) {
    int batch = f->trainer->args.batch_size;
    FV_TRY(fv_trainer_prepare(f->trainer, fv_dataset_count(f->train)));
    for (int i = TRAIN; i <= VAL; i++)
        if (f->kept[i].below)
            FV_TRY(fv_session_prepare(&f->below, (size_t)f->kept[i].batch_size, f->kept[i].batch_size));
    return f->val ? fv_session_prepare(&f->inference, fv_dataset_count(f->val), batch) : FV_OK;
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
    plans += fv_mixing_bytes(&f->mixing, f->trainer);
    return fv_memory_check(f->model, f->trainer->args.batch_size, plans + (f->val ? 2 : 1) * batches + saving_bytes(f));
}

/* ---- The start ---- */

static fv_status resume(fitting *f) {
    if (!f->args->config && !(f->run.config = f->config = fv_run_config(f->run.folder))) return fv_last_status();
    return fv_run_resume(&f->run, f->trainer, &f->progress);
}

/* The run folder comes last: what is wrong with the rest must not cost an old run that is to be replaced. */
fv_status fv_fitting_start(fitting *f) {
    const fv_fit_args *a = f->args;
    FV_TRY(check(f));
    FV_TRY(name_classes(f));
    FV_TRY(set_preprocess(f));
    FV_TRY(make_trainer(f));
    f->inference = (fv_session){
        .model = f->model, .team = f->trainer->team, .args = {.precision = f->args->precision, .tuning = &f->tuning}};
    FV_TRY(fv_mixing_init(&f->mixing, f->trainer, a->mixup, a->cutmix));
    FV_TRY(open_loader(f));
    if (a->unfreeze_at) FV_TRY(fv_trainer_rehearse(f->trainer, fv_dataset_count(f->train), &f->thawed_bytes));
    FV_TRY(fv_features_set_up(f));
    FV_TRY(fv_fitting_plan(f));
    f->tuning.source =
        NULL; /* plans that are made later, for what a bad file leaves of a batch, are the same when resumed */
    FV_TRY(check_memory(f));
    if (a->gradient_norms) FV_TRY(fv_gradients_start(&f->progress.gradients, f->trainer));
    f->info = (fv_run_info){.model = f->model,
                            .train = f->train,
                            .val = f->val,
                            .save_dir = a->save_dir,
                            .epochs = fv_epochs_of(f),
                            .batches = f->batches,
                            .started = fv_wall_seconds()};
    f->run = (fv_run){.folder = a->save_dir,
                      .config = a->config,
                      .args = a,
                      .tuning = &f->tuning,
                      .images = fv_dataset_count(f->train)};
    FV_TRY(fv_tell_check(f));
    return a->resume ? resume(f) : fv_run_begin(&f->run, a->overwrite);
}
