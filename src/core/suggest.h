/* "Did you mean ...?" for misspelt names. */
#ifndef CORE_SUGGEST_H
#define CORE_SUGGEST_H

#include <stddef.h>

/* The name nearest to `word` (one slip in three letters at most: a wrong, missing, extra letter, or two swapped), or NULL
 * if none is near. The first of equals. */
const char *fv_suggest(const char *word, const char *const *names, size_t n);

#endif
