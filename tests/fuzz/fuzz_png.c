#include "fuzz/fuzz_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    fuzz_image("\x89PNG\r\n\x1a\n", 8, bytes, count);
    return 0;
}
