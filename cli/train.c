/* fovea train */
#include "core/status.h"
#include "core/suggest.h"
#include "core/threads.h"
#include "find_lr.h"
#include "folds.h"
#include "inputs.h"
#include "kernels/cpu.h"
#include "logs.h"
#include "progress.h"
#include "recipe.h"
#include "reporting.h"
#include "settings.h"
#include "text.h"
#include "tuning.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* ---- Where the settings come from -------------------------------------------------------------------------------- */

/* A resumed run has its settings; what changes its course is refused. */
static fv_status resume_settings(cli_options *o) {
    for (int id = 0; id < CLI_FLAGS; id++)
        if (o->source[id] == CLI_BY_USER && !cli_flags[id].later)
            return fv_fail(FV_BAD_ARGUMENT,
                           "--%s: a resumed run keeps its settings; leave the flag out, or begin a new run with --out",
                           cli_flags[id].name);
    if (o->n_arguments)
        return fv_fail(FV_BAD_ARGUMENT, "%s: a resumed run has its network: fovea train --resume DIR", o->arguments[0]);
    const char *fold = cli_first_fold(o, o->resume);
    char *text = fv_run_config(fold ? fold : o->resume);
    if (!text) return fv_last_status();
    fv_status status = cli_take_recipe(o, text, "the run's config.recipe");
    free(text);
    if (fold) o->fold = 0; /* all of them */
    return status;
}

static fv_status gather_settings(cli_options *o) {
    if (o->resume) return resume_settings(o);
    if (o->n_arguments) FV_TRY(cli_set(o, &cli_flags[CLI_FLAG_model], o->arguments[0], CLI_BY_USER, ""));
    if (o->recipe) FV_TRY(cli_load_recipe(o, o->recipe));
    if (!o->model)
        return fv_fail(FV_BAD_ARGUMENT, "MODEL is missing: what to train, e.g. fovea train lenet --data SPEC");
    return FV_OK;
}

/* ---- The model that the data ask for ----------------------------------------------------------------------------- */

static fv_status find_class(const char *name, const char *const *names, int n, int *index) {
    for (*index = 0; *index < n; ++*index)
        if (strcmp(names[*index], name) == 0) return FV_OK;
    return fv_fail_in(fv_fail_unknown("class", name, names, (size_t)n), "--positive");
}

static fv_status name_classes(cli_options *o, fv_model *model, const fv_dataset *set) {
    int n = fv_dataset_classes(set), positive = fv_dataset_positive(set);
    const char **names = fv_arena_alloc(&o->arena, (size_t)n, sizeof *names);
    if (!names) return FV_NO_MEMORY;
    for (int i = 0; i < n; i++) names[i] = fv_dataset_class_name(set, i);
    if (o->positive) FV_TRY(find_class(o->positive, names, n, &positive));
    if (positive < 0) positive = n > 1;
    return fv_model_set_classes(model, names, n, positive);
}

static fv_status check_sets(const cli_options *o, const cli_sets *sets) {
    size_t n = fv_dataset_count(sets->train);
    int classes = fv_dataset_classes(sets->train);
    if ((unsigned long long)o->batch_size > n)
        return fv_fail(FV_BAD_ARGUMENT, "--batch-size %lld: larger than the training set, which has %zu images",
                       o->batch_size, n);
    if (strcmp(o->loss, "bce") == 0 && classes != 2)
        return fv_fail(FV_BAD_ARGUMENT, "--loss bce: is for two classes, and %s has %d; use cross_entropy", o->data,
                       classes);
    if (o->early_stop && !sets->val)
        return fv_fail(FV_BAD_ARGUMENT, "--early-stop: needs validation, and %s has no such split; use --val-split",
                       o->data);
    if (o->source[CLI_FLAG_best] > CLI_BY_DEFAULT && !sets->val)
        return fv_fail(FV_BAD_ARGUMENT, "--best: needs validation, and %s has no such split; use --val-split", o->data);
    if (o->min_delta > 0 && !o->early_stop) return fv_fail(FV_BAD_ARGUMENT, "--min-delta: goes with --early-stop N");
    return FV_OK;
}

/* "LAYER" or "LAYER:EPSILON". */
static fv_status whiten(cli_options *o, fv_model *model, const fv_dataset *set) {
    char *layer = fv_arena_strdup(&o->arena, o->whiten), *end = NULL;
    if (!layer) return FV_NO_MEMORY;
    char *colon = strrchr(layer, ':');
    float epsilon = colon ? strtof(colon + 1, &end) : 0;
    if (colon && (end == colon + 1 || *end || !(epsilon > 0)))
        return fv_fail(FV_BAD_ARGUMENT, "--whiten %s: must be LAYER or LAYER:E, E a number above 0", o->whiten);
    if (colon) *colon = '\0';
    return fv_whiten(model, layer, set, .epsilon = epsilon);
}

