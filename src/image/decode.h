/* Pictures from files and encoded bytes, whatever their format. */
#ifndef IMAGE_DECODE_H
#define IMAGE_DECODE_H

#include "image/image.h"

/* Goes by the content, not by the name, which is for messages. Bytes that are no image at all, or a damaged one:
 * FV_BAD_DATA; a format that this build cannot read: FV_UNSUPPORTED. */
fv_status fv_image_decode(const void *bytes, size_t count, const char *name, fv_image *image);
fv_status fv_image_read(const char *path, fv_image *image);

/* Writes a PNG of the image's depth and channels. */
fv_status fv_png_write(const char *path, const fv_image *image);

#endif
