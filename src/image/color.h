/* Changes of color on the way from pixels to a network's input, several in one pass. */
#ifndef IMAGE_COLOR_H
#define IMAGE_COLOR_H

#include "image/image.h"

/* A stretch of pixels: red, green and blue, or gray alone; values from 0 to 1. */
typedef struct fv_stretch {
    int count;
    int planes; /* 3 or 1 */
    float *plane[3];
} fv_stretch;

/* One change. `mean` is the picture's mean gray before it, where the step wants it. */
typedef struct fv_color_step {
    void (*apply)(const fv_stretch *s, float amount, float mean);
    float amount;
    bool wants_mean;
} fv_color_step;

enum { FV_COLOR_STEPS = 16 };

/* What becomes of a channel of the image: value * scale + shift, value from 0 to 1. */
typedef struct fv_channel {
    int source; /* of the image */
    float scale, shift;
} fv_channel;

/* The image after `n` steps, its channels as planes of `out`. Steps leave alpha alone. */
void fv_color_planes(const fv_image *image, const fv_color_step *step, int n, const fv_channel *channel, int channels,
                     float *out);

/* ITU-R 601, with the digits that torchvision uses. */
static inline float fv_luma(float r, float g, float b) { return 0.2989f * r + 0.587f * g + 0.114f * b; }

static inline float fv_unit(float v) { return v < 0.0f ? 0.0f : v > 1.0f ? 1.0f : v; }

#endif