/* `begun`: a run's state has the weights. */
static fv_status build_model(cli_options *o, const cli_sets *sets, bool begun, fv_model **model) {
    fv_arch arch = {.classes = fv_dataset_classes(sets->train), .seed = (uint64_t)o->seed};
    fv_preprocess preprocess;
    if (!begun) arch.pretrained = o->pretrained;
    if (strcmp(o->loss, "bce") == 0) arch.classes = 1;
    cli_input_shape(o, sets->train, arch.input);
    *model = fv_network(o->model, &arch);
    if (!*model) return fv_last_status();
    FV_TRY(cli_take_normalization(o, *model));
    FV_TRY(cli_preprocess_settings(o, sets->train, arch.input[0], &preprocess));
    FV_TRY(name_classes(o, *model, sets->train));
    FV_TRY(fv_model_set_preprocess(*model, &preprocess));
    return o->whiten && !begun ? whiten(o, *model, sets->train) : FV_OK;
}

/* ---- What is said ------------------------------------------------------------------------------------------------ */

static void say_set(const char *role, const char *spec, const char *split, const fv_dataset *set) {
    char count[32];
    cli_say("%-11s %s%s%s%s: %s images", role, spec, *split ? " (" : "", split, *split ? ")" : "",
            cli_count(fv_dataset_count(set), count));
}

/* A run that is resumed elsewhere than where it was. */
static void say_moved(const fv_run_origin *before, int threads) {
    bool other = *before->version && strcmp(before->version, fv_version()) != 0;
    if (!before->threads || (threads == before->threads && !other)) return;
    fprintf(stderr, "            so far it was %d", before->threads);
    if (other) {
        fputs(", by ", stderr);
        cli_print_plain(stderr, before->version);
    }
    cli_say(": sums will be rounded otherwise than if the run had gone on there");
}

static void say_machine(const cli_options *o, const fv_run_origin *before) {
    int threads = o->threads ? (int)o->threads : before->threads ? before->threads : fv_threads_available();
    cli_say("machine     %d thread%s, %s", threads, threads == 1 ? "" : "s", fv_isa_name());
    say_moved(before, threads);
}

/* `before`: what the state of a run that is resumed was made with. */
static void say_run(const cli_options *o, const fv_model *model, const cli_sets *sets, const fv_run_origin *before) {
    int c, h, w;
    char parameters[32];
    fv_model_input(model, &c, &h, &w);
    cli_say("network     %s: input %dx%dx%d, %d classes, %s parameters", o->model, c, h, w, fv_model_classes(model),
            cli_count(fv_model_parameters(model), parameters));
    if (fv_model_pretrained(model)) cli_say("pretrained  %s", fv_model_pretrained(model));
    say_set("training", o->data, cli_split_name(fv_dataset_split(sets->whole ? sets->whole : sets->train)),
            sets->train);
    if (sets->whole)
        say_set("validation", o->data, o->folds ? "the fold" : "a share of it", sets->val);
    else if (sets->val)
        say_set("validation", o->val ? o->val : o->data, cli_split_name(fv_dataset_split(sets->val)), sets->val);
    else
        cli_say("validation  none: %s has neither a val nor a test split", o->data);
    say_machine(o, before);
}

/* `measure`: by which epochs were compared. */
static void say_result(const cli_progress *progress, const char *measure, const char *folder) {
    const fv_epoch_report *last = &progress->last;
    char outcome[96];
    if (!last->epoch) {
        cli_say("done: nothing was left to do in %s", folder);
        return;
    }
    if (!last->validated)
        snprintf(outcome, sizeof outcome, "training top-1 %.4f", last->top1);
    else if (!progress->best_epoch)
        snprintf(outcome, sizeof outcome, "validation %s %.4f, the best came earlier", measure, last->val_best);
    else
        snprintf(outcome, sizeof outcome, "validation %s %.4f, best %.4f in epoch %d", measure, last->val_best,
                 progress->best, progress->best_epoch);
    if (folder)
        cli_say("done: %s; in %s: %slast.safetensors", outcome, folder, last->validated ? "best.safetensors, " : "");
    else
        cli_say("done: %s; nothing was saved (no --out)", outcome);
}

/* ---- Ctrl-C ------------------------------------------------------------------------------------------------------ */

/* The first asks for an end after the step, the second does not wait. */
static void on_signal(int number) {
    struct sigaction standard = {.sa_handler = SIG_DFL};
    fv_stop_request();
    sigaction(number, &standard, NULL);
}

static void catch_signals(void) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static fv_status say_stopped(const char *folder) {
    if (folder) return fv_fail(FV_STOPPED, "stopped, the state is saved; go on with: fovea train --resume %s", folder);
    return fv_fail(FV_STOPPED, "stopped; nothing was saved (no --out)");
}

/* ---- The run ----------------------------------------------------------------------------------------------------- */

