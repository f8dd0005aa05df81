#include "data/cifar.h"

#include "core/file.h"
#include "core/memory.h"
#include "data/classes.h"
#include "data/dataset.h"
#include "data/kinds.h"

#include <string.h>

enum { MOST_FILES = 5, FILE_LIMIT = 1 << 30, NAMES_LIMIT = 1 << 16 };

/* ---- Records ----------------------------------------------------------------------------------------------------- */

static void interleave(uint8_t *planes) {
    uint8_t pixels[FV_CIFAR_IMAGE];
    enum { PLANE = FV_CIFAR_SIDE * FV_CIFAR_SIDE };
    for (int i = 0; i < PLANE; i++)
        for (int c = 0; c < 3; c++) pixels[3 * i + c] = planes[c * PLANE + i];
    memcpy(planes, pixels, sizeof pixels);
}

fv_status fv_cifar_parse(uint8_t *bytes, size_t size, const char *name, int labels, int classes, size_t *count) {
    size_t record = (size_t)labels + FV_CIFAR_IMAGE;
    *count = size / record;
    if (*count == 0 || size % record)
        return fv_fail(FV_BAD_DATA, "%s: %zu bytes: must be records of %zu bytes", name, size, record);
    for (size_t i = 0; i < *count; i++, bytes += record) {
        int label = bytes[labels - 1];
        if (label >= classes)
            return fv_fail(FV_BAD_DATA, "%s: image %zu has label %d: must be 0..%d", name, i, label, classes - 1);
        interleave(bytes + labels);
    }
    return FV_OK;
}

/* ---- The two sets ------------------------------------------------------------------------------------------------ */

/* What they differ in; mean and std are their training images'. */
typedef struct variant {
    fv_dataset_kind kind;
    const char *folder; /* that the archive makes; DIR may be it, or hold it */
    const char *names;
    const char *files[FV_TEST + 1][MOST_FILES]; /* of each split */
    int labels, classes;
    float mean[3], std[3];
} variant;

typedef struct cifar {
    fv_dataset base;
    const variant *variant;
    uint8_t *files[MOST_FILES]; /* as fv_cifar_parse leaves them */
    size_t counts[MOST_FILES];
} cifar;

/* A sample's label; its pixels follow. */
static const uint8_t *find_record(const cifar *c, size_t index) {
    int file = 0;
    while (index >= c->counts[file]) index -= c->counts[file++];
    size_t labels = (size_t)c->variant->labels;
    return c->files[file] + index * (labels + FV_CIFAR_IMAGE) + labels - 1;
}

static fv_status read_label(const fv_dataset *dataset, size_t index, int *label) {
    *label = *find_record((const cifar *)dataset, index);
    return FV_OK;
}

static fv_status read_image(const fv_dataset *dataset, size_t index, const fv_decode_want *want, fv_image *image,
                            int *label) {
    (void)want;
    const uint8_t *record = find_record((const cifar *)dataset, index);
    *label = *record;
    *image =
        (fv_image){.width = FV_CIFAR_SIDE, .height = FV_CIFAR_SIDE, .channels = 3, .depth = 8, .pixels = record + 1};
    return FV_OK;
}

static void prefetch_image(const fv_dataset *dataset, size_t index) {
    fv_prefetch_start(find_record((const cifar *)dataset, index), FV_CIFAR_IMAGE);
}

static void close_cifar(fv_dataset *dataset) {
    for (int i = 0; i < MOST_FILES; i++) fv_free(((cifar *)dataset)->files[i]);
}

static const variant cifar10 = {
    .kind = {"cifar10", false, read_image, read_label, prefetch_image, NULL, close_cifar},
    .folder = "cifar-10-batches-bin",
    .names = "batches.meta.txt",
    .files = {[FV_TRAIN] = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
                            "data_batch_5.bin"},
              [FV_TEST] = {"test_batch.bin"}},
    .labels = 1,
    .classes = 10,
    .mean = {0.4914f, 0.4822f, 0.4465f},
    .std = {0.2470f, 0.2435f, 0.2616f},
};
static const variant cifar100 = {
    .kind = {"cifar100", false, read_image, read_label, prefetch_image, NULL, close_cifar},
    .folder = "cifar-100-binary",
    .names = "fine_label_names.txt",
    .files = {[FV_TRAIN] = {"train.bin"}, [FV_TEST] = {"test.bin"}},
    .labels = 2, /* coarse and fine */
    .classes = 100,
    .mean = {0.5071f, 0.4865f, 0.4409f},
    .std = {0.2673f, 0.2564f, 0.2762f},
};

/* ---- Class names ------------------------------------------------------------------------------------------------- */

