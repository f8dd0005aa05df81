/* Pictures from files and encoded bytes, whatever their format. */
#ifndef IMAGE_DECODE_H
#define IMAGE_DECODE_H

#include "image/image.h"

/* What the reader of the image is going to do with it; NULL asks for all pixels. */
typedef struct fv_decode_want {
    bool fast;         /* a format that can decode to a fraction of its size cheaply (JPEG) may do so, ... */
    int width, height; /* ... as long as neither side falls below these */
} fv_decode_want;

/* Goes by the content, not by the name, which is for messages. Bytes that are no image at all, or a damaged one:
 * FV_BAD_DATA; a format that this build cannot read: FV_UNSUPPORTED. */
fv_status fv_image_decode(const void *bytes, size_t count, const char *name, const fv_decode_want *want,
                          fv_image *image);
fv_status fv_image_read(const char *path, const fv_decode_want *want, fv_image *image);

/* A PNG of the image's depth and channels: its bytes, fv_free them; NULL on failure. */
void *fv_png_encode(const fv_image *image, size_t *count);
fv_status fv_png_write(const char *path, const fv_image *image);

#endif
