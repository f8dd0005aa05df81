/* fv_csv_log, fv_json_log: a line an epoch. There is no state between two calls: the file is the state. A run that begins empties it,
 * one that is resumed cuts off the epochs that it has yet to do, as a kill may have come between a line and the run's state. */
#include "core/append.h"
#include "core/file.h"
#include "core/memory.h"
#include "train/metrics_line.h"
#include "train/run.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_BYTES = 1 << 26, LINE = 4096 };

/* ---- Beginning --------------------------------------------------------------------------------------------------- */

/* What a line has before its epoch, and whether the first line is none. */
typedef struct log_form {
    const char *before, *head;
} log_form;
static const log_form csv = {"", "epoch,"}, json = {"{\"epoch\":", ""};

/* INT_MAX for what is no line of such a log. */
static long epoch_of(const char *line, const log_form *form) {
    size_t length = strlen(form->before);
    char *end;
    if (strncmp(line, form->before, length) != 0) return INT_MAX;
    long epoch = strtol(line + length, &end, 10);
    return *end == ',' || *end == '}' ? epoch : INT_MAX;
}

/* The bytes of a log that stay: its head, and whole lines of epochs up to the last that is done. */
static size_t part_to_keep(const char *text, const log_form *form, int done) {
    size_t keep = 0;
    bool head = *form->head;
    for (const char *line = text, *end; done > 0 && (end = strchr(line, '\n')); line = end + 1, head = false) {
        if (!head && epoch_of(line, form) > done) break;
        keep = (size_t)(end + 1 - text);
    }
    return keep;
}

/* The log, of its own; "" if there is none yet. Somebody else's file must not be emptied. NULL on failure. */
static char *read_log(const char *path, const log_form *form) {
    const char *start = *form->head ? form->head : form->before;
    char *text = fv_is_file(path) ? fv_file_read(path, LOG_BYTES, NULL) : fv_strdup("");
    if (!text || !*text || strncmp(text, start, strlen(start)) == 0) return text;
    fv_fail(FV_BAD_ARGUMENT, "%s: holds something else than a log of epochs: name another file, or remove it", path);
    fv_free(text);
    return NULL;
}

static fv_status check(const char *path, const log_form *form, const fv_run_info *run) {
    if (!path || !*path) return fv_fail(FV_BAD_ARGUMENT, "a log needs the name of a file");
    FV_TRY(fv_run_check_log(run->save_dir, path));
    FV_TRY(fv_append_check(path));
    char *text = read_log(path, form);
    fv_status status = text ? FV_OK : fv_last_status();
    fv_free(text);
    return status;
}

static fv_status begin(const char *path, const log_form *form, const fv_run_info *run) {
    char *folder = fv_folder_of(path);
    fv_status status = folder ? fv_make_folders(folder) : FV_NO_MEMORY;
    fv_free(folder);
    FV_TRY(status);
    char *text = read_log(path, form);
    if (!text) return fv_last_status();
    size_t keep = part_to_keep(text, form, run->epoch);
    fv_free(text);
    return fv_append(path, "", 0, &keep);
}

static fv_status check_csv(void *path, const fv_run_info *run) { return check(path, &csv, run); }
static fv_status check_json(void *path, const fv_run_info *run) { return check(path, &json, run); }
static fv_status begin_csv(void *path, const fv_run_info *run) { return begin(path, &csv, run); }
static fv_status begin_json(void *path, const fv_run_info *run) { return begin(path, &json, run); }

/* ---- CSV --------------------------------------------------------------------------------------------------------- */

/* The columns of an empty log. */
static void write_head(const fv_metric *metrics, int n, char head[LINE]) {
    size_t used = 0;
    for (int i = 0; i < n; i++)
        used += (size_t)snprintf(head + used, LINE - used, "%s%s", metrics[i].name, i + 1 < n ? "," : "\n");
}

/* The value of the column `name`, of that length; 0 characters where the epoch has none. */
static int write_cell(const fv_metric *metrics, int n, const char *name, size_t length, char *at, size_t room) {
    for (int i = 0; i < n; i++)
        if (strlen(metrics[i].name) == length && memcmp(metrics[i].name, name, length) == 0)
            return snprintf(at, room, metrics[i].format, metrics[i].value);
    return 0;
}

/* A line below this head. False where it does not fit: no head of ours is as long. */
static bool write_row(const fv_metric *metrics, int n, const char *head, char line[LINE]) {
    size_t used = 0;
    for (bool more = true; more && used + 40 < LINE; head++) {
        size_t length = strcspn(head, ",\n");
        used += (size_t)write_cell(metrics, n, head, length, line + used, LINE - used);
        head += length;
        more = *head == ',';
        line[used++] = more ? ',' : '\n';
    }
    line[used] = '\0';
    return line[used - 1] == '\n';
}

static fv_status log_csv(void *user, const fv_epoch_report *report) {
    const char *path = user;
    char head[LINE] = "", row[LINE];
    fv_metric metrics[FV_METRICS];
    size_t end = SIZE_MAX;
    int n = fv_metrics_of(report, metrics);
    char *text = fv_file_read(path, LOG_BYTES, NULL);
    if (!text) return fv_last_status();
    if (!*text) write_head(metrics, n, head);
    bool fits = write_row(metrics, n, *text ? text : head, row);
    fv_free(text);
    if (!fits) return fv_fail(FV_BAD_DATA, "%s: its first line is too long for one of columns", path);
    char *lines = fv_format("%s%s", head, row);
    fv_status status = lines ? fv_append(path, lines, strlen(lines), &end) : FV_NO_MEMORY;
    fv_free(lines);
    return status;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static fv_status log_json(void *path, const fv_epoch_report *report) {
    size_t end = SIZE_MAX;
    char *object = fv_metrics_line(report), *line = object ? fv_format("%s\n", object) : NULL;
    fv_status status = line ? fv_append(path, line, strlen(line), &end) : FV_NO_MEMORY;
    fv_free(line);
    fv_free(object);
    return status;
}

fv_callback fv_csv_log(const char *path) {
    return (fv_callback){.user = (void *)path, .on_check = check_csv, .on_train_begin = begin_csv, .on_epoch = log_csv};
}

fv_callback fv_json_log(const char *path) {
    return (fv_callback){
        .user = (void *)path, .on_check = check_json, .on_train_begin = begin_json, .on_epoch = log_json};
}