/* Cuts the text into lines, blank ones left out; returns how many there are, of which the first `most` are in names. */
static int cut_lines(char *text, const char **names, int most) {
    int n = 0;
    for (char *rest, *line = strtok_r(text, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest), n++)
        if (n < most) names[n] = line;
    return n;
}

/* A set with the names in the file, or, where there is none, numbers. */
static cifar *new_set(const variant *v, const char *folder) {
    char *path = fv_path_join(folder, v->names), *text = NULL;
    const char **names = path ? FV_NEW_N(const char *, (size_t)v->classes) : NULL;
    cifar *set = NULL;
    if (!names) goto done;
    bool named = fv_is_file(path);
    if (named && !(text = fv_file_read(path, NAMES_LIMIT, NULL))) goto done;
    int n = named ? cut_lines(text, names, v->classes) : 0;
    if (named && n != v->classes)
        fv_fail(FV_BAD_DATA, "%s: %d names: must be %d, a line each", path, n, v->classes);
    else if (fv_classes_check_text(path, names, (size_t)n) == FV_OK)
        set = fv_dataset_new(&v->kind, sizeof *set, v->classes, named ? names : NULL);
done:
    fv_free(names);
    fv_free(text);
    fv_free(path);
    return set;
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

static bool holds(const char *folder, const char *name) {
    char *path = fv_path_join(folder, name);
    bool found = path && fv_is_file(path);
    fv_free(path);
    return found;
}

static bool is_set(const char *folder, const variant *v) {
    return holds(folder, v->names) && (holds(folder, v->files[FV_TRAIN][0]) || holds(folder, v->files[FV_TEST][0]));
}

static bool recognise(const char *folder, const variant *v) {
    char *below = fv_path_join(folder, v->folder);
    bool found = below && (is_set(folder, v) || is_set(below, v));
    fv_free(below);
    return found;
}

bool fv_cifar10_recognise(const char *folder) { return recognise(folder, &cifar10); }
bool fv_cifar100_recognise(const char *folder) { return recognise(folder, &cifar100); }

static fv_status read_file(cifar *c, int file, const char *path) {
    size_t bytes;
    if (!fv_is_file(path))
        return fv_fail(FV_IO_ERROR, "%s: is missing (of %s, the binary version)", path, c->base.kind->name);
    if (!(c->files[file] = fv_file_read(path, FILE_LIMIT, &bytes))) return fv_last_status();
    FV_TRY(fv_cifar_parse(c->files[file], bytes, path, c->variant->labels, c->variant->classes, &c->counts[file]));
    c->base.count += c->counts[file];
    return FV_OK;
}

static fv_status read_files(cifar *c, const char *folder) {
    const char *const *names = c->variant->files[c->base.split];
    for (int i = 0; i < MOST_FILES && names[i]; i++) {
        char *path = fv_path_join(folder, names[i]);
        fv_status status = path ? read_file(c, i, path) : FV_NO_MEMORY;
        fv_free(path);
        FV_TRY(status);
    }
    return FV_OK;
}

static fv_dataset *open_folder(const variant *v, const char *folder, const fv_dataset_args *args) {
    cifar *c = new_set(v, folder);
    if (!c) return NULL;
    c->variant = v;
    c->base.split = args->split ? args->split : FV_TRAIN;
    memcpy(c->base.preprocess.mean, v->mean, sizeof v->mean);
    memcpy(c->base.preprocess.std, v->std, sizeof v->std);
    if (read_files(c, folder) == FV_OK) {
        size_t count = args->limit && args->limit < c->base.count ? args->limit : c->base.count;
        if (fv_dataset_set_size(&c->base, count, 3, FV_CIFAR_SIDE, FV_CIFAR_SIDE) == FV_OK &&
            fv_dataset_set_positive(&c->base, args->positive) == FV_OK)
            return &c->base;
    }
    fv_dataset_free(&c->base);
    return NULL;
}

static fv_dataset *open_cifar(const variant *v, const char *folder, const fv_dataset_args *args) {
    if (!folder) return NULL;
    if (args->split == FV_VAL) {
        fv_fail(FV_UNSUPPORTED, "%s has no val split: it has train and test", v->kind.name);
        return NULL;
    }
    if (!fv_is_folder(folder)) {
        fv_fail(FV_IO_ERROR, "%s: no such folder", folder);
        return NULL;
    }
    char *below = fv_path_join(folder, v->folder);
    fv_dataset *dataset = below ? open_folder(v, fv_is_folder(below) ? below : folder, args) : NULL;
    fv_free(below);
    return dataset;
}

fv_dataset *fv_cifar10_with(const char *folder, const fv_dataset_args *args) {
    return open_cifar(&cifar10, folder, args);
}

fv_dataset *fv_cifar100_with(const char *folder, const fv_dataset_args *args) {
    return open_cifar(&cifar100, folder, args);
}
