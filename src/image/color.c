#include "image/color.h"

#include <string.h>

enum { STRETCH = 512 }; /* pixels: their floats stay in the first cache */

typedef struct picture {
    const fv_image *image;
    size_t count; /* pixels */
    const fv_color_step *step;
    fv_reading reading[FV_COLOR_STEPS]; /* before each step that has a gauge */
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
    for (int i = 0; i < n; i++) p->step[i].apply(s, p->step[i].amount, &p->reading[i]);
}

/* What step n wants to know, of the picture after the n steps before it. */
static void take_reading(picture *p, int n, fv_stretch *s) {
    const fv_gauge *gauge = p->step[n].gauge;
    fv_reading *reading = &p->reading[n];
    memset(reading, 0, sizeof *reading);
    for (size_t first = 0; first < p->count; first += STRETCH) {
        render(p, n, first, s);
        gauge->read(s, reading);
    }
    if (gauge->end) gauge->end(reading, p->count);
}

void fv_color_planes(const fv_image *image, const fv_color_step *step, int n, const fv_channel *channel, int channels,
                     float *out) {
    float room[3][STRETCH], alpha[STRETCH];
    fv_stretch s = {0, image->channels < 3 ? 1 : 3, {room[0], room[1], room[2]}};
    picture p; /* readings are large, and few are taken */
    p.image = image, p.count = (size_t)image->width * (size_t)image->height, p.step = step;
    for (int i = 0; i < n; i++)
        if (step[i].gauge) take_reading(&p, i, &s);
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
