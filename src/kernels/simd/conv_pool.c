/* A convolution and the 2x2 max pool of stride 2 behind it, without the full map between them. */
#include "kernels/simd/conv_pool.h"
#include "core/threads.h"
#include "kernels/simd/conv_winograd.h"

size_t SIMD(conv_pool_scratch)(const fv_conv_shape *s) {
    bool choices = choice_pays(s) && s->kernel[0] <= CHOICE_ROWS;
    size_t full = (size_t)SIMD(conv_field)(s).y_group * sizeof(float);
    return SIMD(conv_scratch)(s) + round_up(choices ? quads_bytes(s) : full, 64);
}

/* ---- Forward. */

/* One group: y and index [OC,OH/2,OW/2,16]. */
static void forward_pooled(const fv_conv_shape *s, const field *f, const taps *t, const float *x, const float *w,
                           const float *bias, float *y, uint16_t *index) {
    int rows = s->oh / 2, cols = s->ow / 2, bands = tiles_for(s->oc, POOL_M);
    ptrdiff_t map = (ptrdiff_t)rows * cols * LANES;
    for (int p = 0; p < rows * cols; p++) {
        const float *window = x + p / cols * 2 * f->x_row + p % cols * 2 * f->x_col;
        const float *from[4] = {window, window + f->x_col, window + f->x_row, window + f->x_row + f->x_col};
        for (int j = 0; j < bands; j++) {
            int m0, m1;
            fv_share(s->oc, j, bands, &m0, &m1);
            ptrdiff_t to = m0 * map + (ptrdiff_t)p * LANES;
            SIMD(pool_tiles)[m1 - m0 - 1](t, from, w + m0 * t->row, bias ? bias + m0 : NULL, y + to, index + to, map);
        }
    }
}

void SIMD(conv_pool_forward)(const fv_conv_shape *s, int g0, int g1, const float *x, const float *w, const float *bias,
                             float *y, uint16_t *index, void *scratch) {
    field f = SIMD(conv_field)(s);
    bool winograd = SIMD(winograd_pays)(s, &f);
    char *rest = scratch;
    tap *table = cut(&rest, (size_t)conv_inner(s) * sizeof *table);
    taps t = {table, conv_inner(s), conv_inner(s)};
    float *canvas = cut(&rest, canvas_bytes(s, &f));
    if (winograd) SIMD(winograd_weights)(s, w, rest);
    SIMD(conv_taps)(s, &f, table);
    ptrdiff_t group = (ptrdiff_t)s->ic * s->ih * s->iw * LANES;
    ptrdiff_t pooled = (ptrdiff_t)s->oc * (s->oh / 2) * (s->ow / 2) * LANES;
    for (int g = g0; g < g1; g++) {
        if (f.canvas) SIMD(canvas_fill)(s, &f, x + g * group, canvas);
        const float *from = f.canvas ? canvas : x + g * group;
        if (winograd)
            SIMD(winograd_forward)(s, &f, from, bias, y + g * pooled, index + g * pooled, rest);
        else
            forward_pooled(s, &f, &t, from, w, bias, y + g * pooled, index + g * pooled);
    }
}

static quads quads_of(const fv_conv_shape *s, const field *f, int groups) {
    quads q = {.f = f, .groups = groups, .rows = s->oh / 2, .cols = s->ow / 2};
    q.map = (ptrdiff_t)q.rows * q.cols * LANES;
    q.group = s->oc * q.map;
    return q;
}

/* ---- Backward: by choices, or, for other strides, by the full map of one group at a time. */

static void unpool(const fv_conv_shape *s, const float *dy, const uint16_t *index, float *full) {
    fv_pool_shape pool = {.n = LANES,
                          .c = s->oc,
                          .ih = s->oh,
                          .iw = s->ow,
                          .oh = s->oh / 2,
                          .ow = s->ow / 2,
                          .kernel = {2, 2},
                          .stride = {2, 2},
                          .dilation = {1, 1}};
    SIMD(max_pool_backward)(&pool, 0, 1, dy, index, full);
}

void SIMD(conv_pool_backward_data)(const fv_conv_shape *s, int g0, int g1, const float *dy, const uint16_t *index,
                                   const float *w, float *dx, void *scratch) {
    field f = SIMD(conv_field)(s);
    quads q = quads_of(s, &f, 1);
    bool winograd = SIMD(winograd_pays)(s, &f), choices = choice_pays(s) && s->kernel[0] <= CHOICE_ROWS;
    char *rest = scratch;
    float *canvas = cut(&rest, winograd || choices ? canvas_bytes(s, &f) : 0), *work = (float *)(void *)rest;
    if (winograd)
        SIMD(winograd_weights)(s, w, work);
    else if (choices)
        SIMD(make_quads)(s, w, work);
    ptrdiff_t group = (ptrdiff_t)s->ic * s->ih * s->iw * LANES;
    for (int g = g0; g < g1; g++) {
        float *to = dx + g * group, *field_dx = f.canvas ? canvas : to;
        const float *from = dy + g * q.group;
        const uint16_t *which = index + g * q.group;
        if (winograd) {
            SIMD(winograd_backward_data)(s, &f, from, which, field_dx, work);
        } else if (choices) {
            memset(field_dx, 0, (size_t)f.x_group * sizeof *dx);
            SIMD(choose_data)(s, &q, from, which, work, field_dx);
        } else {
            unpool(s, from, which, work);
            SIMD(conv_backward_data)
            (s, 0, 1, work, w, to, (char *)work + round_up((size_t)f.y_group * sizeof *work, 64));
            continue;
        }
        if (f.canvas) SIMD(canvas_crop)(s, &f, field_dx, to);
    }
}

void SIMD(conv_pool_backward_weights)(const fv_conv_shape *s, int g0, int g1, const float *x, const float *dy,
                                      const uint16_t *index, float *dw, float *dbias, void *scratch) {
    field f = SIMD(conv_field)(s);
    bool choices = choice_pays(s);
    int step = choices ? field_groups(&f, g0, g1) : 1;
    quads q = quads_of(s, &f, step);
    if (dbias) SIMD(bias_sums)(s->oc, q.map, g0, g1, dy, dbias);
    if (g0 == g1) memset(dw, 0, (size_t)s->oc * (size_t)conv_inner(s) * sizeof *dw);
    char *rest = scratch;
    tap *at = cut(&rest, (size_t)conv_inner(s) * sizeof *at);
    float *canvas = cut(&rest, canvas_bytes(s, &f)), *full = cut(&rest, choices ? 0 : (size_t)f.y_group * sizeof *full);
    float *sums = cut(&rest, SIMD(weights_sums)(s));
    SIMD(conv_taps)(s, &f, at);
    ptrdiff_t group = (ptrdiff_t)s->ic * s->ih * s->iw * LANES;
    for (int g = g0; g < g1; g += step) {
        const float *from = f.canvas ? canvas : x + g * group;
        if (f.canvas) SIMD(canvas_fill)(s, &f, x + g * group, canvas);
        if (choices) {
            SIMD(choose_weights)(s, &q, from, dy + g * q.group, index + g * q.group, dw, g > g0);
        } else {
            unpool(s, dy + g * q.group, index + g * q.group, full);
            SIMD(weights_field)(s, &f, at, 1, from, full, dw, sums, g > g0);
        }
    }
}
