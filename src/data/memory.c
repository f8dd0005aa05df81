/* Images in the caller's memory, all of one size. */
#include "core/memory.h"
#include "data/dataset.h"

typedef struct memory_set {
    fv_dataset base;
    const uint8_t *pixels; /* [N,H,W,C], the caller's */
    int *labels;           /* [N] */
} memory_set;

static fv_status read_label(const fv_dataset *dataset, size_t index, int *label) {
    *label = ((const memory_set *)dataset)->labels[index];
    return FV_OK;
}

static fv_status read_image(const fv_dataset *d, size_t index, const fv_decode_want *want, fv_image *image,
                            int *label) {
    (void)want;
    *image = (fv_image){.width = d->width, .height = d->height, .channels = d->channels, .depth = 8};
    image->pixels = ((const memory_set *)d)->pixels + index * fv_image_samples(image);
    return read_label(d, index, label);
}

static void prefetch_image(const fv_dataset *d, size_t index) {
    size_t bytes = (size_t)d->height * (size_t)d->width * (size_t)d->channels;
    fv_prefetch_start(((const memory_set *)d)->pixels + index * bytes, bytes);
}

static void close_memory(fv_dataset *dataset) { fv_free(((memory_set *)dataset)->labels); }

static const fv_dataset_kind memory_kind = {"memory",       false, read_image,  read_label,
                                            prefetch_image, NULL,  close_memory};

fv_dataset *fv_dataset_from_memory(const uint8_t *pixels, const int *labels, size_t count, int channels, int height,
                                   int width, int classes, const char *const *class_names) {
    if (!pixels || !labels) {
        fv_fail(FV_BAD_ARGUMENT, "dataset from memory: pixels and labels must not be NULL");
        return NULL;
    }
    memory_set *m = fv_dataset_new(&memory_kind, sizeof *m, classes, class_names);
    if (!m || fv_dataset_set_size(&m->base, count, channels, height, width) != FV_OK) goto fail;
    m->pixels = pixels;
    if (!(m->labels = FV_NEW_N(int, count))) goto fail;
    for (size_t i = 0; i < count; i++) {
        m->labels[i] = labels[i];
        int checked;
        if (fv_dataset_label(&m->base, i, &checked) != FV_OK) goto fail;
    }
    return &m->base;
fail:
    if (m) fv_dataset_free(&m->base);
    return NULL;
}
