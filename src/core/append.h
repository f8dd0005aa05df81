/* Files that grow by whole records, each on disk before the next: logs. */
#ifndef CORE_APPEND_H
#define CORE_APPEND_H

#include "core/status.h"

/* Cuts the file (made if it is missing) to *end bytes, puts `count` more behind them, syncs, and moves *end. Where it has fewer
 * than *end, *end becomes what it has: SIZE_MAX appends. What could not be written as a whole is taken off again. */
fv_status fv_append(const char *path, const void *bytes, size_t count, size_t *end);
/* Whether it could, once the folders above that are missing are made. Of what is missing the first is made, and removed at once: a
 * file system may refuse what its permissions allow. */
fv_status fv_append_check(const char *path);

#endif
