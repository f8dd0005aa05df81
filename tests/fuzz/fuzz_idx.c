/* The first byte chooses the rank. */
#include "data/idx.h"
#include "fuzz/memory_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count == 0) return 0;
    fv_idx idx;
    rule_begin();
    fv_status status = fv_idx_parse(bytes + 1, count - 1, "fuzz.idx", 1 + bytes[0] % FV_IDX_MAX_RANK, &idx);
    rule_end(count - 1, idx.bytes);
    if (status == FV_OK) {
        volatile uint8_t sum = 0;
        for (size_t i = 0; i < idx.bytes; i++) sum = (uint8_t)(sum + idx.data[i]);
    }
    fv_idx_free(&idx);
    return 0;
}
