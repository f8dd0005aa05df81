/* CIFAR's records; the first byte chooses the set. */
#include "data/cifar.h"
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count == 0) return 0;
    size_t size = count - 1, records;
    uint8_t *copy = malloc(size + 1);
    if (!copy) abort();
    memcpy(copy, bytes + 1, size);
    int labels = 1 + bytes[0] % 2, classes = labels == 1 ? 10 : 100;
    fuzz_budget(size);
    fv_status status = fv_cifar_parse(copy, size, "fuzz", labels, classes, &records);
    fuzz_limit(SIZE_MAX);
    if (status != FV_OK && strncmp(fv_error(), "fuzz: ", 6) != 0) abort();
    if (status == FV_OK && records * ((size_t)labels + FV_CIFAR_IMAGE) != size) abort();
    free(copy);
    return 0;
}
