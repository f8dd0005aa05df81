/* What every fuzz target stands on: libFuzzer's entry point, and the bound on memory that readers of foreign bytes keep. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer calls it with input after input. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* From here on, allocations that are live at the same time may come to 32 * count + 64 MiB; one more stops the run as a
 * finding. Counts malloc and mmap, of any library. */
void fuzz_budget(size_t count);
/* The same with a bound of `bytes`: inputs are too small to come near 64 MiB, so a target that knows better says it. */
void fuzz_limit(size_t bytes);

/* The input as a file, for readers that take a path. The same path each time. */
const char *fuzz_file(const uint8_t *bytes, size_t count);

#endif
