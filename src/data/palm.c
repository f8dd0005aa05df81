/* PALM (iChallenge-PM): fundus photographs, class 1 with pathologic myopia. Training labels are the first letters of the
 * names, validation labels a table. As unpacked from the original archives, or gathered under one folder.
 * Source: Fang et al., Scientific Data 11:99 (2024), doi 10.1038/s41597-024-02911-2. */
#include "core/file.h"
#include "core/memory.h"
#include "data/csv.h"
#include "data/files.h"
#include "data/kinds.h"
#include "data/pictures.h"

#include <string.h>

enum { TABLE_LIMIT = 1 << 24, PLACES = 3 };

/* Where each thing may lie; the first that is there counts. */
static const char *const training[PLACES] = {"PALM-Training400/PALM-Training400", "PALM-Training400"};
static const char *const validation[PLACES] = {"PALM-Validation400/PALM-Validation400", "PALM-Validation400"};
static const char *const tables[PLACES] = {"labels.csv", "PALM-Validation-GT/labels.csv",
                                           "PALM-Validation-GT/PM_Label_and_Fovea_Location.csv"};
static const char *const workbooks[PLACES] = {"PALM-Validation-GT/PM_Label_and_Fovea_Location.xlsx"};

static const char *const classes[] = {"non_pathologic", "pathologic_myopia"};

/* *path: the place that is there, NULL without a message if none is. */
static fv_status find(const char *folder, const char *const places[PLACES], bool (*is)(const char *), char **path) {
    *path = NULL;
    for (int i = 0; i < PLACES && places[i]; i++) {
        if (!(*path = fv_path_join(folder, places[i]))) return FV_NO_MEMORY;
        if (is(*path)) return FV_OK;
        fv_free(*path);
        *path = NULL;
    }
    return FV_OK;
}

static bool has(const char *folder, const char *const places[PLACES]) {
    char *path;
    bool found = find(folder, places, fv_is_folder, &path) == FV_OK && path;
    fv_free(path);
    return found;
}

bool fv_palm_recognise(const char *folder) { return has(folder, training) || has(folder, validation); }

/* ---- Training ---------------------------------------------------------------------------------------------------- */

/* P pathologic myopia, H high myopia without it, N normal. */
static fv_status add_by_letter(fv_files *files, const char *folder) {
    fv_names names;
    FV_TRY(fv_names_read(folder, &names));
    fv_status status = FV_OK;
    for (size_t i = 0; status == FV_OK && i < names.n; i++) {
        const char *name = names.names[i].name;
        if (names.names[i].folder || !fv_is_picture_name(name)) continue;
        if (strchr("PHN", *name))
            status = fv_files_add(files, name, *name == 'P');
        else
            status =
                fv_fail(FV_BAD_DATA, "%s/%s: its name must begin with P, H or N, which is its label", folder, name);
    }
    fv_names_free(&names);
    return status;
}

/* ---- Validation -------------------------------------------------------------------------------------------------- */

static fv_status add_record(fv_files *files, const fv_csv *c, int image, int label) {
    if (c->n <= image || c->n <= label)
        return fv_fail(FV_BAD_DATA, "%s: line %zu: %d fields: fewer than the header", c->name, c->line, c->n);
    FV_TRY(fv_csv_check_path(c, c->fields[image]));
    const char *value = c->fields[label];
    if ((*value != '0' && *value != '1') || value[1])
        return fv_fail(FV_BAD_DATA, "%s: line %zu: label '%s': must be 0 or 1", c->name, c->line, value);
    return fv_files_add(files, c->fields[image], *value - '0');
}

static fv_status add_records(fv_files *files, const char *table, char *text, size_t bytes) {
    static const char *const image_column[] = {"imgName", NULL}, *const label_column[] = {"Label", NULL};
    fv_csv c;
    FV_TRY(fv_csv_begin(&c, text, bytes, table));
    FV_TRY(fv_csv_next(&c));
    int image = fv_csv_column(&c, image_column), label = fv_csv_column(&c, label_column);
    if (image < 0 || label < 0)
        return fv_fail(FV_BAD_DATA, "%s: line 1: must name the columns imgName and Label, separated by commas", table);
    for (;;) {
        FV_TRY(fv_csv_next(&c));
        if (c.n == 0) return FV_OK;
        FV_TRY(add_record(files, &c, image, label));
    }
}

static fv_status no_table(const char *folder) {
    char *workbook;
    FV_TRY(find(folder, workbooks, fv_is_file, &workbook));
    if (workbook)
        fv_fail(FV_IO_ERROR, "%s: workbooks are not read: save it as %s/%s", workbook, folder, tables[2]);
    else
        fv_fail(FV_IO_ERROR, "%s: no labels for the validation images: expected %s or %s", folder, tables[0],
                tables[2]);
    fv_free(workbook);
    return FV_IO_ERROR;
}

static fv_status add_by_table(fv_files *files, const char *folder) {
    char *table;
    size_t bytes;
    FV_TRY(find(folder, tables, fv_is_file, &table));
    if (!table) return no_table(folder);
    char *text = fv_file_read(table, TABLE_LIMIT, &bytes);
    fv_status status = text ? add_records(files, table, text, bytes) : fv_last_status();
    fv_free(text);
    fv_free(table);
    return status;
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

static const fv_dataset_kind palm_kind = FV_FILES_KIND("palm");

static fv_dataset *open_split(const char *folder, const char *root, const fv_dataset_args *args) {
    fv_files *files = fv_files_new(&palm_kind, 2, classes, root);
    if (!files) return NULL;
    files->base.positive = 1;
    files->base.split = args->split ? args->split : FV_TRAIN;
    bool train = files->base.split == FV_TRAIN;
    if ((train ? add_by_letter(files, root) : add_by_table(files, folder)) == FV_OK) return fv_files_done(files, args);
    fv_dataset_free(&files->base);
    return NULL;
}

fv_dataset *fv_palm_with(const char *folder, const fv_dataset_args *args) {
    if (!folder) return NULL;
    if (args->split == FV_TEST) {
        fv_fail(FV_UNSUPPORTED, "palm has no test split: it has train and val");
        return NULL;
    }
    char *root;
    const char *const *places = args->split == FV_VAL ? validation : training;
    if (find(folder, places, fv_is_folder, &root) != FV_OK) return NULL;
    fv_dataset *dataset = root ? open_split(folder, root, args) : NULL;
    if (!root && fv_is_folder(folder))
        fv_fail(FV_IO_ERROR, "%s: no images of PALM here; expected a folder %s", folder, places[1]);
    else if (!root)
        fv_fail(FV_IO_ERROR, "%s: no such folder", folder);
    fv_free(root);
    return dataset;
}
