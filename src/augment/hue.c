/* A turn of the hue, in the space of hue, saturation and value (torchvision's adjust_hue). Gray pictures stay as they are.
 *
 * Hue is counted in sixths of the circle, from red over green. With the pixel's largest channel v and the spread d between its
 * largest and smallest, the channel whose own hue is n sixths (red 0, green 2, blue 4) is
 *     v - d max(0, min(|k| - 1, 1)),   k the distance on the circle from the hue to n, in sixths, at most 3. */
#include "augment/transform.h"

static float larger(float a, float b) { return a > b ? a : b; }
static float smaller(float a, float b) { return a < b ? a : b; }

/* 0 <= h < 12 to the circle's 0..6. */
static float wrapped(float h) { return h >= 6.0f ? h - 6.0f : h; }

/* 0 <= hue < 6. */
static float channel(float hue, float n, float v, float d) {
    float away = hue - n;
    away = away < 0.0f ? -away : away;
    away = away > 3.0f ? 6.0f - away : away;
    return v - d * fv_unit(away - 1.0f);
}

/* turn: 0 <= turn < 6. */
static void apply(const fv_stretch *s, float turn, const fv_reading *reading) {
    (void)reading;
    float *plane_r = s->plane[0], *plane_g = s->plane[1], *plane_b = s->plane[2];
    for (int i = 0; s->planes == 3 && i < s->count; i++) {
        float r = plane_r[i], g = plane_g[i], b = plane_b[i];
        float v = larger(r, larger(g, b)), d = v - smaller(r, smaller(g, b));
        float over = 1.0f / (d > 0.0f ? d : 1.0f);
        float hue = v == r   ? (g - b) * over + (g < b ? 6.0f : 0.0f)
                    : v == g ? (b - r) * over + 2.0f
                             : (r - g) * over + 4.0f;
        hue = wrapped(wrapped(hue) + turn);
        plane_r[i] = channel(hue, 0, v, d);
        plane_g[i] = channel(hue, 2, v, d);
        plane_b[i] = channel(hue, 4, v, d);
    }
}

fv_color_step fv_hue_color(const fv_span *value, fv_random *random) {
    float turn = (float)(6 * fv_span_draw(value[0], random));
    return (fv_color_step){apply, turn < 0.0f ? turn + 6.0f : turn, NULL};
}
