/* Max and average pooling over maps of sixteen images. Windows may overlap, hang over the border or be dilated. */
#include "kernels/simd/vector.h"

enum { TOP, LEFT, BOTTOM, RIGHT };

/* One axis of a window: the taps [begin, end) that lie on the input, and how many lie on the padded input. */
typedef struct span {
    int origin, begin, end, padded;
} span;

static span window_span(int out, int kernel, int stride, int dilation, int before, int after, int input) {
    span v = {.origin = out * stride - before, .begin = 0, .end = 0, .padded = 0};
    for (int k = 0; k < kernel; k++) {
        int at = v.origin + k * dilation;
        if (at < 0) v.begin = k + 1;
        if (at < input) v.end = k + 1;
        if (at < input + after) v.padded = k + 1;
    }
    if (v.end < v.begin) v.end = v.begin;
    return v;
}
static span rows_of(const fv_pool_shape *s, int oh) {
    return window_span(oh, s->kernel[0], s->stride[0], s->dilation[0], s->pad[TOP], s->pad[BOTTOM], s->ih);
}
static span cols_of(const fv_pool_shape *s, int ow) {
    return window_span(ow, s->kernel[1], s->stride[1], s->dilation[1], s->pad[LEFT], s->pad[RIGHT], s->iw);
}

/* Where tap (kh,kw) of a window lies in its map, in floats. */
static ptrdiff_t tap_at(const fv_pool_shape *s, const span *h, const span *w, int kh, int kw) {
    return ((ptrdiff_t)(h->origin + kh * s->dilation[0]) * s->iw + w->origin + kw * s->dilation[1]) * LANES;
}

/* The window every classic network has: 2x2, stride 2, all on the input. */
static bool is_quad(const fv_pool_shape *s) {
    return s->kernel[0] == 2 && s->kernel[1] == 2 && s->stride[0] == 2 && s->stride[1] == 2 && s->dilation[0] == 1 &&
           s->dilation[1] == 1 && s->pad[TOP] == 0 && s->pad[LEFT] == 0 && 2 * s->oh <= s->ih && 2 * s->ow <= s->iw;
}

static ptrdiff_t in_map(const fv_pool_shape *s) { return (ptrdiff_t)s->ih * s->iw * LANES; }
static ptrdiff_t out_map(const fv_pool_shape *s) { return (ptrdiff_t)s->oh * s->ow * LANES; }

/* ---- Maximum. */

/* The larger of *best and a later tap's value; the tap's number into *which. */
FV_INLINE void keep_larger(vf value, int tap, vf *best, vi *which) {
    mask better = either(greater(value, *best), unordered(value));
    *best = choose(better, value, *best);
    *which = choose_int(better, tap - (vi){0}, *which);
}

static void max_window(const fv_pool_shape *s, const span *h, const span *w, const float *x, float *y,
                       uint16_t *index) {
    for (int slice = 0; slice < LANES; slice += WIDTH) {
        vf best = splat(-__builtin_inff());
        vi which = h->begin * s->kernel[1] + w->begin - (vi){0};
        for (int kh = h->begin; kh < h->end; kh++)
            for (int kw = w->begin; kw < w->end; kw++)
                keep_larger(load(x + tap_at(s, h, w, kh, kw) + slice), kh * s->kernel[1] + kw, &best, &which);
        store(y + slice, best);
        if (index) store_index(index + slice, which);
    }
}

static void max_quads(const fv_pool_shape *s, const float *x, float *y, uint16_t *index) {
    const ptrdiff_t row = (ptrdiff_t)s->iw * LANES;
    for (int oh = 0; oh < s->oh; oh++)
        for (int ow = 0; ow < s->ow; ow++)
            for (int slice = 0; slice < LANES; slice += WIDTH) {
                ptrdiff_t to = ((ptrdiff_t)oh * s->ow + ow) * LANES + slice;
                const float *from = x + 2 * oh * row + 2 * ow * LANES + slice;
                vf best = load(from);
                vi which = {0};
                keep_larger(load(from + LANES), 1, &best, &which);
                keep_larger(load(from + row), 2, &best, &which);
                keep_larger(load(from + row + LANES), 3, &best, &which);
                store(y + to, best);
                if (index) store_index(index + to, which);
            }
}

void SIMD(max_pool_forward)(const fv_pool_shape *s, int g0, int g1, const float *x, float *y, uint16_t *index) {
    bool quad = is_quad(s);
    for (ptrdiff_t map = (ptrdiff_t)g0 * s->c; map < (ptrdiff_t)g1 * s->c; map++) {
        const float *from = x + map * in_map(s);
        float *to = y + map * out_map(s);
        uint16_t *which = index ? index + map * out_map(s) : NULL;
        if (quad) {
            max_quads(s, from, to, which);
            continue;
        }
        for (int oh = 0; oh < s->oh; oh++) {
            span h = rows_of(s, oh);
            for (int ow = 0; ow < s->ow; ow++) {
                span w = cols_of(s, ow);
                ptrdiff_t p = ((ptrdiff_t)oh * s->ow + ow) * LANES;
                max_window(s, &h, &w, from, to + p, which ? which + p : NULL);
            }
        }
    }
}

