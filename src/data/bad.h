/* The images of a set that could not be read, each noted once. */
#ifndef DATA_BAD_H
#define DATA_BAD_H

#include "fovea/data.h"

typedef struct fv_bad fv_bad;

fv_bad *fv_bad_new(void);
void fv_bad_free(fv_bad *bad);
/* Notes image `index` of `count` unless it is known already; the texts are copied. From any thread. */
fv_status fv_bad_note(fv_bad *bad, size_t index, size_t count, const char *path, const char *reason);
size_t fv_bad_count(const fv_bad *bad); /* so far; NULL: 0 */
/* The n-th that was found; n < fv_bad_count. */
fv_bad_file fv_bad_at(const fv_bad *bad, size_t n);
/* Fails where `skipped` images of the set are more than the share `most` of it: 0 means 0.05, below 0 none at all. */
fv_status fv_bad_limit(const fv_dataset *dataset, size_t skipped, float most);
/* The next that this has not been asked for: each is told once. False if there is none; bad may be NULL. */
bool fv_bad_tell(fv_bad *bad, fv_bad_file *file);

#endif
