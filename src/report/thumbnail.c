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
fv_status fv_thumbnail_make(const fv_image *image, fv_image *small) {
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

fv_status fv_thumbnail_put(fv_text *t, const fv_image *image) {
    size_t bytes = 0;
    void *png = fv_png_encode(image, &bytes);
    if (!png) return fv_last_status();
    fv_text_add(t, "data:image/png;base64,");
    fv_text_base64(t, png, bytes);
    fv_free(png);
    return FV_OK;
}
