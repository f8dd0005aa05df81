/* Pictures for tests. */
#ifndef IMAGE_PICTURES_H
#define IMAGE_PICTURES_H

#include "image/image.h"

/* Noise by the formula of make_resize_fixtures.py; at 16 bits the same times 257. */
fv_image picture(int width, int height, int channels, int depth);

#endif
