/* A network in two: below a cut (engine/cut.h) it gives the same for an image in every epoch, so that each image has to pass
 * there once. In the first whole pass over a set what the cut gives is kept, if there is room and images do not change; from
 * then on batches are put together of that, and no image is read. */
#ifndef TRAIN_FEATURES_H
#define TRAIN_FEATURES_H

#include "data/loader.h"
#include "train/session.h"

typedef struct fv_features {
    fv_session *below; /* borrowed: plans from the image to the cut */
    size_t floats;     /* of an image's */
    int batch_size; /* of all plans below: a short batch is filled up, as kernels for another size may round otherwise */
    size_t bytes;   /* of rows */
    float *rows;    /* [count, floats]; memory is taken as they fill. NULL: nothing is kept */
    bool *known;    /* [count] images that could be read */
    int *labels;    /* [count] */
    float *batch;   /* [batch_size, floats] */
    bool complete;  /* all that can be read are known */
} fv_features;

/* Bytes that the features of `count` images take; SIZE_MAX if a size_t cannot count them. */
size_t fv_features_size(const fv_value *cut, size_t count);

/* Without keeping anything, for batches of a loader with this batch_size. */
void fv_features_start(fv_features *features, fv_session *below, const fv_value *cut, int batch_size);
/* From now on they are kept, for a set of `count` images. What *features is afterwards is
 * freed by fv_features_free, on failure too. */
fv_status fv_features_keep(fv_features *features, const fv_value *cut, size_t count);
void fv_features_free(fv_features *features);

/* *x = the features [count, floats] of a batch, valid until the next call. */
fv_status fv_features_of(fv_features *features, const fv_batch *batch, const float **x);
/* A pass over the whole set was made. */
void fv_features_end_pass(fv_features *features);
/* Lets the loader read no image any more, if all features are there. */
void fv_features_recall(const fv_features *features, fv_loader *loader);

#endif
