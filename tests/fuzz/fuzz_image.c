/* Encoded images of every format, prepared for a small network. */
#include "core/memory.h"
#include "fuzz/fuzz.h"
#include "image/decode.h"
#include "image/prepare.h"

#include <stdlib.h>
#include <string.h>

enum { LARGEST = 1 << 20 }; /* larger pictures take too long to be worth it */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    fv_image image;
    fuzz_budget(count);
    fv_status status = fv_image_decode(bytes, count, "fuzz", NULL, &image);
    fuzz_limit(SIZE_MAX);
    if (status != FV_OK && strncmp(fv_error(), "fuzz: ", 6) != 0) abort();
    if (status == FV_OK && fv_image_samples(&image) < LARGEST) {
        float x[3 * 5 * 7];
        if (fv_prepare(&image, &(fv_preprocess){.channels = FV_BGR}, 3, 5, 7, x) != FV_OK) abort();
    }
    fv_image_free(&image);
    return 0;
}
