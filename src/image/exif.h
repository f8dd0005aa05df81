/* The one number that is wanted of a camera's EXIF data. */
#ifndef IMAGE_EXIF_H
#define IMAGE_EXIF_H

#include <stddef.h>

/* Which way up a picture was stored, 1..8 as fv_orient takes it; 1 (upright) where the bytes do not say, or make no sense.
 * They are what a JPEG's APP1, a PNG's eXIf or a WebP's EXIF chunk holds, with or without "Exif\0\0" in front. */
int fv_exif_orientation(const void *bytes, size_t count);

#endif
