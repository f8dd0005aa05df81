#include "data/classes.h"

#include "core/memory.h"
#include "core/utf8.h"

#include <stdlib.h>
#include <string.h>

static int by_bytes(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }
static int by_letters(const void *a, const void *b) { return strcasecmp(*(char *const *)a, *(char *const *)b); }

void fv_classes_sort(const char **names, size_t *n) {
    size_t kept = 0;
    if (*n) qsort(names, *n, sizeof *names, by_bytes);
    for (size_t i = 0; i < *n; i++)
        if (i == 0 || strcmp(names[i], names[kept - 1]) != 0) names[kept++] = names[i];
    *n = kept;
}

int fv_classes_find(const char *const *names, size_t n, const char *name) {
    const char *const *found = n ? bsearch(&name, names, n, sizeof *names, by_bytes) : NULL;
    return found ? (int)(found - names) : -1;
}

fv_status fv_classes_check_text(const char *where, const char *const *names, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!fv_is_utf8(names[i]))
            return fv_fail(FV_BAD_DATA, "%s: the class '%s' is not named in UTF-8: rename it", where, names[i]);
    return FV_OK;
}

fv_status fv_classes_check(const char *where, const char *const *names, size_t n) {
    if (n == 0) return fv_fail(FV_BAD_DATA, "%s: no class here: expected a folder for each, with its images", where);
    if (n > FV_MOST_CLASSES) return fv_fail(FV_BAD_DATA, "%s: %zu classes: at most %d", where, n, FV_MOST_CLASSES);
    FV_TRY(fv_classes_check_text(where, names, n));
    const char **copy = FV_NEW_N(const char *, n);
    if (!copy) return FV_NO_MEMORY;
    memcpy(copy, names, n * sizeof *copy);
    qsort(copy, n, sizeof *copy, by_letters);
    fv_status status = FV_OK;
    for (size_t i = 1; status == FV_OK && i < n; i++)
        if (strcasecmp(copy[i - 1], copy[i]) == 0)
            status = fv_fail(FV_BAD_DATA, "%s: the classes '%s' and '%s' differ only in case: rename one", where,
                             copy[i - 1], copy[i]);
    fv_free(copy);
    return status;
}
