/* Local response normalisation, a line at a time: `vectors` runs of `width` floats, `stride` apart, put side by side in scratch,
 * where the next channel of a float is `shift` floats further. A line is the channels of one pixel in FV_BLOCKED (shift 1), of some
 * neighbouring pixels or images elsewhere (shift width). */
#include "kernels/simd/vector.h"

#include <math.h>

/* Floats of a line in scratch, zeros around it for the window to look at, and whole vectors to the end. */
static size_t room(size_t floats, size_t shift, int size) {
    return (floats + 2 * (size_t)size * shift + 2 * WIDTH) / WIDTH * WIDTH;
}

size_t SIMD(lrn_scratch)(const fv_lrn_line *l) {
    return 4 * room(l->vectors * l->width, l->shift, l->size) * sizeof(float);
}

/* The arrays of a line; squares and products begin behind zeros. */
typedef struct line {
    size_t count;
    float *x, *squares, *power, *products;
} line;

static line line_in(const fv_lrn_line *l, void *scratch) {
    size_t count = l->vectors * l->width, all = room(count, l->shift, l->size), before = (size_t)l->size * l->shift;
    float *first = scratch;
    memset(first, 0, 4 * all * sizeof *first);
    return (line){count, first, first + all + before, first + 2 * all, first + 3 * all + before};
}

static void collect(const fv_lrn_line *l, const float *from, float *to) {
    for (size_t v = 0; v < l->vectors; v++) memcpy(to + v * l->width, from + v * l->stride, l->width * sizeof *to);
}

static void spread(const fv_lrn_line *l, const float *from, float *to) {
    for (size_t v = 0; v < l->vectors; v++) memcpy(to + v * l->stride, from + v * l->width, l->width * sizeof *to);
}

/* The sum over the channels from `first` to `last`, counted from one's own. */
FV_INLINE vf window(const float *at, ptrdiff_t first, ptrdiff_t last, ptrdiff_t shift) {
    vf sum = load(at + first * shift);
    for (ptrdiff_t j = first + 1; j <= last; j++) sum += load(at + j * shift);
    return sum;
}

static void to_the_minus_beta(size_t count, float beta, const float *t, float *power) {
    if (beta == 0.75f)
        for (size_t i = 0; i < count; i++) power[i] = 1 / (sqrtf(t[i]) * sqrtf(sqrtf(t[i])));
    else
        for (size_t i = 0; i < count; i++) power[i] = powf(t[i], -beta);
}

/* x, its squares, t in `products`, and t^-beta. */
static void prepare(const fv_lrn_line *l, const line *s, const float *x) {
    const float share = l->alpha / (float)l->size;
    collect(l, x, s->x);
    for (size_t i = 0; i < s->count; i += WIDTH) store(s->squares + i, load(s->x + i) * load(s->x + i));
    for (size_t i = 0; i < s->count; i += WIDTH)
        store(s->products + i,
              window(s->squares + i, -(l->size / 2), (l->size - 1) / 2, (ptrdiff_t)l->shift) * share + l->k);
    to_the_minus_beta(s->count, l->beta, s->products, s->power);
}

void SIMD(lrn_forward)(const fv_lrn_line *l, const float *x, float *y, void *scratch) {
    line s = line_in(l, scratch);
    prepare(l, &s, x);
    for (size_t i = 0; i < s.count; i += WIDTH) store(s.x + i, load(s.x + i) * load(s.power + i));
    spread(l, s.x, y);
}

void SIMD(lrn_backward)(const fv_lrn_line *l, const float *x, const float *dy, float *dx, void *scratch) {
    const float factor = 2 * l->alpha * l->beta / (float)l->size;
    line s = line_in(l, scratch);
    float *gradient = s.squares; /* those are not wanted any more when it is */
    prepare(l, &s, x);
    collect(l, dy, gradient);
    for (size_t i = 0; i < s.count; i += WIDTH) {
        vf along = load(gradient + i) * load(s.power + i);
        store(s.products + i, along * load(s.x + i) / load(s.products + i));
        store(gradient + i, along);
    }
    memset(s.products + s.count, 0,
           ((size_t)l->size * l->shift + WIDTH) * sizeof(float)); /* what vectors went beyond */
    for (size_t i = 0; i < s.count; i += WIDTH) {
        vf around = window(s.products + i, -((l->size - 1) / 2), l->size / 2, (ptrdiff_t)l->shift);
        store(gradient + i, load(gradient + i) - factor * load(s.x + i) * around);
    }
    spread(l, gradient, dx);
}
