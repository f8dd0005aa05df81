/* Documents are read, written and read again; what they take is bounded by their size and the number of their values. */
#include "formats/json.h"

#include "core/memory.h"
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

/* With FV_JSON_VALUES values that comes to 8 times the size + 32 MiB. */
enum { TIMES = 8, PER_VALUE = 320, BESIDES = 4096 };

static void require(bool condition) {
    if (!condition) abort();
}

static size_t values_at_most(const uint8_t *data, size_t size) {
    size_t values = 1;
    for (size_t i = 0; i < size; i++) values += data[i] == '[' || data[i] == '{' || data[i] == ',';
    return values < FV_JSON_VALUES ? values : FV_JSON_VALUES;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_limit(TIMES * size + PER_VALUE * values_at_most(data, size) + BESIDES);
    json_t *document = fv_json_parse((const char *)data, size, "fuzz");
    fuzz_limit(SIZE_MAX);
    if (!document) {
        require(strncmp(fv_error(), "fuzz: ", 6) == 0 && !strchr(fv_error(), '\n'));
        return 0;
    }
    char *text = fv_json_dump(document);
    require(text != NULL);
    json_t *again = fv_json_parse(text, strlen(text), "fuzz");
    require(again && json_equal(document, again));
    fv_free(text);
    json_decref(again);
    json_decref(document);
    return 0;
}
