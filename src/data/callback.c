/* Images that the caller's function makes, all of one size. */
#include "core/memory.h"
#include "data/dataset.h"

typedef struct callback_set {
    fv_dataset base;
    fv_read_fn read;
    void *user;
} callback_set;

static fv_status read_image(const fv_dataset *d, size_t index, const fv_decode_want *want, fv_image *image,
                            int *label) {
    (void)want;
    const callback_set *set = (const callback_set *)d;
    FV_TRY(fv_image_new(image, d->width, d->height, d->channels, 8));
    *label = -1; /* so that a callback that forgets it is found out */
    fv_status status = set->read(set->user, index, image->owned, label);
    if (status == FV_OK) return FV_OK;
    fv_image_free(image);
    return fv_fail(status, "callback: image %zu could not be read (status %d)", index, (int)status);
}

static const fv_dataset_kind callback_kind = {"callback", false, read_image, NULL, NULL, NULL, NULL};

fv_dataset *fv_dataset_from_callback(fv_read_fn read, void *user, size_t count, int channels, int height, int width,
                                     int classes, const char *const *class_names) {
    if (!read) {
        fv_fail(FV_BAD_ARGUMENT, "dataset from a callback: the function must not be NULL");
        return NULL;
    }
    callback_set *set = fv_dataset_new(&callback_kind, sizeof *set, classes, class_names);
    if (!set) return NULL;
    set->read = read;
    set->user = user;
    if (fv_dataset_set_size(&set->base, count, channels, height, width) == FV_OK) return &set->base;
    fv_dataset_free(&set->base);
    return NULL;
}
