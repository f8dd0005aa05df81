/* Documents are read, written and read again; what they take is bounded by their size and the number of their values. */
#include "fuzz/bound.h"

#include "core/memory.h"
#include "formats/json.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
    bound_start();
    json_t *document = fv_json_parse((const char *)data, size, "fuzz");
    bound_check(TIMES * size + PER_VALUE * values_at_most(data, size) + BESIDES);
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
