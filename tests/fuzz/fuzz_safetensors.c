/* The input is a file twice: as it is, and as the JSON of a header with the right length before it and 64 bytes after. */
#include "formats/safetensors.h"

#include "core/memory.h"
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

/* Much below the 32 times + 64 MiB that are promised; measured on headers of 3 MB: 9 times. */
enum { TIMES = 12, BESIDES = 4096 };

static void require(bool condition) {
    if (!condition) abort();
}

/* All that a view promises. */
static void check_view(const fv_safetensors *st, const fv_tensor_view *view, const uint8_t *file, size_t size) {
    const uint8_t *bytes = view->data, *end = bytes + view->bytes;
    size_t expected;
    require(bytes >= file + 8 && end <= file + size);
    require(view->rank >= 0 && view->rank <= FV_TENSOR_RANK);
    require(fv_tensor_bytes(view->dtype, view->rank, view->dims, &expected) && expected == view->bytes);
    require(fv_safetensors_find(st, view->name) == view);
    size_t elements = view->bytes / fv_dtype_bytes(view->dtype);
    float *floats = FV_NEW_N(float, elements);
    if (fv_tensor_to_f32(view, floats) == FV_OK) require(fv_tensor_finite(view) <= elements);
    fv_free(floats);
}

static void check_file(const uint8_t *file, size_t size) {
    fuzz_limit(TIMES * size + BESIDES);
    fv_safetensors *st = fv_safetensors_parse(file, size, "fuzz");
    fuzz_limit(SIZE_MAX);
    if (!st) {
        require(strncmp(fv_error(), "fuzz: ", 6) == 0 && !strchr(fv_error(), '\n'));
        return;
    }
    size_t covered = 0;
    for (size_t i = 0; i < fv_safetensors_count(st); i++) {
        const fv_tensor_view *view = fv_safetensors_at(st, i);
        covered += view->bytes;
        check_view(st, view, file, size);
    }
    uint64_t header;
    memcpy(&header, file, sizeof header);
    require(covered == size - sizeof header - header);
    (void)fv_safetensors_metadata(st, "fovea");
    fv_safetensors_free(st);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum { DATA = 64 };
    check_file(data, size);
    uint64_t header = size;
    uint8_t *file = FV_NEW_N(uint8_t, sizeof header + size + DATA);
    memcpy(file, &header, sizeof header);
    if (size) memcpy(file + sizeof header, data, size);
    check_file(file, sizeof header + size + DATA);
    fv_free(file);
    return 0;
}
