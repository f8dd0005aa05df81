/* Lists of images: the records themselves, and a set opened from them, none of whose images exist. */
#include "data/csv.h"
#include "fovea/data.h"
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void read_records(const uint8_t *bytes, size_t count) {
    fv_csv c;
    char *text = malloc(count + 1);
    if (!text) abort();
    memcpy(text, bytes, count);
    text[count] = '\0';
    fv_status status = fv_csv_begin(&c, text, count, "fuzz");
    size_t line = 0;
    while (status == FV_OK && (status = fv_csv_next(&c)) == FV_OK && c.n > 0) {
        if (c.line <= line) abort();
        line = c.line;
        for (int i = 0; i < c.n; i++)
            if (c.fields[i] < text || c.fields[i] + strlen(c.fields[i]) > text + count) abort();
    }
    if (status != FV_OK && strncmp(fv_error(), "fuzz: ", 6) != 0) abort();
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    read_records(bytes, count);
    const char *path = fuzz_file(bytes, count);
    fuzz_budget(count);
    fv_dataset *d = fv_csv(path);
    fuzz_limit(SIZE_MAX);
    if (!d && (fv_error()[0] == '\0' || strchr(fv_error(), '\n'))) abort();
    fv_dataset_free(d);
    return 0;
}
