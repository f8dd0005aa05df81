/* Fuzz targets of picture formats: the unit tests' fixtures mutated, decoded by content, prepared for a small network. */
#ifndef FUZZ_DECODER_H
#define FUZZ_DECODER_H

#include "fuzz/fuzz.h"
#include "image/fixture.h"

int fuzz_picture(const uint8_t *bytes, size_t count);

/* What does not begin like the fixtures becomes one of them, and so does now and then what does: libFuzzer starts from
 * nothing here. */
size_t fuzz_mutate(const fixture *fixtures, size_t n, uint8_t *bytes, size_t count, size_t most, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t most, unsigned seed);

#define FUZZ_DECODER(fixtures)                                                                            \
    int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) { return fuzz_picture(bytes, count); } \
    size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t most, unsigned seed) {            \
        return fuzz_mutate(fixtures, sizeof fixtures / sizeof *fixtures, bytes, count, most, seed);       \
    }

#endif
