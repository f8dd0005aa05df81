/* v times the factor: blending with black (torchvision's adjust_brightness). */
#include "augment/transform.h"

static void apply(const fv_stretch *s, float factor, const fv_reading *reading) {
    (void)reading;
    for (int k = 0; k < s->planes; k++)
        for (int i = 0; i < s->count; i++) s->plane[k][i] = fv_unit(s->plane[k][i] * factor);
}

fv_color_step fv_brightness_color(const fv_span *value, fv_random *random) {
    return (fv_color_step){apply, (float)fv_span_draw(value[0], random), NULL};
}
