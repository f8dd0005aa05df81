#include "train/run.h"

#include "core/append.h"
#include "core/file.h"
#include "core/memory.h"
#include "formats/json.h"
#include "formats/params.h"
#include "formats/tuning_file.h"
#include "train/course.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char STATE[] = "state.safetensors", METRICS[] = "metrics.jsonl", CONFIG[] = "config.recipe";
static const char KEY[] = "fovea_run"; /* of the state's metadata */
enum { STATE_VERSION = 6, OLDEST_STATE = 5 /* without "made_by" and "kernels" */ };
static const char MADE_BY[] = "made_by", KERNELS[] = "kernels";

/* ---- Beginning --------------------------------------------------------------------------------------------------------- */

static fv_status holds(const char *folder, const char *name, bool *there) {
    char *path = fv_path_join(folder, name);
    if (!path) return FV_NO_MEMORY;
    *there = access(path, F_OK) == 0;
    fv_free(path);
    return FV_OK;
}

static fv_status remove_file(const fv_run *run, const char *name) {
    char *path = fv_path_join(run->folder, name);
    if (!path) return FV_NO_MEMORY;
    fv_status status = FV_OK;
    if (unlink(path) && errno != ENOENT)
        status = fv_fail(FV_IO_ERROR, "%s: cannot remove the old run: %s", path, strerror(errno));
    fv_free(path);
    return status;
}

/* Without its config and before its state is gone an old run can still be resumed; without both it is none. */
static const char *const files[] = {CONFIG, STATE, METRICS, "best.safetensors", "last.safetensors", "report.html"};

/* Calls remove_file for each name in the folder that is `unwanted`. */
static fv_status remove_those(const fv_run *run, bool (*unwanted)(const char *name)) {
    DIR *folder = opendir(run->folder);
    fv_status status = FV_OK;
    for (struct dirent *entry; folder && status == FV_OK && (entry = readdir(folder));)
        if (unwanted(entry->d_name)) status = remove_file(run, entry->d_name);
    if (folder) closedir(folder);
    return status;
}

static bool is_checkpoint(const char *name) {
    size_t before = sizeof FV_CHECKPOINT_BEFORE - 1;
    if (strncmp(name, FV_CHECKPOINT_BEFORE, before) != 0) return false;
    size_t digits = strspn(name + before, "0123456789");
    return digits >= 4 && strcmp(name + before + digits, FV_CHECKPOINT_BEHIND) == 0;
}

static fv_status remove_old(const fv_run *run) {
    for (int i = 0; i < FV_COUNT(files); i++) FV_TRY(remove_file(run, files[i]));
    return remove_those(run, is_checkpoint);
}

static bool is_of_a_run(const char *name) {
    for (int i = 0; i < FV_COUNT(files); i++)
        if (strcmp(name, files[i]) == 0) return true;
    return is_checkpoint(name);
}

/* What core/file.c was writing when the program was killed: NAME.tmp-PID. */
static bool is_leftover(const char *name) {
    char target[64];
    const char *end = strstr(name, ".tmp-");
    if (!end || (size_t)(end - name) >= sizeof target) return false;
    snprintf(target, sizeof target, "%.*s", (int)(end - name), name);
    return is_of_a_run(target);
}

fv_status fv_run_check_log(const char *save_dir, const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (!save_dir || (!is_of_a_run(name) && !is_leftover(name))) return FV_OK;
    char *folder = fv_folder_of(path), *real = folder ? fv_path_real(folder) : NULL, *own = fv_path_real(save_dir);
    fv_status status = real && own ? FV_OK : FV_NO_MEMORY;
    if (status == FV_OK && strcmp(real, own) == 0)
        status = fv_fail(FV_BAD_ARGUMENT, "%s: is a file of the run itself: name another for the log", path);
    fv_free(folder);
    fv_free(real);
    fv_free(own);
    return status;
}

static fv_status write_text(const fv_run *run, const char *name, const char *text) {
    char *path = fv_path_join(run->folder, name);
    fv_status status = path ? fv_file_save(path, text, strlen(text)) : FV_NO_MEMORY;
    fv_free(path);
    return status;
}

fv_status fv_run_begin(const fv_run *run, bool overwrite) {
    bool begun, committed;
    if (!run->folder) return FV_OK;
    FV_TRY(fv_make_folders(run->folder));
    FV_TRY(holds(run->folder, CONFIG, &begun));
    FV_TRY(holds(run->folder, STATE, &committed));
    if (!overwrite && (begun || committed))
        return fv_fail(FV_BAD_ARGUMENT, "%s: already holds a run: --resume goes on with it, --overwrite replaces it",
                       run->folder);
    FV_TRY(remove_those(run, is_leftover));
    if (overwrite) FV_TRY(remove_old(run));
    return write_text(run, CONFIG, run->config ? run->config : "");
}

