/* A known file from the net: its size and SHA-256 say whether it is the one. */
#ifndef CLI_FETCH_H
#define CLI_FETCH_H

#include "progress.h"

typedef struct cli_known_file {
    const char *name;
    size_t bytes;
    const char *sha256; /* NULL past the last of a list */
} cli_known_file;

/* FV_OK if the file at `path` is the known one. */
fv_status cli_check_file(const cli_known_file *file, const char *path);

/* Brings the file from `url` to `path`, which is there when it is whole and right, and not before. What has come till a
 * failure stays in PATH.part, and the next call goes on from there, also from another address. FV_BAD_DATA: the other side is
 * to blame, or the way there; another address may do better. */
fv_status cli_fetch(const cli_known_file *file, const char *url, const char *path, cli_progress *progress);

#endif
