/* The page: what there is of a run is gathered, sections are put after one another, and the file is written. */
#include "report/page.h"

#include "core/file.h"
#include "core/memory.h"
#include "formats/json.h"

#include <string.h>
#include <time.h>

enum { CONFIG_BYTES = 1 << 20 };

/* ---- Gathering -------------------------------------------------------------------------------------------------------- */

/* *path is the file, if it is there; else NULL. */
static fv_status find(const char *run, const char *name, char **path) {
    *path = fv_path_join(run, name);
    if (!*path) return FV_NO_MEMORY;
    if (fv_is_file(*path)) return FV_OK;
    fv_free(*path);
    *path = NULL;
    return FV_OK;
}

static fv_status read_config(fv_page *p) {
    char *path;
    FV_TRY(find(p->run, "config.recipe", &path));
    if (!path) return FV_OK;
    p->config = fv_file_read(path, CONFIG_BYTES, NULL);
    fv_free(path);
    return p->config ? FV_OK : fv_last_status();
}

/* What is not there, or damaged, stays unknown. */
static fv_status unless_memory(fv_status status) { return status == FV_NO_MEMORY ? status : FV_OK; }

static fv_status read_training(fv_page *p) {
    const char *text = fv_model_training(p->model), *made_by = NULL;
    json_t *training = text ? fv_json_parse(text, strlen(text), p->model_file) : NULL;
    if (!training) return text ? unless_memory(fv_last_status()) : FV_OK;
    (void)fv_json_int(p->model_file, training, "epoch", 1, 1000000000, &p->best_epoch);
    (void)fv_json_int(p->model_file, training, "threads", 1, 1000000, &p->threads);
    (void)fv_json_string(p->model_file, training, "made_by", &made_by);
    if (made_by) p->made_by = fv_strdup(made_by);
    json_decref(training);
    return made_by && !p->made_by ? FV_NO_MEMORY : FV_OK;
}

/* Without a model that can be read there is still a page. */
static fv_status read_model(fv_page *p) {
    static const char *const names[] = {"best.safetensors", "last.safetensors"};
    char *path = NULL;
    for (int i = 0; i < 2 && !path; i++) {
        p->model_file = names[i];
        FV_TRY(find(p->run, names[i], &path));
    }
    if (!path) return FV_OK;
    p->model = fv_model_load(path);
    fv_free(path);
    if (p->model) return read_training(p);
    FV_TRY(unless_memory(fv_last_status()));
    p->without = fv_strdup(fv_error());
    return p->without ? FV_OK : FV_NO_MEMORY;
}

static fv_status gather(fv_page *p) {
    FV_TRY(read_config(p));
    FV_TRY(fv_history_read(p->run, &p->history));
    if (!p->config && !p->history.n)
        return fv_fail(FV_BAD_DATA, "%s: holds no run: there is neither config.recipe nor metrics.jsonl", p->run);
    FV_TRY(read_model(p));
    p->measured = p->model && p->args->data && !p->args->refresh;
    return p->measured ? fv_answers_make(p->model, p->args, &p->answers) : FV_OK;
}

static void release(fv_page *p) {
    fv_answers_free(&p->answers);
    fv_history_free(&p->history);
    fv_model_free(p->model);
    fv_free(p->made_by);
    fv_free(p->without);
    fv_free(p->config);
}

/* ---- What sections ask -------------------------------------------------------------------------------------------------- */

const char *fv_page_setting(const fv_page *p, const char *key, size_t *length) {
    size_t key_length = strlen(key);
    for (const char *line = p->config; line && *line; line += *line == '\n') {
        size_t all = strcspn(line, "\n");
        if (all > key_length + 3 && memcmp(line, key, key_length) == 0 && memcmp(line + key_length, " = ", 3) == 0) {
            *length = all - key_length - 3;
            return line + key_length + 3;
        }
        line += all;
    }
    return NULL;
}

void fv_page_class(fv_text *t, const fv_page *p, int c) {
    fv_text_add(t, "<bdi>");
    fv_text_words(t, fv_model_class_name(p->model, c));
    fv_text_add(t, "</bdi>");
}

/* ---- The page ----------------------------------------------------------------------------------------------------------- */

/* Why there are no measures. */
static void put_reason(fv_text *t, const fv_page *p) {
    fv_text_add(t, "<p class=note>Made from metrics.jsonl alone: ");
    if (p->args->refresh > 0)
        fv_text_add(t, "measures and pictures follow when the run has ended");
    else if (p->without)
        fv_text_words(t, p->without);
    else if (!p->model)
        fv_text_add(t, "there is no model yet");
    else
        fv_text_words(t, p->args->without ? p->args->without : "no data were given to measure the model on");
    fv_text_add(t, ".</p>\n");
}

static void put_footer(fv_text *t) {
    char text[64];
    time_t now = time(NULL);
    struct tm utc;
    if (!gmtime_r(&now, &utc) || !strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &utc)) *text = '\0';
    fv_text_format(t, "<footer>Written %s. This file needs no other.</footer>\n</body>\n</html>\n", text);
}

static const struct {
    const char *id, *title;
    bool of_answers; /* where the model has been measured */
    void (*put)(fv_text *text, const fv_page *page);
} sections[] = {
    {"training", "Training", false, fv_put_curves},         {"measures", "Measures", true, fv_put_measures},
    {"ranking", "ROC and precision", true, fv_put_ranking}, {"confusion", "Confusion", true, fv_put_confusion},
    {"pictures", "Pictures", true, fv_put_pictures},        {"settings", "Settings", false, fv_put_settings},
};

static void compose(fv_text *t, const fv_page *p) {
    fv_put_head(t, p);
    fv_put_header(t, p);
    fv_text_add(t, "<main>\n");
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        if (sections[i].of_answers && !p->measured) continue;
        fv_text_format(t, "<section id=%s aria-labelledby=%s-h><h2 id=%s-h>%s</h2>\n", sections[i].id, sections[i].id,
                       sections[i].id, sections[i].title);
        sections[i].put(t, p);
        if (i == 0 && !p->measured) put_reason(t, p);
        fv_text_add(t, "</section>\n");
    }
    fv_text_add(t, "</main>\n");
    put_footer(t);
}

fv_status fv_report_with(const char *run, const char *file, const fv_report_args *args) {
    if (!run || !file) return fv_fail(FV_BAD_ARGUMENT, "a report needs a run's folder and a file to write");
    fv_page page = {.run = run, .args = args};
    fv_text text = {0};
    fv_status status = gather(&page);
    if (status == FV_OK) {
        compose(&text, &page);
        status = text.status;
    }
    if (status == FV_OK) status = fv_file_save(file, text.at, text.length);
    fv_text_free(&text);
    release(&page);
    return status;
}
