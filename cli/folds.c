#include "folds.h"

#include "core/file.h"
#include "core/memory.h"
#include "formats/json.h"
#include "fovea/train.h"
#include "text.h"

#include <math.h>
#include <string.h>

enum { MOST_FOLDS = 1000, MEASURES = 16 }; /* as the range of --folds; more than there are names */

/* ---- Folders --------------------------------------------------------------------------------------------------------- */

static const char *fold_folder(cli_options *o, const char *folder, int fold) {
    return fv_arena_format(&o->arena, "%s/fold%d", folder, fold);
}

/* Is there a run, begun or more? */
static bool holds_run(cli_options *o, const char *folder) {
    const char *config = fv_arena_format(&o->arena, "%s/config.recipe", folder);
    const char *state = fv_arena_format(&o->arena, "%s/state.safetensors", folder);
    return (config && fv_is_file(config)) || (state && fv_is_file(state));
}

const char *cli_first_fold(cli_options *o, const char *folder) {
    if (holds_run(o, folder)) return NULL;
    for (int fold = 1; fold <= MOST_FOLDS; fold++) {
        const char *run = fold_folder(o, folder, fold);
        if (!run || holds_run(o, run)) return run;
    }
    return NULL;
}

/* ---- What the folds came to -------------------------------------------------------------------------------------------- */

typedef struct results {
    int folds, n;               /* n measures that some fold has */
    const char *keys[MEASURES]; /* "val_loss", ... */
    int *epochs;                /* [folds] the best of each */
    double *values;             /* [folds + 2, n]: of the folds; their mean; their standard deviation. NAN: undefined */
} results;

static double *row_of(const results *r, int row) { return r->values + (size_t)row * (size_t)r->n; }

/* What best.safetensors says of its training; NULL on failure. */
static json_t *best_epoch(cli_options *o, const char *run) {
    const char *path = run ? fv_arena_format(&o->arena, "%s/best.safetensors", run) : NULL;
    fv_model *model = path ? fv_model_load(path) : NULL;
    const char *text = model ? fv_model_training(model) : NULL;
    json_t *training = text ? fv_json_parse(text, strlen(text), path) : NULL;
    if (model && !text) fv_fail(FV_BAD_DATA, "%s: does not say what its training came to", path);
    fv_model_free(model);
    return training;
}

static fv_status read_fold(cli_options *o, const char *folder, int fold, results *r) {
    json_t *training = best_epoch(o, fold_folder(o, folder, fold + 1));
    if (!training) return fv_last_status();
    r->epochs[fold] = (int)json_integer_value(json_object_get(training, "epoch"));
    for (int i = 0; i < r->n; i++) {
        const json_t *value = json_object_get(training, r->keys[i]);
        row_of(r, fold)[i] = json_is_number(value) ? json_number_value(value) : NAN;
    }
    json_decref(training);
    return FV_OK;
}

/* Means, and standard deviations of a sample (over folds - 1). */
static void sum_up(results *r) {
    double *mean = row_of(r, r->folds), *deviation = row_of(r, r->folds + 1);
    for (int i = 0; i < r->n; i++) {
        for (int f = 0; f < r->folds; f++) mean[i] += row_of(r, f)[i] / r->folds;
        for (int f = 0; f < r->folds; f++) deviation[i] += pow(row_of(r, f)[i] - mean[i], 2) / (r->folds - 1);
        deviation[i] = sqrt(deviation[i]);
    }
}

