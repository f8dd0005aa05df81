/* Dataset specs. Large synthetic sets and real folders are not opened: only their parsing is of interest. */
#include "fovea/data.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    char *spec = malloc(count + 1);
    if (!spec) abort();
    memcpy(spec, bytes, count);
    spec[count] = '\0';
    fv_dataset *d = fv_dataset_open(spec, FV_TRAIN);
    if (!d && (fv_error()[0] == '\0' || strchr(fv_error(), '\n'))) abort(); /* one line that says something */
    fv_dataset_free(d);
    free(spec);
    return 0;
}
