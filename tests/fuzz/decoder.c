#include "fuzz/decoder.h"

#include "image/decode.h"
#include "image/prepare.h"

#include <stdlib.h>
#include <string.h>

enum { LARGEST = 1 << 20 }; /* larger pictures take too long to be worth it */

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t count, size_t most);

int fuzz_picture(const uint8_t *bytes, size_t count) {
    fv_image image;
    fuzz_budget(count);
    fv_status status = fv_image_decode(bytes, count, "fuzz", NULL, &image);
    fuzz_limit(SIZE_MAX);
    if (status != FV_OK && (image.owned || strncmp(fv_error(), "fuzz: ", 6) != 0 || strchr(fv_error(), '\n'))) abort();
    if (status == FV_OK && fv_image_samples(&image) < LARGEST) {
        float x[3 * 5 * 7];
        if (fv_prepare(&image, &(fv_preprocess){.channels = FV_BGR}, 3, 5, 7, x) != FV_OK) abort();
    }
    fv_image_free(&image);
    return 0;
}

size_t fuzz_mutate(const fixture *fixtures, size_t n, uint8_t *bytes, size_t count, size_t most, unsigned seed) {
    const fixture *f = &fixtures[seed % n];
    bool known = count >= 2 && (memcmp(bytes, fixtures[0].file, 2) == 0 || memcmp(bytes, f->file, 2) == 0);
    if (f->count > most || (known && seed / n % 64 != 0)) return LLVMFuzzerMutate(bytes, count, most);
    memcpy(bytes, f->file, f->count);
    return f->count;
}
