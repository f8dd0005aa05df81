/* Blending of each pixel with its gray (torchvision's adjust_saturation). Gray pictures stay as they are. */
#include "augment/transform.h"

static void apply(const fv_stretch *s, float factor, const fv_reading *reading) {
    (void)reading;
    float *r = s->plane[0], *g = s->plane[1], *b = s->plane[2];
    for (int i = 0; s->planes == 3 && i < s->count; i++) {
        float rest = (1.0f - factor) * fv_luma(r[i], g[i], b[i]);
        r[i] = fv_unit(factor * r[i] + rest);
        g[i] = fv_unit(factor * g[i] + rest);
        b[i] = fv_unit(factor * b[i] + rest);
    }
}

fv_color_step fv_saturation_color(const fv_span *value, fv_random *random) {
    return (fv_color_step){apply, (float)fv_span_draw(value[0], random), NULL};
}
