/* Sets whose images are files, decoded when they are read. A kind (palm, folder, csv) finds the files; this is the rest. */
#ifndef DATA_FILES_H
#define DATA_FILES_H

#include "core/arena.h"
#include "data/dataset.h"

typedef struct fv_files {
    fv_dataset base;
    fv_arena arena; /* of the texts */
    const char *root;
    const char **paths; /* below root */
    int *labels;
    int *groups; /* NULL: there are none */
    size_t room;
} fv_files;

/* A kind's table of functions. */
#define FV_FILES_KIND(name) \
    { name, true, fv_files_read, fv_files_label, NULL, fv_files_path, fv_files_close }
fv_status fv_files_read(const fv_dataset *dataset, size_t index, const fv_decode_want *want, fv_image *image,
                        int *label);
fv_status fv_files_label(const fv_dataset *dataset, size_t index, int *label);
const char *fv_files_path(const fv_dataset *dataset, size_t index);
void fv_files_close(fv_dataset *dataset);

/* As fv_dataset_new, without images, which all lie in or below the folder `root`. */
fv_files *fv_files_new(const fv_dataset_kind *kind, int classes, const char *const *class_names, const char *root);
/* `path` is below root. */
fv_status fv_files_add(fv_files *files, const char *path, int label);
/* The groups of all that was added, 0..n-1, which become the set's. */
void fv_files_set_groups(fv_files *files, int *groups, int n);
/* The end of adding: keeps args->limit images, learns their size, finds args->positive. On failure everything is freed, and
 * NULL returned. */
fv_dataset *fv_files_done(fv_files *files, const fv_dataset_args *args);

#endif
