/* Single files out of a gzipped tar archive. */
#ifndef DATA_TAR_H
#define DATA_TAR_H

#include "core/status.h"

/* A file to take: its name in the archive, and the most bytes that it may have. */
typedef struct fv_tar_member {
    const char *name;
    size_t most;
} fv_tar_member;

/* Writes the members to folder/NAME, each whole or not at all; what else the archive holds is passed over, so that nothing is
 * ever written but what the caller names. FV_BAD_DATA: damaged, a member is missing, no regular file, or larger than it may
 * be, or the archive holds more than 1 GiB. At most 32 members. */
fv_status fv_untar(const char *archive, const char *folder, const fv_tar_member *members, int n);

#endif