static fv_status gather(cli_options *o, const char *folder, results *r) {
    *r = (results){.folds = (int)o->folds};
    for (; r->n < MEASURES && fv_best_name(r->n); r->n++)
        if (!(r->keys[r->n] = fv_arena_format(&o->arena, "val_%s", fv_best_name(r->n)))) return FV_NO_MEMORY;
    r->epochs = fv_arena_alloc(&o->arena, (size_t)r->folds, sizeof *r->epochs);
    r->values = fv_arena_alloc(&o->arena, ((size_t)r->folds + 2) * (size_t)r->n, sizeof *r->values);
    if (!r->epochs || !r->values) return FV_NO_MEMORY;
    for (int f = 0; f < r->folds; f++) FV_TRY(read_fold(o, folder, f, r));
    sum_up(r);
    return FV_OK;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------------- */

/* Adds what is defined. */
static json_t *with_row(json_t *object, const results *r, int row) {
    for (int i = 0; i < r->n; i++)
        if (!isnan(row_of(r, row)[i])) object = fv_json_with(object, r->keys[i], json_real(row_of(r, row)[i]));
    return object;
}

static char *json_text(const results *r) {
    json_t *folds = json_array();
    for (int f = 0; f < r->folds; f++) {
        json_t *fold = fv_json_with(json_object(), "fold", json_integer(f + 1));
        fold = fv_json_with(fold, "epoch", json_integer(r->epochs[f]));
        folds = fv_json_and(folds, with_row(fold, r, f));
    }
    json_t *root = fv_json_with(json_object(), "folds", folds);
    root = fv_json_with(root, "mean", with_row(json_object(), r, r->folds));
    root = fv_json_with(root, "standard_deviation", with_row(json_object(), r, r->folds + 1));
    char *text = root ? fv_json_dump(root) : NULL;
    if (!text) fv_fail(FV_NO_MEMORY, "out of memory while the folds were summed up");
    json_decref(root);
    return text;
}

static fv_status write_json(cli_options *o, const char *folder, const results *r) {
    const char *path = fv_arena_format(&o->arena, "%s/folds.json", folder);
    char *text = path ? json_text(r) : NULL;
    fv_file_writer *w = text ? fv_file_create(path) : NULL;
    fv_status status = w ? fv_file_write(w, text, strlen(text)) : fv_last_status();
    fv_free(text);
    if (status == FV_OK) return fv_file_commit(w);
    fv_file_abandon(w);
    return status;
}

/* ---- A table ----------------------------------------------------------------------------------------------------------- */

static int width_of(const char *key) { return strlen(key) < 6 ? 6 : (int)strlen(key); }

/* Measures that no fold has, such as those of two classes, have no column. */
static bool has_column(const results *r, int i) {
    for (int f = 0; f < r->folds; f++)
        if (!isnan(row_of(r, f)[i])) return true;
    return false;
}

static void print_row(const results *r, const char *name, const char *epoch, int row) {
    printf("%-4s  %5s", name, epoch);
    for (int i = 0; i < r->n; i++) {
        const char *title = fv_best_name(i);
        if (!has_column(r, i)) continue;
        if (row < 0 || isnan(row_of(r, row)[i]))
            printf("  %*s", width_of(title), row < 0 ? title : "-");
        else
            printf("  %*.4f", width_of(title), row_of(r, row)[i]);
    }
    putchar('\n');
}

static void print_table(const results *r) {
    char name[16], epoch[16];
    print_row(r, "fold", "epoch", -1);
    for (int f = 0; f < r->folds; f++) {
        snprintf(name, sizeof name, "%d", f + 1);
        snprintf(epoch, sizeof epoch, "%d", r->epochs[f]);
        print_row(r, name, epoch, f);
    }
    print_row(r, "mean", "", r->folds);
    print_row(r, "sd", "", r->folds + 1);
}

/* ---- The runs ---------------------------------------------------------------------------------------------------------- */

static fv_status set_fold(cli_options *o, int fold) {
    const char *text = fv_arena_format(&o->arena, "%d", fold);
    return text ? cli_set(o, &cli_flags[CLI_FLAG_fold], text, CLI_BY_USER, "--") : FV_NO_MEMORY;
}

/* The run of one fold: taken up where there is one to resume, else begun. */
static fv_status train_fold(cli_options *o, const char *folder, bool resume, int fold, cli_train_fn *train) {
    const char *run = fold_folder(o, folder, fold);
    if (!run) return FV_NO_MEMORY;
    FV_TRY(set_fold(o, fold));
    resume = resume && holds_run(o, run);
    o->resume = resume ? run : NULL;
    o->out = resume ? NULL : run;
    cli_say("fold %d of %lld", fold, o->folds);
    return train(o, folder);
}

fv_status cli_train_folds(cli_options *o, cli_train_fn *train) {
    const char *folder = o->resume ? o->resume : o->out;
    bool resume = o->resume;
    results r;
    if (!folder) return fv_fail(FV_BAD_ARGUMENT, "--folds: needs --out DIR, where the runs go: DIR/fold1, ...");
    if (o->fold) return train_fold(o, folder, resume, (int)o->fold, train);
    for (int fold = 1; fold <= o->folds; fold++) {
        FV_TRY(train_fold(o, folder, resume, fold, train));
        cli_say("%s", "");
    }
    FV_TRY(gather(o, folder, &r));
    FV_TRY(write_json(o, folder, &r));
    cli_say("the best epoch of each fold; in %s/folds.json, too", folder);
    print_table(&r);
    return FV_OK;
}
