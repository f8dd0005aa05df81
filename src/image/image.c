#include "image/image.h"

#include "core/memory.h"

enum { LARGEST_SIDE = 65535, MOST_SAMPLES = 256 << 20 };

fv_status fv_image_new(fv_image *image, int width, int height, int channels, int depth) {
    *image = (fv_image){0};
    if (width < 1 || height < 1 || width > LARGEST_SIDE || height > LARGEST_SIDE)
        return fv_fail(FV_BAD_DATA, "an image of %dx%d pixels: a side must be 1..%d", width, height, LARGEST_SIDE);
    if (channels < 1 || channels > 4 || (depth != 8 && depth != 16))
        return fv_fail(FV_BAD_ARGUMENT, "an image of %d channels, %d bits: must be 1..4, and 8 or 16", channels, depth);
    size_t samples = (size_t)width * (size_t)height * (size_t)channels;
    if (samples > MOST_SAMPLES)
        return fv_fail(FV_BAD_DATA, "an image of %dx%dx%d samples: at most %d", width, height, channels, MOST_SAMPLES);
    void *pixels = fv_alloc(samples, (size_t)depth / 8);
    if (!pixels) return FV_NO_MEMORY;
    *image = (fv_image){.width = width, .height = height, .channels = channels, .depth = depth};
    image->pixels = image->owned = pixels;
    return FV_OK;
}

fv_status fv_image_of_pixels(const uint8_t *pixels, int channels, int height, int width, fv_image *image) {
    if (channels < 1 || channels > 4 || height < 1 || width < 1)
        return fv_fail(FV_BAD_ARGUMENT,
                       "pixels of %d channels, %dx%d: channels are 1 to 4, height and width at least 1", channels,
                       height, width);
    *image = (fv_image){.width = width, .height = height, .channels = channels, .depth = 8, .pixels = pixels};
    return FV_OK;
}

void fv_image_free(fv_image *image) {
    fv_free(image->owned);
    *image = (fv_image){0};
}
