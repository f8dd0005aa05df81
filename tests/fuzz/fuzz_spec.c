/* Dataset specs: opened, or refused with one line that says something. */
#include "fovea/data.h"
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    char *spec = malloc(count + 1);
    if (!spec) abort();
    memcpy(spec, bytes, count);
    spec[count] = '\0';
    fv_dataset *d = fv_dataset_open(spec, FV_TRAIN);
    if (!d && (fv_error()[0] == '\0' || strchr(fv_error(), '\n'))) abort();
    fv_dataset_free(d);
    free(spec);
    return 0;
}
