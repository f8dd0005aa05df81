/* The pictures that `fovea predict` is given: files, and folders that are searched. */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include "core/arena.h"

/* Calls `visit` for a file's path as it is, and for a folder's pictures, also in folders below, sorted by name. What
 * cannot be read, or a folder without pictures, is a visit with `status` set and the message in fv_error(). Stops when
 * visit fails. */
typedef fv_status (*cli_visit)(void *user, const char *path, fv_status status);
fv_status cli_each_picture(fv_arena *arena, const char *path, cli_visit visit, void *user);

#endif
