/* The pictures that `fovea predict` is given: files, and folders that are searched. */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include "data/pictures.h"

/* Calls `visit` for a file's path as it is, and for a folder's pictures as fv_each_picture does. A folder without pictures is
 * a visit with `status` set, and the message in fv_error(). */
fv_status cli_each_picture(const char *path, fv_picture_visit visit, void *user);

#endif