/* ---- metrics.jsonl --------------------------------------------------------------------------------------------------------- */

/* Behind its committed bytes; what somebody took out of it since is no reason to stop. */
static fv_status append(const fv_run *run, const char *text, fv_progress *progress) {
    char *path = fv_path_join(run->folder, METRICS);
    if (!path) return FV_NO_MEMORY;
    fv_status status = fv_append(path, text, strlen(text), &progress->metrics_bytes);
    fv_free(path);
    return status;
}

fv_status fv_run_log(const fv_run *run, const char *line, fv_progress *progress) {
    if (!run->folder) return FV_OK;
    char *whole = fv_format("%s\n", line);
    if (!whole) return FV_NO_MEMORY;
    fv_status status = append(run, whole, progress);
    fv_free(whole);
    return status;
}

/* ---- State: saving ----------------------------------------------------------------------------------------------------------- */

/* The numbers of fv_progress by name: saved and read by one table. */
static const struct {
    const char *name;
    size_t offset;
    enum { INT, SIZE, DOUBLE } type;
} fields[] = {
    {"epoch", offsetof(fv_progress, epoch), INT},
    {"batch", offsetof(fv_progress, batch), SIZE},
    {"n", offsetof(fv_progress, score.n), SIZE},
    {"top1", offsetof(fv_progress, score.top1), SIZE},
    {"top5", offsetof(fv_progress, score.top5), SIZE},
    {"loss", offsetof(fv_progress, score.loss), DOUBLE},
    {"weight", offsetof(fv_progress, score.weight), DOUBLE},
    {"seconds", offsetof(fv_progress, seconds), DOUBLE},
    {"best", offsetof(fv_progress, best), DOUBLE},
    {"best_loss", offsetof(fv_progress, best_loss), DOUBLE},
    {"best_epoch", offsetof(fv_progress, best_epoch), INT},
    {"mark", offsetof(fv_progress, mark), DOUBLE},
    {"stale", offsetof(fv_progress, stale), INT},
    {"plateau_best", offsetof(fv_progress, plateau.best), DOUBLE},
    {"plateau_epochs", offsetof(fv_progress, plateau.epochs), SIZE},
    {"plateau_stale", offsetof(fv_progress, plateau.stale), SIZE},
    {"plateau_resting", offsetof(fv_progress, plateau.resting), SIZE},
    {"plateau_falls", offsetof(fv_progress, plateau.falls), SIZE},
    {"thawed_at", offsetof(fv_progress, thawed_at), SIZE},
    {"metrics_bytes", offsetof(fv_progress, metrics_bytes), SIZE},
};

static json_t *field_to_json(const fv_progress *progress, int i) {
    const void *at = (const unsigned char *)progress + fields[i].offset;
    switch (fields[i].type) {
    case INT:
        return json_integer(*(const int *)at);
    case SIZE:
        return json_integer((json_int_t) * (const size_t *)at);
    case DOUBLE:
        return json_real(*(const double *)at);
    }
    return NULL;
}

static const char GRADIENTS[] = "gradient_norms";

static json_t *progress_to_json(const fv_progress *progress) {
    json_t *object = json_object();
    for (int i = 0; i < FV_COUNT(fields); i++)
        object = fv_json_with(object, fields[i].name, field_to_json(progress, i));
    if (progress->gradients.n) object = fv_json_with(object, GRADIENTS, fv_gradients_to_json(&progress->gradients));
    return object;
}

static fv_status no_memory(const fv_run *run) {
    return fv_fail(FV_NO_MEMORY, "%s: out of memory while the state was made", run->folder);
}

static char *state_text(const fv_run *run, const fv_trainer *trainer, const fv_progress *progress) {
    json_t *root = fv_json_with(json_object(), "version", json_integer(STATE_VERSION));
    root = fv_json_with(root, "config", json_string(run->config ? run->config : ""));
    root = fv_json_with(root, "threads", json_integer(fv_team_size(trainer->team)));
    root = fv_json_with(root, MADE_BY, json_string(fv_version()));
    root = fv_json_with(root, KERNELS, run->tuning ? fv_tuning_to_json(run->tuning) : json_object());
    root = fv_json_with(root, "course", fv_course_to_json(trainer, run->args, run->images));
    root = fv_json_with(root, "step", json_integer((json_int_t)trainer->step));
    root = fv_json_with(root, "progress", progress_to_json(progress));
    char *text = root ? fv_json_dump(root) : NULL;
    if (!text) no_memory(run);
    json_decref(root);
    return text;
}

