/* What all kinds of dataset share: making, asking, freeing. */
#include "data/dataset.h"

#include "core/memory.h"
#include "core/suggest.h"
#include "data/cache.h"
#include "data/classes.h"

#include <string.h>

enum { MOST_CLASSES = 1 << 20, LARGEST_SIDE = 65535, CACHE_SHARE = 4 };

static void free_names(char **names, int n) {
    for (int i = 0; names && i < n; i++) fv_free(names[i]);
    fv_free(names);
}

/* NULL: "0", "1", ... */
static char **copy_names(const char *const *names, int n) {
    char **copy = FV_NEW_N(char *, (size_t)n);
    for (int i = 0; copy && i < n; i++)
        if (!(copy[i] = names ? fv_strdup(names[i]) : fv_format("%d", i))) {
            free_names(copy, n);
            return NULL;
        }
    return copy;
}

void *fv_dataset_new(const fv_dataset_kind *kind, size_t bytes, int classes, const char *const *class_names) {
    if (classes < 1 || classes > MOST_CLASSES) {
        fv_fail(FV_BAD_ARGUMENT, "%s: %d classes: must be 1..%d", kind->name, classes, MOST_CLASSES);
        return NULL;
    }
    if (class_names && fv_classes_check_text(kind->name, class_names, (size_t)classes) != FV_OK) return NULL;
    fv_dataset *d = fv_alloc(1, bytes);
    if (!d) return NULL;
    d->kind = kind;
    d->classes = classes;
    d->positive = -1;
    d->numbered = !class_names;
    if ((d->class_names = copy_names(class_names, classes))) return d;
    fv_dataset_free(d);
    return NULL;
}

void fv_dataset_free(fv_dataset *dataset) {
    if (!dataset) return;
    if (dataset->kind->close) dataset->kind->close(dataset);
    fv_cache_free(dataset->cache);
    free_names(dataset->class_names, dataset->classes);
    fv_free(dataset->class_map);
    fv_free(dataset);
}

fv_status fv_dataset_set_size(fv_dataset *d, size_t count, int channels, int height, int width) {
    if (count < 1) return fv_fail(FV_BAD_ARGUMENT, "%s: a dataset of no images", d->kind->name);
    if (channels < 1 || channels > 4 || height < 1 || width < 1 || height > LARGEST_SIDE || width > LARGEST_SIDE)
        return fv_fail(FV_BAD_ARGUMENT, "%s: images of %dx%d pixels, %d channels: sides must be 1..%d, channels 1..4",
                       d->kind->name, width, height, channels, LARGEST_SIDE);
    d->count = count;
    d->channels = channels;
    d->height = height;
    d->width = width;
    return FV_OK;
}

static int find_name(const char *const *names, int n, const char *name) {
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0) return i;
    return -1;
}

fv_status fv_dataset_set_positive(fv_dataset *d, const char *class_name) {
    if (!class_name) return FV_OK;
    const char *const *names = (const char *const *)d->class_names;
    int found = find_name(names, d->classes, class_name);
    if (found < 0)
        return fv_fail_in(fv_fail_unknown("class", class_name, names, (size_t)d->classes), "%s: positive",
                          d->kind->name);
    d->positive = found;
    return FV_OK;
}

/* map[i]: where the set's class i is among the names; *known counts those that are there. */
static fv_status map_classes(const fv_dataset *d, const char *const *names, int n, int *map, int *known) {
    const char *missing = NULL;
    for (int i = 0; i < d->classes; i++) {
        map[i] = d->numbered && i < n ? i : find_name(names, n, d->class_names[i]);
        *known += map[i] >= 0;
        if (map[i] < 0 && !missing) missing = d->class_names[i];
    }
    if (!missing || (*known == 0 && d->classes == n)) return FV_OK;
    return fv_fail(FV_BAD_DATA, "%s: its class '%s' is none of the %d that are known", d->kind->name, missing, n);
}

fv_status fv_dataset_set_classes(fv_dataset *d, const char *const *names, int n) {
    if (!d || !names) return fv_last_status();
    if (d->class_map) return fv_fail(FV_BAD_ARGUMENT, "%s: its classes have been set already", d->kind->name);
    int known = 0, *map = FV_NEW_N(int, (size_t)d->classes);
    char **copy = map ? copy_names(names, n) : NULL;
    fv_status status = copy ? map_classes(d, names, n, map, &known) : FV_NO_MEMORY;
    if (status != FV_OK || known == 0) {
        free_names(copy, n);
        fv_free(map);
        return status;
    }
    free_names(d->class_names, d->classes);
    d->class_names = copy;
    d->class_map = map;
    d->map_size = d->classes;
    d->classes = n;
    if (d->positive >= 0) d->positive = map[d->positive];
    return FV_OK;
}

