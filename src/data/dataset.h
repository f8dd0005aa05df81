/* What every kind of dataset provides. A kind is a file; this is its table of functions. */
#ifndef DATA_DATASET_H
#define DATA_DATASET_H

#include "fovea/data.h"
#include "image/image.h"

typedef struct fv_dataset_kind {
    const char *name; /* "mnist" */
    /* Hands out sample `index`: *image may borrow the dataset's memory; the caller frees it with fv_image_free. Called
     * from several threads at once. */
    fv_status (*read)(const fv_dataset *dataset, size_t index, fv_image *image, int *label);
    void (*close)(fv_dataset *dataset); /* frees what the kind added */
} fv_dataset_kind;

/* Kinds embed this as their first member. */
struct fv_dataset {
    const fv_dataset_kind *kind;
    size_t count;
    int classes;
    char **class_names;          /* owned, `classes` of them */
    int positive;                /* -1: the set does not say */
    int channels, height, width; /* of image 0 */
};

static inline fv_status fv_dataset_read(const fv_dataset *dataset, size_t index, fv_image *image, int *label) {
    return dataset->kind->read(dataset, index, image, label);
}

#endif