static const char MODEL_PREFIX[] = "model.", SLOT_PREFIX[] = "optimizer.";

/* Entries of the weights, then of the slots; *n of them are filled also on failure. */
static fv_status state_entries(const fv_trainer *trainer, fv_tensor_entry *entries, size_t *n) {
    const fv_model *model = trainer->session.model;
    for (int i = 0; i < model->n_params; i++, ++*n)
        FV_TRY(fv_param_entry(&model->params[i], MODEL_PREFIX, &entries[*n]));
    for (int i = 0; i < trainer->n_slots; i++, ++*n)
        FV_TRY(fv_param_entry(&trainer->slots[i], SLOT_PREFIX, &entries[*n]));
    return FV_OK;
}

fv_status fv_run_save_state(const fv_run *run, const fv_trainer *trainer, const fv_progress *progress) {
    if (!run->folder) return FV_OK;
    size_t n = 0, most = (size_t)(trainer->session.model->n_params + trainer->n_slots);
    char *text = state_text(run, trainer, progress), *path = fv_path_join(run->folder, STATE);
    fv_tensor_entry *entries = FV_NEW_N(fv_tensor_entry, most);
    fv_status status = text && path && entries ? state_entries(trainer, entries, &n) : FV_NO_MEMORY;
    if (status == FV_OK) status = fv_safetensors_write(path, entries, n, &(fv_keyval){KEY, text}, 1);
    for (size_t i = 0; i < n; i++) fv_free((char *)entries[i].name);
    fv_free(entries);
    fv_free(path);
    fv_free(text);
    return status;
}

fv_status fv_run_save_model(const fv_run *run, const fv_model *model, const char *name) {
    if (!run->folder) return FV_OK;
    char *path = fv_path_join(run->folder, name);
    if (!path) return FV_NO_MEMORY;
    fv_status status = fv_model_save(model, path);
    fv_free(path);
    return status;
}

/* ---- State: resuming ----------------------------------------------------------------------------------------------------------- */

/* The state file and its document. */
typedef struct state {
    char *path;
    fv_safetensors *file;
    json_t *root;
} state;

static void close_state(state *s) {
    json_decref(s->root);
    fv_safetensors_free(s->file);
    fv_free(s->path);
}

static fv_status open_state(const char *folder, state *s) {
    *s = (state){.path = fv_path_join(folder, STATE)};
    if (!s->path) return FV_NO_MEMORY;
    if (access(s->path, F_OK)) return fv_fail(FV_IO_ERROR, "%s: no run to resume: there is no %s", folder, STATE);
    s->file = fv_safetensors_open(s->path);
    if (!s->file) return fv_last_status();
    const char *text = fv_safetensors_metadata(s->file, KEY);
    if (!text) return fv_fail(FV_BAD_DATA, "%s: not the state of a run", s->path);
    s->root = fv_json_parse(text, strlen(text), s->path);
    return s->root ? FV_OK : fv_last_status();
}

static fv_status field_from_json(const char *where, const json_t *object, int i, fv_progress *progress) {
    void *at = (unsigned char *)progress + fields[i].offset;
    int64_t integer = 0;
    switch (fields[i].type) {
    case INT:
        return fv_json_int(where, object, fields[i].name, 0, INT_MAX, at);
    case DOUBLE:
        return fv_json_number(where, object, fields[i].name, -1e300, 1e300, at);
    case SIZE:
        FV_TRY(fv_json_int64(where, object, fields[i].name, 0, INT64_MAX, &integer));
        *(size_t *)at = (size_t)integer;
    }
    return FV_OK;
}

static fv_status same_course(const state *s, const fv_run *run, const fv_trainer *trainer) {
    const json_t *started;
    FV_TRY(fv_json_object(s->path, s->root, "course", &started));
    json_t *now = fv_course_to_json(trainer, run->args, run->images);
    fv_status status = now ? fv_course_check(s->path, started, now) : no_memory(run);
    json_decref(now);
    return status;
}

static fv_status read_document(const state *s, const fv_run *run, fv_trainer *trainer, fv_progress *progress) {
    const json_t *object;
    int version;
    int64_t step;
    FV_TRY(fv_json_int(s->path, s->root, "version", OLDEST_STATE, STATE_VERSION, &version));
    FV_TRY(same_course(s, run, trainer));
    FV_TRY(fv_json_int64(s->path, s->root, "step", 0, INT64_MAX, &step));
    FV_TRY(fv_json_object(s->path, s->root, "progress", &object));
    for (int i = 0; i < FV_COUNT(fields); i++) FV_TRY(field_from_json(s->path, object, i, progress));
    trainer->step = (uint64_t)step;
    if (!progress->gradients.n || !json_object_get(object, GRADIENTS))
        return FV_OK; /* asked for from now on, or no more */
    FV_TRY(fv_json_object(s->path, object, GRADIENTS, &object));
    return fv_gradients_from_json(s->path, object, &progress->gradients);
}

