/* Each channel stretched so that its darkest value becomes 0 and its lightest 1 (torchvision's autocontrast); a channel of one
 * value stays as it is. */
#include "augment/transform.h"

static void read_range(const fv_stretch *s, fv_reading *reading) {
    for (int k = 0; k < s->planes; k++)
        for (int i = 0; i < s->count; i++) {
            float v = s->plane[k][i];
            reading->high[k] = v > reading->high[k] ? v : reading->high[k];
            reading->down[k] = 1 - v > reading->down[k] ? 1 - v : reading->down[k];
        }
}

static const fv_gauge gauge = {read_range, NULL};

static void apply(const fv_stretch *s, float amount, const fv_reading *reading) {
    (void)amount;
    for (int k = 0; k < s->planes; k++) {
        float low = 1 - reading->down[k], spread = reading->high[k] - low;
        float scale = spread > 0 ? 1 / spread : 1, from = spread > 0 ? low : 0;
        for (int i = 0; i < s->count; i++) s->plane[k][i] = fv_unit((s->plane[k][i] - from) * scale);
    }
}

fv_color_step fv_autocontrast_color(const fv_span *value, fv_random *random) {
    return (fv_color_step){fv_drawn(value[0], random) ? apply : NULL, 1, &gauge};
}
