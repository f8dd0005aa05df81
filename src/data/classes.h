/* The names of a set's classes, checked. */
#ifndef DATA_CLASSES_H
#define DATA_CLASSES_H

#include "core/status.h"

enum { FV_MOST_CLASSES = 65535 };

/* Sorts the names by bytes and drops those that are there twice; *n becomes how many are left. */
void fv_classes_sort(const char **names, size_t *n);
/* The index of a name among sorted ones, -1 if it is not there. */
int fv_classes_find(const char *const *names, size_t n, const char *name);
/* Refuses names that are not UTF-8: they go into files that other programs read, and are shown to people. */
fv_status fv_classes_check_text(const char *where, const char *const *names, size_t n);
/* Refuses these, none at all, too many, and two that differ only in case: the file systems of other machines take them for one.
 * The names are sorted. */
fv_status fv_classes_check(const char *where, const char *const *names, size_t n);

#endif
