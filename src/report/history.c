#include "report/history.h"

#include "core/file.h"
#include "core/memory.h"
#include "formats/json.h"

#include <math.h>
#include <string.h>

enum { HISTORY_BYTES = 256 << 20 }; /* 10,000 epochs with the gradient norms of 600 parameters */

static const char *const names[FV_HISTORY_KEYS] = {
    [FV_EPOCH] = "epoch",     [FV_RATE] = "lr",           [FV_LOSS] = "loss",         [FV_TOP1] = "top1",
    [FV_SECONDS] = "seconds", [FV_VAL_LOSS] = "val_loss", [FV_VAL_TOP1] = "val_top1",
};

static double number(const json_t *object, const char *key) {
    double value = json_is_number(json_object_get(object, key)) ? json_number_value(json_object_get(object, key)) : NAN;
    return fabs(value) <= 1e30 ? value : NAN;
}

static fv_status new_row(fv_history *h) {
    if (h->n == h->room) {
        size_t room = h->room ? 2 * h->room : 64;
        void *rows = fv_realloc(h->rows, room, sizeof *h->rows);
        if (!rows) return FV_NO_MEMORY;
        h->rows = rows;
        h->room = room;
    }
    for (int k = 0; k < FV_HISTORY_KEYS; k++) h->rows[h->n][k] = NAN;
    h->n++;
    return FV_OK;
}

/* `number` from 1; whole: it ends in a newline. */
static fv_status take_line(fv_history *h, const char *line, size_t length, size_t number_of_line, bool whole) {
    json_t *object = fv_json_parse(line, length, "metrics.jsonl");
    if (!object && fv_last_status() == FV_NO_MEMORY) return FV_NO_MEMORY;
    if (!object && !whole) return FV_OK;
    fv_status status = new_row(h);
    if (status == FV_OK && !object && h->damaged++ == 0) h->first_damaged = number_of_line;
    for (int k = 0; status == FV_OK && object && k < FV_HISTORY_KEYS; k++)
        h->rows[h->n - 1][k] = number(object, names[k]);
    json_decref(object);
    return status;
}

static fv_status take_lines(fv_history *h, const char *text, size_t bytes) {
    const char *end = text + bytes;
    for (size_t line = 1; text < end; line++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text)), *stop = newline ? newline : end;
        if (stop > text) FV_TRY(take_line(h, text, (size_t)(stop - text), line, newline));
        text = stop + 1;
    }
    return FV_OK;
}

fv_status fv_history_read(const char *run, fv_history *h) {
    size_t bytes;
    *h = (fv_history){0};
    char *path = fv_path_join(run, "metrics.jsonl"), *text = NULL;
    fv_status status = path ? FV_OK : FV_NO_MEMORY;
    if (path && fv_is_file(path))
        status = (text = fv_file_read(path, HISTORY_BYTES, &bytes)) ? FV_OK : fv_last_status();
    if (text) status = take_lines(h, text, bytes);
    fv_free(text);
    fv_free(path);
    return status;
}

void fv_history_free(fv_history *h) { fv_free(h->rows); }

double fv_history_last(const fv_history *h, fv_history_key key) {
    for (size_t i = h->n; i > 0; i--)
        if (!isnan(h->rows[i - 1][key])) return h->rows[i - 1][key];
    return NAN;
}

double fv_history_sum(const fv_history *h, fv_history_key key) {
    double sum = 0;
    for (size_t i = 0; i < h->n; i++)
        if (!isnan(h->rows[i][key])) sum += h->rows[i][key];
    return sum;
}
