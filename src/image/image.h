/* A decoded picture: what decoders make, datasets hand out, and preprocessing turns into a network's input. */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include "core/status.h"

/* pixels: [height, width, channels] interleaved, 8 bits a sample (uint8_t) or 16 (uint16_t, native order).
 * `owned` is what fv_image_free releases; NULL when the pixels are borrowed (a dataset in memory). */
typedef struct fv_image {
    int width, height;
    int channels; /* 1 gray, 2 gray+alpha, 3 RGB, 4 RGBA */
    int depth;    /* 8 or 16 */
    const void *pixels;
    void *owned;
} fv_image;

/* An owned image with zeroed pixels; limits: 1..65535 a side, 256 Mi samples. */
fv_status fv_image_new(fv_image *image, int width, int height, int channels, int depth);
/* Borrowed ones of 8 bits, [height, width, channels]. */
fv_status fv_image_of_pixels(const uint8_t *pixels, int channels, int height, int width, fv_image *image);
void fv_image_free(fv_image *image);

static inline size_t fv_image_samples(const fv_image *image) {
    return (size_t)image->width * (size_t)image->height * (size_t)image->channels;
}

#endif
