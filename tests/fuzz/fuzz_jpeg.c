/* JPEG files, all pixels and fast. The seeds are the unit tests' fixtures: what is no JPEG file mutates to one of them. */
#include "fuzz/fuzz.h"
#include "image/formats.h"
#include "image/jpeg_fixtures.h"

#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t count, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t most, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t most, unsigned seed) {
    const struct jpeg_fixture *f = &jpeg_fixtures[seed % (sizeof jpeg_fixtures / sizeof *jpeg_fixtures)];
    if ((count >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0) || f->count > most)
        return LLVMFuzzerMutate(bytes, count, most);
    memcpy(bytes, f->bytes, f->count);
    return f->count;
}

static fv_status decode(const uint8_t *bytes, size_t count, const fv_decode_want *want, fv_image *image) {
    *image = (fv_image){0};
    fuzz_budget(count);
    fv_status status = fv_jpeg_decode(bytes, count, want, image);
    fuzz_limit(SIZE_MAX);
    if ((status == FV_OK) != (image->owned != NULL)) abort();
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    fv_image whole, small;
    if (count == 0) return 0; /* nothing begins like a JPEG file */
    fv_status status = decode(bytes, count, NULL, &whole);
    fv_status fast = decode(bytes, count, &(fv_decode_want){.fast = true, .width = 9, .height = 5}, &small);
    if (status == FV_OK) { /* then the same bytes do for fewer pixels, but not for too few */
        if (fast != FV_OK || small.width > whole.width || small.height > whole.height) abort();
        if (small.width < (whole.width < 9 ? whole.width : 9)) abort();
        if (small.height < (whole.height < 5 ? whole.height : 5)) abort();
    }
    fv_image_free(&whole);
    fv_image_free(&small);
    return 0;
}
