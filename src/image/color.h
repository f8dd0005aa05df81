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

/* What a step knows of the whole picture as it is before the step. */
typedef union fv_reading {
    double gray; /* the mean */
    struct {
        float high[3], down[3]; /* of each plane: the largest value, the largest 1 - value */
    };
    uint32_t count[3][256]; /* pixels at each of 256 levels */
    float becomes[3][256];  /* what those levels turn into */
} fv_reading;

/* How it comes to know it: `read` takes stretch after stretch of the picture, beginning with zeros; then `end`. */
typedef struct fv_gauge {
    void (*read)(const fv_stretch *s, fv_reading *reading);
    void (*end)(fv_reading *reading, size_t pixels); /* NULL: nothing is left to do */
} fv_gauge;

/* One change. */
typedef struct fv_color_step {
    void (*apply)(const fv_stretch *s, float amount, const fv_reading *reading);
    float amount;
    const fv_gauge *gauge; /* NULL: the step looks at nothing but its pixels */
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

/* The nearest of 256 levels; v from 0 to 1. */
static inline int fv_level(float v) { return (int)(v * 255 + 0.5f); }

static inline float fv_unit(float v) { return v < 0.0f ? 0.0f : v > 1.0f ? 1.0f : v; }

#endif
