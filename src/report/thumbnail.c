#include "report/thumbnail.h"

#include "core/memory.h"
#include "image/prepare.h"

/* As large as the image is, or as a thumbnail may be. */
static void choose_size(const fv_image *image, int *width, int *height) {
    int larger = image->width > image->height ? image->width : image->height;
    *width = image->width, *height = image->height;
    if (larger <= FV_THUMBNAIL) return;
    *width = (int)((int64_t)image->width * FV_THUMBNAIL / larger);
    *height = (int)((int64_t)image->height * FV_THUMBNAIL / larger);
    if (*width < 1) *width = 1;
    if (*height < 1) *height = 1;
}

/* planes [channels,height,width] from 0 to 1, to pixels. */
static void interleave(const float *planes, const fv_image *to) {
    size_t plane = (size_t)to->width * (size_t)to->height, c = (size_t)to->channels;
    uint8_t *out = to->owned;
    for (size_t i = 0; i < plane; i++)
        for (size_t k = 0; k < c; k++) *out++ = (uint8_t)fv_level(planes[k * plane + i]);
}

/* By the code that prepares images for networks: whatever depth and transparency it has, what comes out is plain. */
static fv_status shrink(const fv_image *image, fv_image *small) {
    const fv_preprocess plain = {.channels = image->channels < 3 ? FV_GRAY : FV_RGB};
    int width, height, channels = image->channels < 3 ? 1 : 3;
    choose_size(image, &width, &height);
    FV_TRY(fv_image_new(small, width, height, channels, 8));
    float *planes = FV_NEW_N(float, fv_image_samples(small));
    fv_status status = planes ? fv_prepare(image, &plain, channels, height, width, planes) : FV_NO_MEMORY;
    if (status == FV_OK) interleave(planes, small);
    fv_free(planes);
    return status;
}

fv_status fv_thumbnail_put(fv_text *t, const fv_dataset *set, size_t index, int *side) {
    const fv_decode_want want = {.fast = true, .width = FV_THUMBNAIL, .height = FV_THUMBNAIL};
    fv_image image = {0}, small = {0};
    int label;
    size_t bytes = 0;
    fv_status status = fv_dataset_read(set, index, &want, &image, &label);
    if (status == FV_OK) status = shrink(&image, &small);
    *side = small.width > small.height ? small.width : small.height;
    void *png = status == FV_OK ? fv_png_encode(&small, &bytes) : NULL;
    if (status == FV_OK && !png) status = fv_last_status();
    if (png) fv_text_add(t, "data:image/png;base64,");
    if (png) fv_text_base64(t, png, bytes);
    fv_free(png);
    fv_image_free(&small);
    fv_image_free(&image);
    return status;
}
