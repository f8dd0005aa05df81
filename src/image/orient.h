/* Turning a picture upright. */
#ifndef IMAGE_ORIENT_H
#define IMAGE_ORIENT_H

#include "image/image.h"

/* Turns and mirrors the image from how EXIF (and TIFF's tag 274) says it was stored to how it is to be seen; from 5 on, width
 * and height change places. As Pillow's ImageOps.exif_transpose: 1 is upright, and so is anything outside 2..8. Both copies
 * live for a moment: whoever bounds memory counts the pixels twice. On failure the image stays as it was. */
fv_status fv_orient(fv_image *image, int orientation);

#endif
