/* Convolution, forward and backward data, as tiles of output channels by pixels (tile.h).
 *
 *   forward         y[oc][p]        = bias[oc] + sum over (ic,kh,kw) of w[oc][ic,kh,kw] * x[p + tap(ic,kh,kw)]
 *   backward data   dx[p + tap(k)] += sum over oc of w[oc][k] * dy[oc][p],  k = (ic,kh,kw)
 *
 * The second runs over output pixels and scatters, so that no tap ever falls on padding or between strides: it does
 * exactly the forward's arithmetic for any kernel, stride and dilation. */
#include "kernels/simd/conv.h"
#include "core/threads.h"
#include "kernels/simd/conv_winograd.h"

/* ---- A walk over output pixels, row by row and group by group. */

typedef struct walk {
    const fv_conv_shape *s;
    const field *f;
    int row, col, group;
} walk;

/* The next `count` pixels: where their windows begin in the field, and where they lie in the output. */
static void walk_on(walk *w, int count, ptrdiff_t *x, ptrdiff_t *y) {
    for (int n = 0; n < count; n++) {
        x[n] = w->group * w->f->x_group + w->row * w->f->x_row + w->col * w->f->x_col;
        y[n] = w->group * w->f->y_group + ((ptrdiff_t)w->row * w->s->ow + w->col) * LANES;
        if (++w->col < w->s->ow) continue;
        w->col = 0;
        if (++w->row < w->s->oh) continue;
        w->row = 0;
        w->group++;
    }
}

bool SIMD(conv_supported)(const fv_conv_shape *s) { return s->groups == 1; }

/* ---- Forward. */

/* All channels of all pixels of `groups` groups. */
static void forward_field(const fv_conv_shape *s, const field *f, const taps *t, int groups, const float *x,
                          const float *w, const float *bias, float *y) {
    walk at = {.s = s, .f = f};
    int pixels = groups * s->oh * s->ow, places = tiles_for(pixels, TILE_N), bands = tiles_for(s->oc, TILE_M);
    for (int i = 0; i < places; i++) {
        int p0, p1;
        fv_share(pixels, i, places, &p0, &p1);
        ptrdiff_t x_at[TILE_N], y_at[TILE_N];
        walk_on(&at, p1 - p0, x_at, y_at);
        const float *from[TILE_N];
        for (int n = 0; n < p1 - p0; n++) from[n] = x + x_at[n];
        for (int j = 0; j < bands; j++) {
            int m0, m1;
            fv_share(s->oc, j, bands, &m0, &m1);
            float *to[TILE_N];
            for (int n = 0; n < p1 - p0; n++) to[n] = y + m0 * f->y_map + y_at[n];
            SIMD(store_tiles)
            [m1 - m0 - 1][p1 - p0 - 1](t, from, w + m0 * t->row, bias ? bias + m0 : NULL, to, f->y_map);
        }
    }
}

void SIMD(conv_forward)(const fv_conv_shape *s, int g0, int g1, const float *x, const float *w, const float *bias,
                        float *y, void *scratch) {
    field f = SIMD(conv_field)(s);
    char *rest = scratch;
    tap *table = cut(&rest, (size_t)conv_inner(s) * sizeof *table);
    taps t = {table, conv_inner(s), conv_inner(s)};
    float *canvas = cut(&rest, canvas_bytes(s, &f));
    SIMD(conv_taps)(s, &f, table);
    ptrdiff_t group = (ptrdiff_t)s->ic * s->ih * s->iw * LANES;
    bool winograd = SIMD(winograd_pays)(s, &f);
    if (winograd) SIMD(winograd_weights)(s, w, rest);
    for (int g = g0, step = winograd ? 1 : field_groups(&f, g0, g1); g < g1; g += step) {
        if (f.canvas) SIMD(canvas_fill)(s, &f, x + g * group, canvas);
        const float *from = f.canvas ? canvas : x + g * group;
        if (winograd)
            SIMD(winograd_forward)(s, &f, from, bias, y + g * f.y_group, NULL, rest);
        else
            forward_field(s, &f, &t, step, from, w, bias, y + g * f.y_group);
    }
}

/* ---- Backward data. */

/* Adds to the field dx, which the caller has cleared. */
static void scatter_field(const fv_conv_shape *s, const field *f, const taps *t, const tap *at, int groups,
                          const float *dy, const float *w, float *dx) {
    walk pos = {.s = s, .f = f};
    int pixels = groups * s->oh * s->ow, places = tiles_for(pixels, TILE_N);
    int inner = conv_inner(s), bands = tiles_for(inner, TILE_M);
    for (int i = 0; i < places; i++) {
        int p0, p1;
        fv_share(pixels, i, places, &p0, &p1);
        ptrdiff_t x_at[TILE_N], y_at[TILE_N];
        walk_on(&pos, p1 - p0, x_at, y_at);
        const float *from[TILE_N];
        float *to[TILE_N];
        for (int n = 0; n < p1 - p0; n++) from[n] = dy + y_at[n], to[n] = dx + x_at[n];
        for (int j = 0; j < bands; j++) {
            int m0, m1;
            fv_share(inner, j, bands, &m0, &m1);
            SIMD(scatter_tiles)[m1 - m0 - 1][p1 - p0 - 1](t, from, w + m0, to, at + m0);
        }
    }
}

void SIMD(conv_backward_data)(const fv_conv_shape *s, int g0, int g1, const float *dy, const float *w, float *dx,
                              void *scratch) {
    field f = SIMD(conv_field)(s);
    char *rest = scratch;
    tap *at = cut(&rest, (size_t)conv_inner(s) * sizeof *at);
    float *canvas = cut(&rest, canvas_bytes(s, &f));
    tap *table = cut(&rest, (size_t)s->oc * sizeof *table);
    taps t = {table, s->oc, 1};
    SIMD(conv_taps)(s, &f, at);
    for (int oc = 0; oc < s->oc; oc++) table[oc] = (tap){oc * f.y_map, (ptrdiff_t)oc * conv_inner(s)};
    ptrdiff_t group = (ptrdiff_t)s->ic * s->ih * s->iw * LANES;
    bool winograd = SIMD(winograd_pays)(s, &f);
    if (winograd) SIMD(winograd_weights)(s, w, rest);
    for (int g = g0, step = winograd ? 1 : field_groups(&f, g0, g1); g < g1; g += step) {
        float *field_dx = f.canvas ? canvas : dx + g * group;
        if (winograd) {
            SIMD(winograd_backward_data)(s, &f, dy + g * f.y_group, NULL, field_dx, rest);
        } else {
            memset(field_dx, 0, (size_t)step * (size_t)f.x_group * sizeof *dx);
            scatter_field(s, &f, &t, at, step, dy + g * f.y_group, w, field_dx);
        }
        if (f.canvas) SIMD(canvas_crop)(s, &f, canvas, dx + g * group);
    }
}
