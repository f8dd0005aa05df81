#include "image/fixture.h"

#include "core/memory.h"
#include "image/decode.h"
#include "support/unit.h"

#include <string.h>

static fv_status decode(const fixture *f, const void *bytes, size_t count, fv_image *image) {
    fv_status status = fv_image_decode(bytes, count, f->name, NULL, image);
    if (status != FV_OK &&
        (image->owned || strncmp(fv_error(), f->name, strlen(f->name)) != 0 || strchr(fv_error(), '\n')))
        fail_msg("%s: refused badly: %s", f->name, fv_error());
    return status;
}

static void equals(const fixture *f, const fv_image *image) {
    if (image->width != f->width || image->height != f->height || image->channels != f->channels ||
        image->depth != f->depth)
        fail_msg("%s: %dx%d, %d channels of %d bits", f->name, image->width, image->height, image->channels,
                 image->depth);
    for (size_t i = 0; i < fv_image_samples(image); i++) {
        int is = f->depth == 8 ? ((const uint8_t *)image->pixels)[i] : ((const uint16_t *)image->pixels)[i];
        int must = f->depth == 8 ? ((const uint8_t *)f->pixels)[i] : ((const uint16_t *)f->pixels)[i];
        if (is != must) fail_msg("%s: sample %zu is %d, not %d", f->name, i, is, must);
    }
}

void fixture_is_read(const fixture *f) {
    fv_image image;
    if (decode(f, f->file, f->count, &image) != FV_OK) fail_msg("%s", fv_error());
    equals(f, &image);
    fv_image_free(&image);
}

/* In memory of its own size, so that the address sanitizer sees what reads beyond. */
void fixture_is_read_whole_or_not(const fixture *f) {
    for (size_t count = 0; count < f->count; count++) {
        fv_image image;
        uint8_t *part = fv_alloc(count, 1);
        memcpy(part, f->file, count);
        if (decode(f, part, count, &image) == FV_OK) equals(f, &image);
        fv_image_free(&image);
        fv_free(part);
    }
}

enum { END = 256 };

void fixture_survives_flipped_bits(const fixture *f) {
    uint8_t *bytes = fv_alloc(f->count, 1);
    memcpy(bytes, f->file, f->count);
    for (size_t bit = 0; bit < 8 * f->count; bit++) {
        fv_image image;
        if (bit == 8 * END && f->count > 2 * END) bit = 8 * (f->count - END);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (decode(f, bytes, f->count, &image) == FV_OK) assert_in_range(image.channels, 1, 4);
        fv_image_free(&image);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    fv_free(bytes);
}

void fixture_survives_failing_allocations(const fixture *f) {
    for (long i = 0;; i++) {
        fv_image image;
        fv_memory_fail_after(i);
        fv_status status = decode(f, f->file, f->count, &image);
        long made = fv_memory_fail_after(-1);
        fv_image_free(&image);
        if (made <= i) break;
        assert_true(status == FV_NO_MEMORY || status == FV_BAD_DATA);
    }
}

void refuse_bytes(const void *bytes, size_t count, fv_status status, const char *part) {
    fv_image image;
    assert_int_equal(fv_image_decode(bytes, count, "a.picture", NULL, &image), status);
    assert_contains(fv_error(), "a.picture: ");
    assert_contains(fv_error(), part);
    assert_null(image.owned);
}
