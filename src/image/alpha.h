/* Pictures with transparency over a plain background. */
#ifndef IMAGE_ALPHA_H
#define IMAGE_ALPHA_H

#include "fovea/data.h"
#include "image/image.h"

static inline bool fv_has_alpha(const fv_image *image) { return image->channels == 2 || image->channels == 4; }

/* An image with alpha over the background: RGB, or gray where image and background are. The color comes to
 * (color * alpha + background * (full - alpha)) / full, rounded: Pillow's alpha_composite, exactly. *out is owned. */
fv_status fv_over_background(const fv_image *in, uint32_t background, fv_image *out);

#endif
