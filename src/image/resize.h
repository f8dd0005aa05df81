/* Resampling to another size. */
#ifndef IMAGE_RESIZE_H
#define IMAGE_RESIZE_H

#include "image/image.h"

/* Pillow's Image.resize(size, BILINEAR): a triangle filter, widened by the scale when shrinking. At 8 bits Pillow's very
 * numbers (its weights of 22 bits, rounding once after each of the two passes); 16 bits the same way. *out is owned. */
fv_status fv_resize_pil(const fv_image *in, int width, int height, fv_image *out);

#endif
