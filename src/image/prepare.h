/* From a decoded image to a network's input: the one piece of code that training, evaluation and prediction share. */
#ifndef IMAGE_PREPARE_H
#define IMAGE_PREPARE_H

#include "fovea/data.h"
#include "image/color.h"
#include "image/decode.h"
#include "image/warp.h"

/* What decoding is to leave for an input of that size, shown enlarged by up to `zoom`, at least 1. */
fv_decode_want fv_prepare_want(const fv_preprocess *p, int h, int w, double zoom);

/* Checks what does not depend on the image: channels against c, std, resize, the size. */
fv_status fv_prepare_check(const fv_preprocess *p, int c, int h, int w);

/* Fills out [c,h,w]. In this order: an image with alpha over the background; color to gray by ITU-R 601 (Pillow's "L") where
 * gray is wanted; resizing where sizes differ; gray repeated where color is wanted, channel order,
 * (pixel / 255 - mean) / std (65535 for 16 bits). With channels left at the default, an image of exactly c channels goes
 * through as it is, alpha too. p and the sizes must have passed fv_prepare_check. */
fv_status fv_prepare(const fv_image *image, const fv_preprocess *p, int c, int h, int w, float *out);

/* Pixels of a picture. */
typedef struct fv_rectangle {
    int left, top, width, height;
} fv_rectangle;

/* What training makes of a picture on the way: it is seen through the map, then takes the steps, and of what the network
 * gets, the erased rectangles are 0: the mean where there is one, else black. */
typedef struct fv_distortion {
    fv_view view;
    bool mirror; /* beyond its edges the picture is mirrored, not black */
    int steps, erased;
    fv_color_step step[FV_COLOR_STEPS];
    fv_rectangle erase[FV_COLOR_STEPS];
} fv_distortion;

/* The same with a distortion: the identity without steps is fv_prepare. */
fv_status fv_prepare_distorted(const fv_image *image, const fv_preprocess *p, int c, int h, int w,
                               const fv_distortion *d, float *out);

#endif
