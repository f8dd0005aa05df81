/* What every kind of dataset provides. A kind is a file; this is its table of functions. */
#ifndef DATA_DATASET_H
#define DATA_DATASET_H

#include "fovea/data.h"
#include "image/decode.h"

typedef struct fv_dataset_kind {
    const char *name; /* "mnist" */
    bool costly; /* an image takes time to make (a file is decoded, a scene is drawn): worth keeping; has `label` */
    /* Hands out sample `index`: *image may borrow the dataset's memory; the caller frees it with fv_image_free. `want`
     * (NULL: all pixels) is for the kinds that decode. Called from several threads at once. */
    fv_status (*read)(const fv_dataset *dataset, size_t index, const fv_decode_want *want, fv_image *image, int *label);
    /* The label alone, without making the image. NULL: read it all. */
    fv_status (*label)(const fv_dataset *dataset, size_t index, int *label);
    /* Sample `index` will be read soon: a hint to fetch it from far memory. NULL: nothing to do. */
    void (*prefetch)(const fv_dataset *dataset, size_t index);
    const char *(*path)(const fv_dataset *dataset, size_t index); /* as fv_dataset_path; NULL: no files */
    void (*close)(fv_dataset *dataset); /* releases what the kind added, also half-made; NULL: nothing */
} fv_dataset_kind;

/* Kinds embed this as their first member. */
struct fv_dataset {
    const fv_dataset_kind *kind;
    fv_split split;
    size_t count;
    int classes;
    char **class_names; /* owned, `classes` of them */
    bool numbered;      /* class names are but numbers */
    int *class_map;     /* [map_size] from the kind's labels to classes; NULL: they are the same */
    int map_size;
    int positive;      /* -1: the set does not say */
    const int *groups; /* [count] 0..n_groups-1, which a split keeps together; the kind's; NULL: there are none */
    int n_groups;
    int channels, height, width; /* of image 0, or of the first that can be read */
    fv_preprocess preprocess;    /* the normalisation that suits it */
    struct fv_cache *cache;      /* of a costly kind's images; NULL: none */
    struct fv_bad *bad;          /* files that could not be read; a part has its parent's; NULL: no files */
};

/* `bytes` zeroed for a kind's struct; kind, classes and names (copied; NULL: "0", "1", ...) set, positive -1. NULL on
 * failure. On a later failure fv_dataset_free releases it, calling kind->close. */
void *fv_dataset_new(const fv_dataset_kind *kind, size_t bytes, int classes, const char *const *class_names);

/* Sets count and the images' size after checking them (count at least 1, channels 1..4, sides 1..65535). */
fv_status fv_dataset_set_size(fv_dataset *dataset, size_t count, int channels, int height, int width);

/* As fv_dataset_cache, when the number of images is known; `bytes` SIZE_MAX: a quarter of the memory available. */
fv_status fv_dataset_open_cache(fv_dataset *dataset, size_t bytes);

/* The class of that name becomes the positive one; NULL: nothing changes. */
fv_status fv_dataset_set_positive(fv_dataset *dataset, const char *class_name);

/* Both check the index and that the label is one of the classes. */
fv_status fv_dataset_read(const fv_dataset *dataset, size_t index, const fv_decode_want *want, fv_image *image,
                          int *label);
fv_status fv_dataset_label(const fv_dataset *dataset, size_t index, int *label);

/* Fetches the start of an image in memory; the hardware guesses the rest. */
static inline void fv_prefetch_start(const uint8_t *pixels, size_t bytes) {
    for (size_t i = 0; i < bytes && i < 1024; i += 64) __builtin_prefetch(pixels + i);
}

#endif