fv_status fv_dataset_open_cache(fv_dataset *d, size_t bytes) {
    fv_cache_free(d->cache);
    d->cache = NULL;
    if (!d->kind->costly || bytes == 0) return FV_OK;
    d->cache = fv_cache_new(d->count, bytes == SIZE_MAX ? fv_memory_available() / CACHE_SHARE : bytes);
    return d->cache ? FV_OK : FV_NO_MEMORY;
}

fv_status fv_dataset_cache(fv_dataset *d, size_t bytes) {
    return d ? fv_dataset_open_cache(d, bytes) : fv_last_status();
}

static fv_status check_index(const fv_dataset *d, size_t index) {
    if (index >= d->count)
        return fv_fail(FV_BAD_ARGUMENT, "%s: image %zu of %zu does not exist", d->kind->name, index, d->count);
    return FV_OK;
}

/* Checks the kind's label, and makes it the class. */
static fv_status take_label(const fv_dataset *d, size_t index, int *label) {
    int n = d->class_map ? d->map_size : d->classes;
    if (*label < 0 || *label >= n)
        return fv_fail(FV_BAD_DATA, "%s: image %zu has label %d: must be 0..%d", d->kind->name, index, *label, n - 1);
    if (d->class_map) *label = d->class_map[*label];
    return FV_OK;
}

static fv_status read_or_make(const fv_dataset *d, size_t index, const fv_decode_want *want, fv_image *image,
                              int *label) {
    if (!d->cache) return d->kind->read(d, index, want, image, label);
    if (fv_cache_get(d->cache, index, want, image)) return d->kind->label(d, index, label);
    FV_TRY(d->kind->read(d, index, want, image, label));
    return fv_cache_put(d->cache, index, want, image);
}

fv_status fv_dataset_read(const fv_dataset *dataset, size_t index, const fv_decode_want *want, fv_image *image,
                          int *label) {
    *image = (fv_image){0};
    FV_TRY(check_index(dataset, index));
    fv_status status = read_or_make(dataset, index, want, image, label);
    if (status == FV_OK) status = take_label(dataset, index, label);
    if (status != FV_OK) fv_image_free(image);
    return status;
}

fv_status fv_dataset_label(const fv_dataset *dataset, size_t index, int *label) {
    FV_TRY(check_index(dataset, index));
    if (dataset->kind->label) {
        FV_TRY(dataset->kind->label(dataset, index, label));
        return take_label(dataset, index, label);
    }
    fv_image image;
    FV_TRY(fv_dataset_read(dataset, index, NULL, &image, label));
    fv_image_free(&image);
    return FV_OK;
}

size_t fv_dataset_count(const fv_dataset *d) { return d ? d->count : 0; }
int fv_dataset_classes(const fv_dataset *d) { return d ? d->classes : 0; }
int fv_dataset_groups(const fv_dataset *d) { return d ? d->n_groups : 0; }
int fv_dataset_positive(const fv_dataset *d) { return d ? d->positive : -1; }
fv_split fv_dataset_split(const fv_dataset *d) { return d ? d->split : FV_SPLIT_DEFAULT; }
const char *fv_dataset_name(const fv_dataset *d) { return d ? d->kind->name : NULL; }

const char *fv_dataset_path(const fv_dataset *d, size_t index) {
    return d && index < d->count && d->kind->path ? d->kind->path(d, index) : NULL;
}

/* numbers[0] becomes the mean of the first n: what one gray channel is to several of colour. */
static void average(float *numbers, int n) {
    for (int i = 1; i < n; i++) numbers[0] += numbers[i];
    numbers[0] /= (float)n;
}

fv_preprocess fv_dataset_preprocess(const fv_dataset *d, int channels) {
    fv_preprocess p = d ? d->preprocess : (fv_preprocess){0};
    if (!d || p.std[0] == 0 || d->channels == channels || d->channels > 4) return p;
    average(p.mean, d->channels);
    average(p.std, d->channels);
    for (int c = 1; c < 4; c++) p.mean[c] = c < channels ? p.mean[0] : 0, p.std[c] = c < channels ? p.std[0] : 0;
    return p;
}

const char *fv_dataset_class_name(const fv_dataset *d, int index) {
    return d && index >= 0 && index < d->classes ? d->class_names[index] : NULL;
}

void fv_dataset_image_size(const fv_dataset *d, int *channels, int *height, int *width) {
    *channels = d ? d->channels : 0;
    *height = d ? d->height : 0;
    *width = d ? d->width : 0;
}
