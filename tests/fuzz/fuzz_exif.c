/* EXIF data, as it lies in pictures of several formats. */
#include "fuzz/fuzz.h"
#include "image/exif.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    fuzz_limit(0);
    int orientation = fv_exif_orientation(bytes, count);
    fuzz_limit(SIZE_MAX);
    if (orientation < 1 || orientation > 8) abort();
    return 0;
}
