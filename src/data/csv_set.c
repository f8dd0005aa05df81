/* csv:FILE, a line an image: path and label, and perhaps a group. A label is an index from 0 or a class's name, the same in all
 * lines. */
#include "core/file.h"
#include "core/memory.h"
#include "core/suggest.h"
#include "data/classes.h"
#include "data/csv.h"
#include "data/files.h"
#include "data/kinds.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 1 << 30 };

static const char *const path_columns[] = {"path", "file", "filename", "image", "imgname", NULL};
static const char *const label_columns[] = {"label", "class", "target", NULL};

typedef struct row {
    const char *path, *label, *group; /* group NULL: not asked for */
    size_t line;
} row;

typedef struct rows {
    char *text;         /* of the file; the rest points into it */
    row *rows;          /* [n] */
    const char **names; /* [n_names] of the classes, sorted; NULL: labels are indices */
    size_t n, n_names;
} rows;

static void free_rows(rows *r) {
    fv_free(r->text);
    fv_free(r->rows);
    fv_free(r->names);
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static size_t count_lines(const char *text, size_t bytes) {
    size_t lines = 1;
    for (size_t i = 0; i < bytes; i++) lines += text[i] == '\n' || text[i] == '\r';
    return lines;
}

typedef struct columns {
    int path, label, group; /* group -1: not asked for */
} columns;

/* By the header if the first record is one; it is used up then. A group is known by the header alone. */
static fv_status find_columns(fv_csv *c, const char *group, columns *k) {
    *k = (columns){fv_csv_column(c, path_columns), fv_csv_column(c, label_columns), -1};
    if (group) k->group = fv_csv_column(c, (const char *const[]){group, NULL});
    bool header = k->path >= 0 && k->label >= 0;
    if (group && !header)
        return fv_fail(FV_BAD_ARGUMENT, "%s: group=%s: needs a first line that names the columns", c->name, group);
    if (group && k->group < 0)
        return fv_fail_in(fv_fail_unknown("column", group, (const char *const *)c->fields, (size_t)c->n),
                          "%s: group=%s", c->name, group);
    if (header) return fv_csv_next(c);
    *k = (columns){0, 1, -1};
    return FV_OK;
}

static fv_status read_row(const fv_csv *c, const columns *k, row *r) {
    if (c->n <= k->path || c->n <= k->label || c->n <= k->group)
        return fv_fail(FV_BAD_DATA, "%s: line %zu: %d field%s: expected path,label%s", c->name, c->line, c->n,
                       c->n == 1 ? "" : "s", k->group < 0 ? "" : " and the group");
    FV_TRY(fv_csv_check_path(c, c->fields[k->path]));
    *r = (row){c->fields[k->path], c->fields[k->label], k->group < 0 ? NULL : c->fields[k->group], c->line};
    if (!r->group || *r->group) return FV_OK;
    return fv_fail(FV_BAD_DATA, "%s: line %zu: the group is empty", c->name, c->line);
}

static fv_status read_rows(rows *r, const char *file, size_t bytes, const char *group) {
    fv_csv c;
    columns k;
    FV_TRY(fv_csv_begin(&c, r->text, bytes, file));
    if (!(r->rows = FV_NEW_N(row, count_lines(r->text, bytes)))) return FV_NO_MEMORY;
    FV_TRY(fv_csv_next(&c));
    FV_TRY(find_columns(&c, group, &k));
    for (; c.n; r->n++) {
        FV_TRY(read_row(&c, &k, &r->rows[r->n]));
        FV_TRY(fv_csv_next(&c));
    }
    return r->n ? FV_OK : fv_fail(FV_BAD_DATA, "%s: no line with path,label", file);
}

/* ---- Labels ------------------------------------------------------------------------------------------------------ */

/* An index from its decimal text, -1 for what is none. */
static int parse_index(const char *text) {
    int index = 0;
    for (const char *c = text; *c; c++) {
        if (*c < '0' || *c > '9' || index >= FV_MOST_CLASSES) return -1;
        index = 10 * index + (*c - '0');
    }
    return *text && index < FV_MOST_CLASSES ? index : -1;
}

/* "-1", "1.5", "nan" and "" are neither index nor name. */
static bool is_number(const char *text) {
    char *end;
    (void)strtod(text, &end);
    return *end == '\0';
}

static fv_status check_label(const char *file, const row *r, bool indices) {
    if (indices ? parse_index(r->label) >= 0 : !is_number(r->label)) return FV_OK;
    if (!indices)
        return fv_fail(FV_BAD_DATA, "%s: line %zu: label '%s': must be the name of a class, as in the lines before",
                       file, r->line, r->label);
    return fv_fail(FV_BAD_DATA, "%s: line %zu: label '%s': must be an index 0..%d%s", file, r->line, r->label,
                   FV_MOST_CLASSES - 1, is_number(r->label) ? "" : ", as in the lines before");
}

/* Names where the first label is no number, else indices. */
static fv_status find_classes(rows *r, const char *file) {
    bool indices = is_number(r->rows[0].label);
    for (size_t i = 0; i < r->n; i++) FV_TRY(check_label(file, &r->rows[i], indices));
    if (indices) return FV_OK;
    if (!(r->names = FV_NEW_N(const char *, r->n))) return FV_NO_MEMORY;
    for (size_t i = 0; i < r->n; i++) r->names[i] = r->rows[i].label;
    r->n_names = r->n;
    fv_classes_sort(r->names, &r->n_names);
    return fv_classes_check(file, r->names, r->n_names);
}

static int label_of(const rows *r, const row *line) {
    return r->names ? fv_classes_find(r->names, r->n_names, line->label) : parse_index(line->label);
}

static int count_classes(const rows *r) {
    if (r->names) return (int)r->n_names;
    int most = 0;
    for (size_t i = 0; i < r->n; i++)
        if (parse_index(r->rows[i].label) > most) most = parse_index(r->rows[i].label);
    return most + 1;
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

static const fv_dataset_kind csv_kind = FV_FILES_KIND("csv");

/* Groups are numbered in the order of their sorted names. */
static fv_status set_groups(const rows *r, fv_files *files) {
    size_t n = r->n;
    const char **names = FV_NEW_N(const char *, n);
    int *groups = names ? FV_NEW_N(int, n) : NULL;
    if (groups) {
        for (size_t i = 0; i < r->n; i++) names[i] = r->rows[i].group;
        fv_classes_sort(names, &n);
        for (size_t i = 0; i < r->n; i++) groups[i] = fv_classes_find(names, n, r->rows[i].group);
        fv_files_set_groups(files, groups, (int)n);
    }
    fv_free(names);
    return groups ? FV_OK : FV_NO_MEMORY;
}

static fv_status add_rows(const rows *r, fv_files *files) {
    for (size_t i = 0; i < r->n; i++) FV_TRY(fv_files_add(files, r->rows[i].path, label_of(r, &r->rows[i])));
    return r->rows[0].group ? set_groups(r, files) : FV_OK;
}

static fv_dataset *make_set(const rows *r, const char *root, const fv_dataset_args *args) {
    fv_files *files = fv_files_new(&csv_kind, count_classes(r), r->names, root);
    if (!files) return NULL;
    if (add_rows(r, files) == FV_OK) return fv_files_done(files, args);
    fv_dataset_free(&files->base);
    return NULL;
}

fv_dataset *fv_csv_with(const char *file, const fv_dataset_args *args) {
    if (!file) return NULL;
    if (args->split > FV_TRAIN) {
        fv_fail(FV_UNSUPPORTED, "csv:%s has no splits: give each its own file", file);
        return NULL;
    }
    rows r = {0};
    size_t bytes;
    fv_dataset *dataset = NULL;
    char *root = fv_folder_of(file);
    if (root && (r.text = fv_file_read(file, FILE_LIMIT, &bytes)) && read_rows(&r, file, bytes, args->group) == FV_OK &&
        find_classes(&r, file) == FV_OK)
        dataset = make_set(&r, root, args);
    free_rows(&r);
    fv_free(root);
    return dataset;
}

bool fv_csv_recognise(const char *path) {
    size_t length = strlen(path);
    return length > 4 && strcasecmp(path + length - 4, ".csv") == 0 && fv_is_file(path);
}
