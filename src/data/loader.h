/* Batches of network input, in an order that depends on (seed, epoch) alone, made ahead by worker threads.
 * The batches have the same bits whatever the number of workers. */
#ifndef DATA_LOADER_H
#define DATA_LOADER_H

#include "core/threads.h"
#include "fovea/data.h"

typedef struct fv_loader fv_loader;

typedef struct fv_loader_args {
    int channels, height, width; /* the network's input */
    fv_preprocess preprocess;
    int batch_size; /* 1 .. the dataset's count */
    int workers;    /* threads of its own; 0: the work is done inside fv_loader_next, ... */
    fv_team *team;  /* ... by this team, if not NULL, which is idle then; else by the caller's thread */
    bool shuffle;   /* a new order each epoch; else the dataset's */
    bool
        balanced; /* images are drawn so that classes come equally often (data/order.h); an epoch is as long as without */
    uint64_t seed;
    const char *augment; /* transforms of augment/augment.h; NULL: none */
} fv_loader_args;

/* One batch; the arrays belong to the loader and stay valid until the next call of fv_loader_next. */
typedef struct fv_batch {
    int count;         /* images; 0: the epoch is over. Less than batch_size for the last batch of an epoch, ... */
    int skipped;       /* ... and by the files that cannot be read, with those of whole batches passed over before it */
    size_t next;       /* the batch of the epoch that follows: where to start to go on */
    float *x;          /* [count, C, H, W], with memory for batch_size images; may be written over */
    const int *labels; /* [count] */
    const size_t *index; /* [count] position in the dataset */
} fv_batch;

/* The dataset must outlive the loader. NULL on failure; a batch larger than the dataset is one. */
fv_loader *fv_loader_new(const fv_dataset *dataset, const fv_loader_args *args);
void fv_loader_free(fv_loader *loader);
size_t fv_loader_batches(const fv_loader *loader); /* in an epoch */
size_t fv_loader_bytes(const fv_loader *loader);   /* of the batches it holds */

/* From the next start on no image is read: a batch has what an image has, but for x. known [count] says which images can be
 * read, labels [count] their classes; both belong to the caller. NULL, NULL: images are read again. */
void fv_loader_recall(fv_loader *loader, const bool *known, const int *labels);

/* Starts (or restarts) at batch `first` of an epoch; what was under way is dropped. */
fv_status fv_loader_start(fv_loader *loader, uint64_t epoch, size_t first);
/* A failing sample fails the call whose batch holds it, with the sample's message; the loader can be restarted or freed. */
fv_status fv_loader_next(fv_loader *loader, fv_batch *batch);

#endif
