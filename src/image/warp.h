/* A picture seen through a map: the one resampling that all geometric augmentation comes down to. */
#ifndef IMAGE_WARP_H
#define IMAGE_WARP_H

#include "image/resample.h"

/* The upper rows of a 3x3 matrix whose last is 0 0 1: the pixel at (x, y) of the output shows what lies at
 * (m[0][0] x + m[0][1] y + m[0][2], m[1][0] x + m[1][1] y + m[1][2]) of the picture as evaluation sees it. Both are
 * width x height; their corners are (0, 0) and (width, height), centres of pixels at halves. */
typedef struct fv_view {
    double m[2][3];
} fv_view;

#define FV_VIEW_IDENTITY           \
    {                              \
        {                          \
            {1, 0, 0}, { 0, 1, 0 } \
        }                          \
    }
static const fv_view fv_view_identity = FV_VIEW_IDENTITY;

/* The map that shows through `first` what `second` makes of it: first's matrix times second's. */
fv_view fv_view_product(const fv_view *first, const fv_view *second);

/* Where the map leaves the picture there is black, or with `mirror` the mirror image of what is seen of it, its edge not
 * repeated. A map that keeps the axes (identity, mirror images, cuts, shifts) needs one resampling from the image to the
 * output: the identity gives the pixels of fv_resample over the whole, a shift by whole pixels the same pixels elsewhere. For others the image is resampled to the output's scale and that is interpolated. */
fv_status fv_warp(const fv_image *in, fv_resize how, const fv_view *map, bool mirror, int width, int height,
                  fv_image *out);

#endif
