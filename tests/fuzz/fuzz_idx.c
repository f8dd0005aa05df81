/* IDX files; the first byte chooses the rank. */
#include "data/idx.h"
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count == 0) return 0;
    fv_idx idx;
    fuzz_budget(count - 1);
    fv_status status = fv_idx_parse(bytes + 1, count - 1, "fuzz", 1 + bytes[0] % FV_IDX_MAX_RANK, &idx);
    fuzz_limit(SIZE_MAX);
    if (status != FV_OK && strncmp(fv_error(), "fuzz: ", 6) != 0) abort();
    volatile uint8_t sum = 0; /* all of it can be read */
    for (size_t i = 0; i < idx.bytes; i++) sum = (uint8_t)(sum + idx.data[i]);
    fv_idx_free(&idx);
    return 0;
}
