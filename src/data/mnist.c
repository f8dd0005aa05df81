/* MNIST and Fashion-MNIST: a folder with an IDX file of images and one of labels per split, held in memory. */
#include "core/file.h"
#include "core/memory.h"
#include "data/dataset.h"
#include "data/idx.h"
#include "data/kinds.h"

#include <string.h>

enum { CLASSES = 10, LARGEST_SIDE = 65535 };

typedef struct mnist {
    fv_dataset base;
    fv_idx images; /* [N,H,W] */
    fv_idx labels; /* [N] */
} mnist;

/* The separators and endings under which the four files go round: "train-images-idx3-ubyte.gz", "train-images.idx3-ubyte". */
static const char *const separators[] = {"-", "."}, *const endings[] = {"", ".gz"};

/* The path of "SPLIT-CONTENT-idxRANK-ubyte" in one of its spellings, or NULL without a message if there is none.
 * *status tells a missing file (FV_OK) from a failed allocation. */
static char *find_file(const char *folder, const char *split, const char *content, int rank, fv_status *status) {
    *status = FV_OK;
    for (int i = 0; i < 4; i++) {
        char *path =
            fv_format("%s/%s-%s%sidx%d-ubyte%s", folder, split, content, separators[i / 2], rank, endings[i % 2]);
        if (!path) *status = FV_NO_MEMORY;
        if (!path || fv_is_file(path)) return path;
        fv_free(path);
    }
    return NULL;
}

static const char *file_prefix(fv_split split) { return split == FV_TEST ? "t10k" : "train"; }

bool fv_mnist_recognise(const char *folder) {
    fv_status status;
    char *path = find_file(folder, "train", "images", 3, &status);
    if (!path) path = find_file(folder, "t10k", "images", 3, &status);
    fv_free(path);
    return path != NULL;
}

bool fv_fashion_mnist_recognise(const char *folder) {
    return strcasestr(folder, "fashion") && fv_mnist_recognise(folder);
}

static fv_status read_file(const char *folder, fv_split split, const char *content, int rank, fv_idx *idx) {
    fv_status status;
    const char *prefix = file_prefix(split);
    char *path = find_file(folder, prefix, content, rank, &status);
    if (path) {
        status = fv_idx_read(path, rank, idx);
        fv_free(path);
    } else if (status == FV_OK && !fv_is_folder(folder)) {
        status = fv_fail(FV_IO_ERROR, "%s: no such folder", folder);
    } else if (status == FV_OK) {
        status = fv_fail(FV_IO_ERROR,
                         "%s: no MNIST files here; expected %s-images-idx3-ubyte(.gz) and %s-labels-idx1-ubyte(.gz)",
                         folder, prefix, prefix);
    }
    return status;
}

static fv_status check(const mnist *m, const char *folder) {
    const char *prefix = file_prefix(m->base.split);
    if (m->images.dims[1] > LARGEST_SIDE || m->images.dims[2] > LARGEST_SIDE)
        return fv_fail(FV_BAD_DATA, "%s: %s images of %zux%zu: a side may have %d pixels", folder, prefix,
                       m->images.dims[2], m->images.dims[1], LARGEST_SIDE);
    if (m->images.dims[0] != m->labels.dims[0])
        return fv_fail(FV_BAD_DATA, "%s: %zu %s images but %zu labels", folder, m->images.dims[0], prefix,
                       m->labels.dims[0]);
    for (size_t i = 0; i < m->labels.bytes; i++)
        if (m->labels.data[i] >= CLASSES)
            return fv_fail(FV_BAD_DATA, "%s: %s image %zu has label %d: must be 0..%d", folder, prefix, i,
                           m->labels.data[i], CLASSES - 1);
    return FV_OK;
}

static fv_status read_label(const fv_dataset *dataset, size_t index, int *label) {
    *label = ((const mnist *)dataset)->labels.data[index];
    return FV_OK;
}

static fv_status read_image(const fv_dataset *dataset, size_t index, const fv_decode_want *want, fv_image *image,
                            int *label) {
    (void)want;
    const mnist *m = (const mnist *)dataset;
    int h = m->base.height, w = m->base.width;
    *image = (fv_image){.width = w, .height = h, .channels = 1, .depth = 8};
    image->pixels = m->images.data + index * (size_t)h * (size_t)w;
    return read_label(dataset, index, label);
}

/* Shuffled images come from all over 47 MB: a miss of the caches each, as long as their conversion takes. */
static void prefetch_image(const fv_dataset *dataset, size_t index) {
    const mnist *m = (const mnist *)dataset;
    size_t bytes = (size_t)m->base.height * (size_t)m->base.width;
    fv_prefetch_start(m->images.data + index * bytes, bytes);
}

static void close_mnist(fv_dataset *dataset) {
    fv_idx_free(&((mnist *)dataset)->images);
    fv_idx_free(&((mnist *)dataset)->labels);
}

/* What the two sets differ in; mean and std are their training images'. */
typedef struct variant {
    fv_dataset_kind kind;
    const char *const *class_names;
    float mean, std;
} variant;

static const char *const clothes[CLASSES] = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                             "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

static const variant digits = {
    {"mnist", false, read_image, read_label, prefetch_image, NULL, close_mnist}, NULL, 0.1307f, 0.3081f};
static const variant fashion = {
    {"fashion_mnist", false, read_image, read_label, prefetch_image, NULL, close_mnist}, clothes, 0.2860f, 0.3530f};

static fv_dataset *open_mnist(const variant *v, const char *folder, const fv_dataset_args *args) {
    if (!folder) return NULL;
    if (args->split == FV_VAL) {
        fv_fail(FV_UNSUPPORTED, "%s has no val split: it has train and test", v->kind.name);
        return NULL;
    }
    mnist *m = fv_dataset_new(&v->kind, sizeof *m, CLASSES, v->class_names);
    if (!m) return NULL;
    m->base.split = args->split ? args->split : FV_TRAIN;
    if (read_file(folder, m->base.split, "images", 3, &m->images) != FV_OK ||
        read_file(folder, m->base.split, "labels", 1, &m->labels) != FV_OK || check(m, folder) != FV_OK ||
        fv_dataset_set_positive(&m->base, args->positive) != FV_OK) {
        fv_dataset_free(&m->base);
        return NULL;
    }
    m->base.count = args->limit && args->limit < m->images.dims[0] ? args->limit : m->images.dims[0];
    m->base.channels = 1;
    m->base.height = (int)m->images.dims[1];
    m->base.width = (int)m->images.dims[2];
    m->base.preprocess = (fv_preprocess){.mean = {v->mean}, .std = {v->std}};
    return &m->base;
}

fv_dataset *fv_mnist_with(const char *folder, const fv_dataset_args *args) { return open_mnist(&digits, folder, args); }

fv_dataset *fv_fashion_mnist_with(const char *folder, const fv_dataset_args *args) {
    return open_mnist(&fashion, folder, args);
}
