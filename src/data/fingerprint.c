/* FNV-1a over what makes a set: not safe against somebody who wants two sets to agree, but
 * against a copy that is not what it was. */
#include "core/hash.h"
#include "data/dataset.h"

#include <string.h>

static void mix(uint64_t *hash, const void *bytes, size_t count) { *hash = fv_fnv1a(*hash, bytes, count); }

/* The same on every machine, whatever its byte order. */
static void mix_number(uint64_t *hash, uint64_t number) {
    for (int i = 0; i < 8; i++, number >>= 8) mix(hash, &(uint8_t){(uint8_t)number}, 1);
}

static void mix_pixels(uint64_t *hash, const fv_image *image) {
    const int shape[] = {image->width, image->height, image->channels, image->depth};
    for (int i = 0; i < 4; i++) mix_number(hash, (uint64_t)shape[i]);
    if (image->depth == 8) {
        mix(hash, image->pixels, fv_image_samples(image));
        return;
    }
    const uint16_t *samples = image->pixels;
    for (size_t i = 0; i < fv_image_samples(image); i++) mix_number(hash, samples[i]);
}

static fv_status mix_image(uint64_t *hash, const fv_dataset *d, size_t index) {
    fv_image image = {0};
    int label;
    fv_status status = fv_dataset_read(d, index, NULL, &image, &label);
    if (status == FV_NO_MEMORY) return status;
    mix_number(hash, status == FV_OK);
    if (status == FV_OK) mix_pixels(hash, &image);
    fv_image_free(&image);
    return FV_OK;
}

static fv_status mix_labels(uint64_t *hash, const fv_dataset *d) {
    for (size_t i = 0; i < d->count; i++) {
        int label = -1;
        if (fv_dataset_label(d, i, &label) == FV_NO_MEMORY) return FV_NO_MEMORY;
        mix_number(hash, (uint64_t)(int64_t)label);
    }
    return FV_OK;
}

fv_status fv_dataset_fingerprint(const fv_dataset *d, size_t most, uint64_t *fingerprint) {
    if (!d) return fv_last_status();
    uint64_t hash = FV_FNV1A_START;
    size_t images = most && most < d->count ? most : d->count;
    for (int c = 0; c < d->classes; c++) mix(&hash, d->class_names[c], strlen(d->class_names[c]) + 1);
    FV_TRY(mix_labels(&hash, d));
    for (size_t i = 0; i < images; i++)
        FV_TRY(mix_image(&hash, d, (size_t)((double)i * (double)d->count / (double)images)));
    *fingerprint = hash;
    return FV_OK;
}
