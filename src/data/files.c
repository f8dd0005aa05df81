#include "data/files.h"

#include "core/file.h"
#include "core/memory.h"
#include "data/bad.h"

#include <string.h>

fv_files *fv_files_new(const fv_dataset_kind *kind, int classes, const char *const *class_names, const char *root) {
    fv_files *f = fv_dataset_new(kind, sizeof *f, classes, class_names);
    if (!f) return NULL;
    f->base.preprocess = (fv_preprocess){.mean = {0.5f, 0.5f, 0.5f}, .std = {0.5f, 0.5f, 0.5f}}; /* to -1..1 */
    if ((f->base.bad = fv_bad_new()) && (f->root = fv_arena_strdup(&f->arena, root))) return f;
    fv_dataset_free(&f->base);
    return NULL;
}

void fv_files_close(fv_dataset *dataset) {
    fv_files *f = (fv_files *)dataset;
    fv_bad_free(f->base.bad);
    fv_free(f->paths);
    fv_free(f->labels);
    fv_free(f->groups);
    fv_arena_free(&f->arena);
}

/* ---- Adding ------------------------------------------------------------------------------------------------------ */

static fv_status grow(fv_files *f) {
    size_t more = f->room ? 2 * f->room : 256;
    const char **paths = fv_realloc(f->paths, more, sizeof *paths);
    if (!paths) return FV_NO_MEMORY;
    f->paths = paths;
    int *labels = fv_realloc(f->labels, more, sizeof *labels);
    if (!labels) return FV_NO_MEMORY;
    f->labels = labels;
    f->room = more;
    return FV_OK;
}

fv_status fv_files_add(fv_files *f, const char *path, int label) {
    if (f->base.count == f->room) FV_TRY(grow(f));
    if (!(f->paths[f->base.count] = fv_arena_strdup(&f->arena, path))) return FV_NO_MEMORY;
    f->labels[f->base.count++] = label;
    return FV_OK;
}

void fv_files_set_groups(fv_files *f, int *groups, int n) {
    f->base.groups = f->groups = groups;
    f->base.n_groups = n;
}

/* Keeps `limit` images, spread evenly over the order: a folder's first ones are all of one class. */
static void thin_out(fv_files *f, size_t limit) {
    if (!limit || limit >= f->base.count) return;
    for (size_t i = 0; i < limit; i++) {
        size_t from = (size_t)((double)i * (double)f->base.count / (double)limit);
        f->paths[i] = f->paths[from];
        f->labels[i] = f->labels[from];
        if (f->groups) f->groups[i] = f->groups[from];
    }
    f->base.count = limit;
}

/* The size of the first image that can be read. */
static fv_status learn_size(fv_files *f) {
    for (size_t i = 0; i < f->base.count; i++) {
        fv_image image;
        int label;
        fv_status status = fv_files_read(&f->base, i, NULL, &image, &label);
        if (status == FV_NO_MEMORY) return status;
        if (status != FV_OK) continue;
        status = fv_dataset_set_size(&f->base, f->base.count, image.channels, image.height, image.width);
        fv_image_free(&image);
        return status;
    }
    if (f->base.count == 0) return fv_fail(FV_BAD_DATA, "%s: no image here", f->root);
    return fv_fail(FV_BAD_DATA, "%s: none of the %zu images can be read; the first is %s: %s", f->root, f->base.count,
                   f->paths[0], fv_bad_at(f->base.bad, 0).reason);
}

fv_dataset *fv_files_done(fv_files *f, const fv_dataset_args *args) {
    thin_out(f, args->limit);
    if (learn_size(f) == FV_OK && fv_dataset_set_positive(&f->base, args->positive) == FV_OK &&
        fv_dataset_open_cache(&f->base, SIZE_MAX) == FV_OK)
        return &f->base;
    fv_dataset_free(&f->base);
    return NULL;
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

/* The message of the failure without the path in front of it. */
static const char *reason_of(const char *path) {
    const char *message = fv_error();
    size_t length = strlen(path);
    return strlen(message) > length + 2 && message[length] == ':' ? message + length + 2 : message;
}

fv_status fv_files_label(const fv_dataset *dataset, size_t index, int *label) {
    *label = ((const fv_files *)dataset)->labels[index];
    return FV_OK;
}

const char *fv_files_path(const fv_dataset *dataset, size_t index) { return ((const fv_files *)dataset)->paths[index]; }

fv_status fv_files_read(const fv_dataset *dataset, size_t index, const fv_decode_want *want, fv_image *image,
                        int *label) {
    const fv_files *f = (const fv_files *)dataset;
    char *path = fv_path_join(f->root, f->paths[index]);
    fv_status status = path ? fv_image_read(path, want, image) : FV_NO_MEMORY, noted = FV_OK;
    if (status != FV_OK && status != FV_NO_MEMORY)
        noted = fv_bad_note(f->base.bad, index, f->base.count, path, reason_of(path));
    fv_free(path);
    return status == FV_OK ? fv_files_label(dataset, index, label) : noted == FV_OK ? status : noted;
}
