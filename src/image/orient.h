/* Turning a picture upright, from one of the ways that EXIF and TIFF (tag 274) know to store it: 1 is upright, 2..8 are turned
 * or mirrored, as Pillow's ImageOps.exif_transpose reads them; from 5 on, width and height change places. */
#ifndef IMAGE_ORIENT_H
#define IMAGE_ORIENT_H

#include "image/image.h"

/* Turns an image; anything outside 2..8 leaves it as it is. Both copies live for a moment: whoever bounds memory counts the
 * pixels twice. On failure the image stays as it was. */
fv_status fv_orient(fv_image *image, int orientation);

/* The same while the stored picture is still being read, without a second copy: an image (fv_image_new) of the upright size
 * for a stored one of width x height, and stored rows, one after another in memory, put where they belong. A few at a time
 * are quicker than one. Orientation: 1..8. */
fv_status fv_upright_new(fv_image *upright, int orientation, int width, int height, int channels, int depth);
void fv_upright_rows(const fv_image *upright, int orientation, const void *rows, int first, int count);

#endif