static fv_status fit_settings(cli_options *o, const cli_sets *sets, fv_fit_args *args) {
    fv_loss loss;
    FV_TRY(cli_loss_settings(o, sets->train, &loss)); /* before config, which holds what it finds out */
    *args = (fv_fit_args){
        .loss = loss,
        .epochs = (int)o->epochs,
        .batch_size = (int)o->batch_size,
        .workers = (int)o->workers,
        .threads = (int)o->threads,
        .precision = cli_precision(o),
        .seed = (uint64_t)o->seed,
        .ema = (float)o->ema,
        .accumulate = (int)o->accumulate,
        .maps = cli_maps(o),
        .augment = o->augment,
        .mixup = (float)o->mixup,
        .cutmix = (float)o->cutmix,
        .balanced = strcmp(o->sampler, "balanced") == 0,
        .save_dir = o->resume ? o->resume : o->out,
        .overwrite = o->overwrite,
        .resume = o->resume,
        .config = cli_recipe_text(o),
        .save_every = (int)o->save_every,
        .best = o->best,
        .unfreeze_at = (int)o->unfreeze_at,
        .no_feature_cache = o->no_feature_cache,
        .early_stop = (int)o->early_stop,
        .min_delta = (float)o->min_delta,
        .max_bad = cli_max_bad(o),
        .gradient_norms = o->gradient_norms,
    };
    if (!args->config) return FV_NO_MEMORY;
    FV_TRY(cli_topk_settings(o, args->topk));
    FV_TRY(cli_log_settings(o, args->callbacks));
    FV_TRY(cli_optimizer_settings(o, &args->optimizer));
    FV_TRY(cli_parts_settings(o, &args->parts, &args->n_parts));
    return cli_schedule_settings(o, &args->schedule);
}

/* The page of a run that has ended, which loads itself anew no more; with measures if it ended well. Returns how that was, or
 * what kept the page from being written. */
static fv_status last_page(cli_options *o, const cli_sets *sets, const char *run, const char *page, fv_status end) {
    const char *message = end == FV_OK ? "" : fv_arena_strdup(&o->arena, fv_error());
    fv_report_args args = cli_report_args(o, end == FV_OK ? sets : NULL);
    args.without = end == FV_OK ? "the run validates on nothing" : "the run was ended before its last epoch";
    fv_status status = fv_report_with(run, page, &args);
    if (end == FV_OK) return status;
    return message ? fv_fail(end, "%s", message) : FV_NO_MEMORY;
}

/* `again`: the folder to resume after an interruption; NULL: the run's own. `before`: what its state was made with, if there is one. */
static fv_status run(cli_options *o, const cli_sets *sets, fv_model *model, const fv_run_origin *before,
                     cli_tuning *tuning, const char *again) {
    fv_fit_args args;
    FV_TRY(fit_settings(o, sets, &args));
    args.tuning = tuning->tuning;
    args.callbacks[FV_CALLBACKS - 1] = cli_tuning_callback(tuning);
    if (o->report && !args.save_dir)
        return fv_fail(FV_BAD_ARGUMENT, "--report: goes with --out DIR, where the page lies");
    const char *page = o->report ? cli_report_path(o, args.save_dir) : NULL;
    if (o->report && !page) return FV_NO_MEMORY;
    say_run(o, model, sets, before);
    if (o->find_lr) return cli_find_lr(o, model, sets->train, &args);
    cli_progress progress = cli_progress_start(o->log_every);
    args.callback = cli_progress_callback(&progress);
    progress.run = args.save_dir, progress.page = page;
    progress.report = cli_report_args(o, sets);
    progress.report.refresh = CLI_REFRESH;
    fv_status status = fv_fit_with(model, sets->train, sets->val, &args);
    cli_progress_end(&progress);
    if (page && (status == FV_OK || progress.begun)) status = last_page(o, sets, args.save_dir, page, status);
    if (status == FV_STOPPED) return say_stopped(again ? again : args.save_dir);
    if (status == FV_OK) say_result(&progress, strcmp(o->best, "top1") == 0 ? "top-1" : o->best, args.save_dir);
    return status;
}

static fv_status train(cli_options *o, const char *again) {
    cli_sets sets;
    fv_model *model = NULL;
    fv_run_origin before = {0};
    cli_tuning tuning = {0};
    fv_status status = cli_open_sets(o, &sets);
    if (status == FV_OK) status = check_sets(o, &sets);
    if (status == FV_OK && o->resume) status = fv_run_origin_of(o->resume, &before);
    if (status == FV_OK) status = build_model(o, &sets, before.threads > 0, &model);
    if (status == FV_OK && !before.threads) status = cli_tuning_open(o, &tuning); /* else the state has it */
    if (status == FV_OK) status = run(o, &sets, model, &before, &tuning, again);
    cli_tuning_close(&tuning);
    fv_model_free(model);
    cli_close_sets(&sets);
    return status;
}

fv_status cli_train(cli_options *o) {
    FV_TRY(gather_settings(o));
    catch_signals();
    bool one_of_them = o->resume && !cli_first_fold(o, o->resume);
    if (!o->folds || one_of_them) return train(o, NULL);
    FV_TRY(cli_check_logs_of_folds(o));
    return cli_train_folds(o, train);
}
