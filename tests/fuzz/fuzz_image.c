/* Encoded images of every format, prepared for a small network. */
#include "fuzz/decoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) { return fuzz_picture(bytes, count); }
