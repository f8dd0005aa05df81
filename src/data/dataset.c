/* What all kinds of dataset share: making, asking, freeing. */
#include "data/dataset.h"

#include "core/memory.h"
#include "data/cache.h"

#include <string.h>

enum { MOST_CLASSES = 1 << 20, LARGEST_SIDE = 65535, CACHE_SHARE = 4 };

void *fv_dataset_new(const fv_dataset_kind *kind, size_t bytes, int classes, const char *const *class_names) {
    if (classes < 1 || classes > MOST_CLASSES) {
        fv_fail(FV_BAD_ARGUMENT, "%s: %d classes: must be 1..%d", kind->name, classes, MOST_CLASSES);
        return NULL;
    }
    fv_dataset *d = fv_alloc(1, bytes);
    if (!d) return NULL;
    d->kind = kind;
    d->classes = classes;
    d->positive = -1;
    if (!(d->class_names = FV_NEW_N(char *, (size_t)classes))) goto fail;
    for (int i = 0; i < classes; i++) {
        d->class_names[i] = class_names ? fv_strdup(class_names[i]) : fv_format("%d", i);
        if (!d->class_names[i]) goto fail;
    }
    return d;
fail:
    fv_dataset_free(d);
    return NULL;
}

void fv_dataset_free(fv_dataset *dataset) {
    if (!dataset) return;
    if (dataset->kind->close) dataset->kind->close(dataset);
    fv_cache_free(dataset->cache);
    for (int i = 0; dataset->class_names && i < dataset->classes; i++) fv_free(dataset->class_names[i]);
    fv_free(dataset->class_names);
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

fv_status fv_dataset_set_positive(fv_dataset *d, const char *class_name) {
    if (!class_name) return FV_OK;
    for (int i = 0; i < d->classes; i++)
        if (strcmp(d->class_names[i], class_name) == 0) {
            d->positive = i;
            return FV_OK;
        }
    return fv_fail(FV_BAD_ARGUMENT, "positive=%s: %s has no such class", class_name, d->kind->name);
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

static fv_status check_label(const fv_dataset *d, size_t index, int label) {
    if (label < 0 || label >= d->classes)
        return fv_fail(FV_BAD_DATA, "%s: image %zu has label %d: must be 0..%d", d->kind->name, index, label,
                       d->classes - 1);
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
    if (status == FV_OK) status = check_label(dataset, index, *label);
    if (status != FV_OK) fv_image_free(image);
    return status;
}

fv_status fv_dataset_label(const fv_dataset *dataset, size_t index, int *label) {
    FV_TRY(check_index(dataset, index));
    if (dataset->kind->label) {
        FV_TRY(dataset->kind->label(dataset, index, label));
        return check_label(dataset, index, *label);
    }
    fv_image image;
    FV_TRY(fv_dataset_read(dataset, index, NULL, &image, label));
    fv_image_free(&image);
    return FV_OK;
}

size_t fv_dataset_count(const fv_dataset *d) { return d ? d->count : 0; }
int fv_dataset_classes(const fv_dataset *d) { return d ? d->classes : 0; }
int fv_dataset_positive(const fv_dataset *d) { return d ? d->positive : -1; }
fv_split fv_dataset_split(const fv_dataset *d) { return d ? d->split : FV_SPLIT_DEFAULT; }
const char *fv_dataset_name(const fv_dataset *d) { return d ? d->kind->name : NULL; }

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