static fv_status check_tensors(const state *s, const fv_param *params, int n, const char *prefix) {
    for (int i = 0; i < n; i++) FV_TRY(fv_param_check(params[i].name, &params[i].info.shape, prefix, s->file, s->path));
    return FV_OK;
}

static fv_status read_tensors(const state *s, fv_trainer *trainer) {
    fv_model *model = trainer->session.model;
    FV_TRY(check_tensors(s, model->params, model->n_params, MODEL_PREFIX));
    FV_TRY(check_tensors(s, trainer->slots, trainer->n_slots, SLOT_PREFIX));
    FV_TRY(fv_params_replace(model->params, model->n_params, MODEL_PREFIX, s->file, NULL));
    return fv_params_replace(trainer->slots, trainer->n_slots, SLOT_PREFIX, s->file, NULL);
}

/* True if the run was ended before its first state: all there is of it is its config. */
static fv_status is_at_beginning(const char *folder, bool *beginning) {
    bool begun, committed;
    FV_TRY(holds(folder, CONFIG, &begun));
    FV_TRY(holds(folder, STATE, &committed));
    *beginning = begun && !committed;
    return FV_OK;
}

static fv_status take_up(const fv_run *run, fv_trainer *trainer, fv_progress *progress) {
    state s;
    fv_status status = open_state(run->folder, &s);
    if (status == FV_OK) status = read_document(&s, run, trainer, progress);
    if (status == FV_OK) status = read_tensors(&s, trainer);
    close_state(&s);
    return status;
}

fv_status fv_run_resume(const fv_run *run, fv_trainer *trainer, fv_progress *progress) {
    bool beginning;
    FV_TRY(is_at_beginning(run->folder, &beginning));
    if (!beginning) FV_TRY(take_up(run, trainer, progress));
    FV_TRY(remove_those(run, is_leftover));
    return append(run, "", progress);
}

static char *state_config(const char *folder) {
    state s;
    const char *config;
    char *copy = NULL;
    if (open_state(folder, &s) == FV_OK && fv_json_string(s.path, s.root, "config", &config) == FV_OK)
        copy = fv_strdup(config);
    close_state(&s);
    return copy;
}

static char *first_config(const char *folder) {
    char *path = fv_path_join(folder, CONFIG);
    char *text = path ? fv_file_read(path, FV_JSON_BYTES, NULL) : NULL;
    fv_free(path);
    return text;
}

/* ---- State: what it was made with ------------------------------------------------------------------------------------------ */

/* Opens the state, if there is one; *there tells. It is closed by close_state also on failure. */
static fv_status open_if_there(const char *folder, state *s, bool *there) {
    bool beginning;
    *s = (state){0};
    *there = false;
    FV_TRY(is_at_beginning(folder, &beginning));
    if (beginning) return FV_OK;
    *there = true;
    return open_state(folder, s);
}

static fv_status read_origin(const state *s, fv_run_origin *origin) {
    const char *version = "";
    FV_TRY(fv_json_int(s->path, s->root, "threads", 1, INT_MAX, &origin->threads));
    if (json_object_get(s->root, MADE_BY)) FV_TRY(fv_json_string(s->path, s->root, MADE_BY, &version));
    snprintf(origin->version, sizeof origin->version, "%s", version);
    return FV_OK;
}

fv_status fv_run_origin_of(const char *save_dir, fv_run_origin *origin) {
    state s;
    bool there;
    *origin = (fv_run_origin){0};
    fv_status status = open_if_there(save_dir, &s, &there);
    if (status == FV_OK && there) status = read_origin(&s, origin);
    close_state(&s);
    return status;
}

static fv_status read_tuning(const state *s, fv_tuning *tuning) {
    const json_t *kernels;
    if (!json_object_get(s->root, KERNELS)) return FV_OK;
    FV_TRY(fv_json_object(s->path, s->root, KERNELS, &kernels));
    return fv_tuning_from_json(s->path, kernels, tuning);
}

fv_status fv_run_tuning(const char *save_dir, fv_tuning *tuning) {
    state s;
    bool there;
    fv_status status = open_if_there(save_dir, &s, &there);
    if (status == FV_OK && there) status = read_tuning(&s, tuning);
    close_state(&s);
    return status;
}

char *fv_run_config(const char *save_dir) {
    bool beginning;
    if (is_at_beginning(save_dir, &beginning)) return NULL;
    return beginning ? first_config(save_dir) : state_config(save_dir);
}
