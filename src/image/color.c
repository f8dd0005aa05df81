#include "image/color.h"

enum { STRETCH = 512 }; /* pixels: their floats stay in the first cache */

typedef struct picture {
    const fv_image *image;
    size_t count; /* pixels */
    const fv_color_step *step;
    float mean[FV_COLOR_STEPS]; /* before each step that wants it */
} picture;

/* One channel of the pixels from `first` on, from 0 to 1. */
static void load(const fv_image *image, int channel, size_t first, int count, float *to) {
    const size_t step = (size_t)image->channels, at = first * step + (size_t)channel;
    const uint8_t *bytes = (const uint8_t *)image->pixels + at;
    const uint16_t *words = (const uint16_t *)image->pixels + at;
    if (image->depth == 8)
        for (int i = 0; i < count; i++, bytes += step) to[i] = *bytes * (float)(1 / 255.0);
    else
        for (int i = 0; i < count; i++, words += step) to[i] = *words * (float)(1 / 65535.0);
}

/* The pixels from `first` on after the first n steps. s->plane has room; s->count is set. */
static void render(const picture *p, int n, size_t first, fv_stretch *s) {
    s->count = p->count - first < STRETCH ? (int)(p->count - first) : STRETCH;
    for (int k = 0; k < s->planes; k++) load(p->image, k, first, s->count, s->plane[k]);
    for (int i = 0; i < n; i++) p->step[i].apply(s, p->step[i].amount, p->mean[i]);
}

/* After the first n steps. */
static float mean_gray(const picture *p, int n, fv_stretch *s) {
    double sum = 0;
    for (size_t first = 0; first < p->count; first += STRETCH) {
        render(p, n, first, s);
        const float *r = s->plane[0], *g = s->plane[1], *b = s->plane[2];
        for (int i = 0; i < s->count; i++) sum += (double)(s->planes == 1 ? r[i] : fv_luma(r[i], g[i], b[i]));
    }
    return (float)(sum / (double)p->count);
}

void fv_color_planes(const fv_image *image, const fv_color_step *step, int n, const fv_channel *channel, int channels,
                     float *out) {
    float room[3][STRETCH], alpha[STRETCH];
    fv_stretch s = {0, image->channels < 3 ? 1 : 3, {room[0], room[1], room[2]}};
    picture p = {.image = image, .count = (size_t)image->width * (size_t)image->height, .step = step};
    for (int i = 0; i < n; i++)
        if (step[i].wants_mean) p.mean[i] = mean_gray(&p, i, &s);
    for (size_t first = 0; first < p.count; first += STRETCH) {
        render(&p, n, first, &s);
        for (int k = 0; k < channels; k++) {
            const fv_channel *c = &channel[k];
            const float *from = c->source < s.planes ? s.plane[c->source] : alpha;
            float *to = out + (size_t)k * p.count + first;
            if (from == alpha) load(image, c->source, first, s.count, alpha);
            for (int i = 0; i < s.count; i++) to[i] = from[i] * c->scale + c->shift;
        }
    }
}
