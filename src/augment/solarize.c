/* The negative of what is as light as the threshold, or lighter (torchvision's solarize). */
#include "augment/transform.h"

static void apply(const fv_stretch *s, float threshold, const fv_reading *reading) {
    (void)reading;
    for (int k = 0; k < s->planes; k++)
        for (int i = 0; i < s->count; i++) {
            float v = s->plane[k][i];
            s->plane[k][i] = v >= threshold ? 1 - v : v;
        }
}

fv_color_step fv_solarize_color(const fv_span *value, fv_random *random) {
    return (fv_color_step){fv_drawn(value[1], random) ? apply : NULL, (float)value[0].low, NULL};
}
