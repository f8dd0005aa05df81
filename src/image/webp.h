/* What the readers of WebP data share: TIFF holds such, too. */
#ifndef IMAGE_WEBP_H
#define IMAGE_WEBP_H

#include "core/status.h"

/* Bytes that libwebp allocates for the prefix codes of a lossless picture, or lossless alpha, of the RIFF file that begins
 * here: it takes 12 KB and more for each group of codes, and a group five bytes of a hostile file. At least that; 0 where
 * the file is none, or is damaged before the codes begin. */
size_t fv_webp_claims(const uint8_t *bytes, size_t count);

#endif
