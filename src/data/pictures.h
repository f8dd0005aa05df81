/* What lies in folders: names, and pictures at any depth. Order is by bytes, the same on every machine. */
#ifndef DATA_PICTURES_H
#define DATA_PICTURES_H

#include "core/arena.h"

typedef struct fv_name {
    const char *name, *path; /* "cat", "data/train/cat" */
    bool folder;             /* also a link to one */
    bool link;
} fv_name;

typedef struct fv_names {
    fv_arena arena;
    size_t n;
    fv_name *names; /* [n], sorted; those that begin with a dot are left out */
} fv_names;

fv_status fv_names_read(const char *folder, fv_names *names);
void fv_names_free(fv_names *names);

/* By the ending of its name. What it really is shows when it is read. */
bool fv_is_picture_name(const char *name);

/* Called with the path of each picture, or, `status` set and the message in fv_error(), of a folder that cannot be read. */
typedef fv_status (*fv_picture_visit)(void *user, const char *path, fv_status status);
/* Visits the pictures in the folder and below it, until a visit fails. A link to a folder is followed once, and never to a
 * folder above it, so that the search ends. */
fv_status fv_each_picture(const char *folder, fv_picture_visit visit, void *user);

#endif
