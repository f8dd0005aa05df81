/* "Did you mean ...?" for misspelt names. */
#ifndef CORE_SUGGEST_H
#define CORE_SUGGEST_H

#include "core/status.h"

/* The name nearest to `word` (one slip in three letters at most: a wrong, missing, extra letter, or two swapped), or NULL
 * if none is near. The first of equals. */
const char *fv_suggest(const char *word, const char *const *names, size_t n);

/* Fails with FV_BAD_ARGUMENT: "no optimizer named "adan": did you mean "adam"?", or with all names where none is near. */
fv_status fv_fail_unknown(const char *what, const char *word, const char *const *names, size_t n);

#endif
