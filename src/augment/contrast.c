/* Blending with the mean gray of the whole picture (torchvision's adjust_contrast). */
#include "augment/transform.h"

static void apply(const fv_stretch *s, float factor, float mean) {
    for (int k = 0; k < s->planes; k++)
        for (int i = 0; i < s->count; i++) s->plane[k][i] = fv_unit(factor * s->plane[k][i] + (1.0f - factor) * mean);
}

fv_color_step fv_contrast_color(const fv_span *value, fv_random *random) {
    return (fv_color_step){apply, (float)fv_span_draw(value[0], random), true};
}
