/* The decoders, one a file; decode.c has the table. They trust nothing, keep to the memory rule of core/foreign.h, leave
 * *image empty on failure, and give messages without the file's name. */
#ifndef IMAGE_FORMATS_H
#define IMAGE_FORMATS_H

#include "image/decode.h"

fv_status fv_jpeg_decode(const void *bytes, size_t count, const fv_decode_want *want, fv_image *image);
fv_status fv_png_decode(const void *bytes, size_t count, const fv_decode_want *want, fv_image *image);
fv_status fv_pnm_decode(const void *bytes, size_t count, const fv_decode_want *want, fv_image *image);
fv_status fv_webp_decode(const void *bytes, size_t count, const fv_decode_want *want, fv_image *image);
fv_status fv_tiff_decode(const void *bytes, size_t count, const fv_decode_want *want, fv_image *image);
fv_status fv_bmp_decode(const void *bytes, size_t count, const fv_decode_want *want, fv_image *image);

#endif
