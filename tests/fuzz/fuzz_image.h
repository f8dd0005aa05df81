/* Decodes one format, whose first bytes are put before the input, and prepares the picture for a small network. */
#ifndef FUZZ_FUZZ_IMAGE_H
#define FUZZ_FUZZ_IMAGE_H

#include "fuzz/memory_rule.h"
#include "image/decode.h"
#include "image/prepare.h"

#include <string.h>

static inline void fuzz_image(const void *magic, size_t magic_bytes, const uint8_t *bytes, size_t count) {
    size_t length = magic_bytes + count;
    uint8_t *file = malloc(length);
    if (!file) abort();
    memcpy(file, magic, magic_bytes);
    memcpy(file + magic_bytes, bytes, count);
    fv_image image;
    rule_begin();
    fv_status status = fv_image_decode(file, length, "fuzz", &image);
    rule_end(length, 0);
    if (status == FV_OK && fv_image_samples(&image) < 1 << 20) {
        float x[3 * 5 * 7];
        if (fv_prepare(&image, &(fv_preprocess){.channels = FV_BGR}, 3, 5, 7, x) != FV_OK) abort();
    }
    fv_image_free(&image);
    free(file);
}

#endif
