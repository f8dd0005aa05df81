/* Blending with the mean gray of the whole picture (torchvision's adjust_contrast). */
#include "augment/transform.h"

static void read_gray(const fv_stretch *s, fv_reading *reading) {
    const float *r = s->plane[0], *g = s->plane[1], *b = s->plane[2];
    for (int i = 0; i < s->count; i++) reading->gray += (double)(s->planes == 1 ? r[i] : fv_luma(r[i], g[i], b[i]));
}

static void end(fv_reading *reading, size_t pixels) { reading->gray /= (double)pixels; }

static const fv_gauge gauge = {read_gray, end};

static void apply(const fv_stretch *s, float factor, const fv_reading *reading) {
    const float mean = (float)reading->gray;
    for (int k = 0; k < s->planes; k++)
        for (int i = 0; i < s->count; i++) s->plane[k][i] = fv_unit(factor * s->plane[k][i] + (1.0f - factor) * mean);
}

fv_color_step fv_contrast_color(const fv_span *value, fv_random *random) {
    return (fv_color_step){apply, (float)fv_span_draw(value[0], random), &gauge};
}
