/* Each channel's levels spread so that all are about equally frequent (torchvision's and Pillow's equalize, on 256 levels): with
 * c(v) the pixels below level v and s = (pixels - those at the highest level there is) / 255, v becomes (c(v) + s/2) / s, both
 * divisions rounded down. Too small a picture for that (s = 0) stays as it is. */
#include "augment/transform.h"

enum { LEVELS = 256 };

static void read_levels(const fv_stretch *s, fv_reading *reading) {
    for (int k = 0; k < s->planes; k++)
        for (int i = 0; i < s->count; i++) reading->count[k][fv_level(s->plane[k][i])]++;
}

static void spread(fv_reading *reading, int plane, size_t pixels) {
    int top = LEVELS - 1;
    while (top > 0 && reading->count[plane][top] == 0) top--;
    size_t step = (pixels - reading->count[plane][top]) / (LEVELS - 1), below = 0;
    for (int v = 0; v < LEVELS; v++) {
        size_t own = reading->count[plane][v], level = step ? (below + step / 2) / step : (size_t)v;
        reading->becomes[plane][v] = fv_unit((float)level / (LEVELS - 1));
        below += own;
    }
}

static void end(fv_reading *reading, size_t pixels) {
    for (int k = 0; k < 3; k++) spread(reading, k, pixels);
}

static const fv_gauge gauge = {read_levels, end};

static void apply(const fv_stretch *s, float amount, const fv_reading *reading) {
    (void)amount;
    for (int k = 0; k < s->planes; k++)
        for (int i = 0; i < s->count; i++) s->plane[k][i] = reading->becomes[k][fv_level(s->plane[k][i])];
}

fv_color_step fv_equalize_color(const fv_span *value, fv_random *random) {
    return (fv_color_step){fv_drawn(value[0], random) ? apply : NULL, 1, &gauge};
}
