/* No color: ITU-R 601's gray in all channels (torchvision's RandomGrayscale). Gray pictures stay as they are. */
#include "augment/transform.h"

static void apply(const fv_stretch *s, float amount, const fv_reading *reading) {
    (void)amount, (void)reading;
    float *r = s->plane[0], *g = s->plane[1], *b = s->plane[2];
    for (int i = 0; s->planes == 3 && i < s->count; i++) r[i] = g[i] = b[i] = fv_luma(r[i], g[i], b[i]);
}

fv_color_step fv_gray_color(const fv_span *value, fv_random *random) {
    return (fv_color_step){fv_drawn(value[0], random) ? apply : NULL, 1, NULL};
}
