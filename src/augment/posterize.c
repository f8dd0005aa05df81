/* Fewer levels: of the 8 bits of each value the lower ones become 0 (torchvision's posterize). */
#include "augment/transform.h"

static void apply(const fv_stretch *s, float bits, const fv_reading *reading) {
    (void)reading;
    const int kept = ~(255 >> (int)bits);
    for (int k = 0; k < s->planes; k++)
        for (int i = 0; i < s->count; i++)
            s->plane[k][i] = (float)(fv_level(s->plane[k][i]) & kept) * (float)(1 / 255.0);
}

fv_color_step fv_posterize_color(const fv_span *value, fv_random *random) {
    return (fv_color_step){fv_drawn(value[1], random) ? apply : NULL, (float)value[0].low, NULL};
}