static void max_window_back(const fv_pool_shape *s, const span *h, const span *w, const float *dy,
                            const uint16_t *index, float *dx) {
    for (int slice = 0; slice < LANES; slice += WIDTH) {
        vf grad = load(dy + slice);
        vi which = load_index(index + slice);
        for (int kh = h->begin; kh < h->end; kh++)
            for (int kw = w->begin; kw < w->end; kw++) {
                float *to = dx + tap_at(s, h, w, kh, kw) + slice;
                mask here = equal(which, kh * s->kernel[1] + kw - (vi){0});
                store(to, load(to) + choose(here, grad, (vf){0}));
            }
    }
}

static void max_quads_back(const fv_pool_shape *s, const float *dy, const uint16_t *index, float *dx) {
    const ptrdiff_t row = (ptrdiff_t)s->iw * LANES;
    for (int oh = 0; oh < s->oh; oh++)
        for (int ow = 0; ow < s->ow; ow++)
            for (int slice = 0; slice < LANES; slice += WIDTH) {
                ptrdiff_t from = ((ptrdiff_t)oh * s->ow + ow) * LANES + slice;
                float *to = dx + 2 * oh * row + 2 * ow * LANES + slice;
                vf grad = load(dy + from);
                vi which = load_index(index + from);
                store(to, choose(equal(which, (vi){0}), grad, (vf){0}));
                store(to + LANES, choose(equal(which, 1 - (vi){0}), grad, (vf){0}));
                store(to + row, choose(equal(which, 2 - (vi){0}), grad, (vf){0}));
                store(to + row + LANES, choose(equal(which, 3 - (vi){0}), grad, (vf){0}));
            }
}

void SIMD(max_pool_backward)(const fv_pool_shape *s, int g0, int g1, const float *dy, const uint16_t *index,
                             float *dx) {
    bool quad = is_quad(s), whole = quad && 2 * s->oh == s->ih && 2 * s->ow == s->iw;
    for (ptrdiff_t map = (ptrdiff_t)g0 * s->c; map < (ptrdiff_t)g1 * s->c; map++) {
        const float *from = dy + map * out_map(s);
        const uint16_t *which = index + map * out_map(s);
        float *to = dx + map * in_map(s);
        if (!whole) memset(to, 0, (size_t)in_map(s) * sizeof *to);
        if (quad) {
            max_quads_back(s, from, which, to);
            continue;
        }
        for (int oh = 0; oh < s->oh; oh++) {
            span h = rows_of(s, oh);
            for (int ow = 0; ow < s->ow; ow++) {
                span w = cols_of(s, ow);
                ptrdiff_t p = ((ptrdiff_t)oh * s->ow + ow) * LANES;
                max_window_back(s, &h, &w, from + p, which + p, to);
            }
        }
    }
}

/* ---- Average. */

/* 1 / the number of taps that count; 0 for a window without any. */
static float share_of(const fv_pool_shape *s, const span *h, const span *w) {
    int taps = s->count_include_pad ? h->padded * w->padded : (h->end - h->begin) * (w->end - w->begin);
    return taps > 0 ? 1.0f / (float)taps : 0;
}

static void avg_window(const fv_pool_shape *s, const span *h, const span *w, const float *x, float *y) {
    float share = share_of(s, h, w);
    for (int slice = 0; slice < LANES; slice += WIDTH) {
        vf sum = {0};
        for (int kh = h->begin; kh < h->end; kh++)
            for (int kw = w->begin; kw < w->end; kw++) sum += load(x + tap_at(s, h, w, kh, kw) + slice);
        store(y + slice, sum * share);
    }
}

static void avg_window_back(const fv_pool_shape *s, const span *h, const span *w, const float *dy, float *dx) {
    float share = share_of(s, h, w);
    for (int slice = 0; slice < LANES; slice += WIDTH) {
        vf grad = load(dy + slice) * share;
        for (int kh = h->begin; kh < h->end; kh++)
            for (int kw = w->begin; kw < w->end; kw++) {
                float *to = dx + tap_at(s, h, w, kh, kw) + slice;
                store(to, load(to) + grad);
            }
    }
}

void SIMD(avg_pool_forward)(const fv_pool_shape *s, int g0, int g1, const float *x, float *y) {
    for (ptrdiff_t map = (ptrdiff_t)g0 * s->c; map < (ptrdiff_t)g1 * s->c; map++)
        for (int oh = 0; oh < s->oh; oh++) {
            span h = rows_of(s, oh);
            for (int ow = 0; ow < s->ow; ow++) {
                span w = cols_of(s, ow);
                avg_window(s, &h, &w, x + map * in_map(s), y + map * out_map(s) + ((ptrdiff_t)oh * s->ow + ow) * LANES);
            }
        }
}

void SIMD(avg_pool_backward)(const fv_pool_shape *s, int g0, int g1, const float *dy, float *dx) {
    for (ptrdiff_t map = (ptrdiff_t)g0 * s->c; map < (ptrdiff_t)g1 * s->c; map++) {
        float *to = dx + map * in_map(s);
        memset(to, 0, (size_t)in_map(s) * sizeof *to);
        for (int oh = 0; oh < s->oh; oh++) {
            span h = rows_of(s, oh);
            for (int ow = 0; ow < s->ow; ow++) {
                span w = cols_of(s, ow);
                avg_window_back(s, &h, &w, dy + map * out_map(s) + ((ptrdiff_t)oh * s->ow + ow) * LANES, to);
            }
        }
    }
}
