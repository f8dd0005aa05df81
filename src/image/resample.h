/* Resampling to other pixels: another size, a part of the image, or its mirror image. */
#ifndef IMAGE_RESAMPLE_H
#define IMAGE_RESAMPLE_H

#include "fovea/data.h"
#include "image/image.h"

/* Where the output's pixels lie along one side of the input: pixel i has its centre at start + (first + i + 0.5) * scale, in
 * pixels of the input, whose own are at 0.5, 1.5, ...; reversed, the output's last pixel comes first. No centre may lie beyond
 * the input. (`first` is not worked into `start`, so that a cut of the output is the same to the last bit.) */
typedef struct fv_axis {
    double start, scale; /* scale > 0 */
    int first;
    int count; /* of pixels, at least 1 */
    bool reversed;
} fv_axis;

/* The whole side, `in` pixels, to `out` of them. */
static inline fv_axis fv_axis_whole(int in, int out) { return (fv_axis){.scale = (double)in / out, .count = out}; }
static inline bool fv_axis_is_copy(const fv_axis *a, int in) {
    return a->start == 0 && a->scale == 1 && a->first == 0 && a->count == in && !a->reversed;
}
/* The centre of output pixel i, counted from the other end where it is reversed. */
static inline double fv_axis_centre(const fv_axis *a, int i) {
    return (a->first + (a->reversed ? a->count - 1 - i : i) + 0.5) * a->scale + a->start;
}

/* By the rule of one of these two; *out is owned. */
fv_status fv_resample(const fv_image *in, fv_resize how, const fv_axis *x, const fv_axis *y, fv_image *out);

/* Pillow's Image.resize(size, BILINEAR, box): a triangle filter, widened by the scale when shrinking. At 8 bits Pillow's very
 * numbers (weights of 22 bits, rounding once after each of the two passes); 16 bits the same way. */
fv_status fv_resample_pil(const fv_image *in, const fv_axis *x, const fv_axis *y, fv_image *out);
/* OpenCV's cv2.resize with INTER_LINEAR: between the two nearest pixels a side, however much it shrinks. At 8 bits OpenCV's
 * very numbers (weights of 11 bits); 16 bits by its float arithmetic. */
fv_status fv_resample_cv2(const fv_image *in, const fv_axis *x, const fv_axis *y, fv_image *out);

#endif
