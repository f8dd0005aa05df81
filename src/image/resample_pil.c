/* The separable convolution of Pillow's ImagingResample with a triangle filter: along rows first, then down columns, each
 * pass rounded to the image's depth, a pass left out where that side stays as it is. */
#include "core/memory.h"
#include "image/resample.h"
#include "kernels/cpu.h"

#include <math.h>
#include <string.h>

/* The filter of one side, first[i] counted from input pixel `begin`: what lies before no output needs. */
typedef struct side {
    fv_filter filter;
    int begin;
} side;

static void free_side(side *s) {
    fv_free(s->filter.first);
    fv_free(s->filter.count);
    fv_free(s->filter.weight);
}

static double triangle(double x) { return fabs(x) < 1.0 ? 1.0 - fabs(x) : 0.0; }

/* `w` has room for the weights of a pixel. */
static void fill_pixel(fv_filter *f, int i, double centre, double stretch, int in, double *w) {
    int first = (int)(centre - stretch + 0.5), end = (int)(centre + stretch + 0.5);
    int32_t *weight = f->weight + (size_t)i * (size_t)f->most;
    if (first < 0) first = 0;
    if (end > in) end = in;
    double sum = 0.0;
    for (int k = first; k < end; k++) sum += w[k - first] = triangle((k - centre + 0.5) / stretch);
    for (int k = 0; k < end - first; k++) weight[k] = (int32_t)(w[k] / sum * (1 << FV_FILTER_BITS) + 0.5);
    f->first[i] = first;
    f->count[i] = end - first;
}

/* Counts from the first input pixel that is needed. */
static void trim(side *s) {
    fv_filter *f = &s->filter;
    s->begin = f->first[0];
    for (int i = 0; i < f->n; i++) {
        int end = f->first[i] + f->count[i];
        if (f->first[i] < s->begin) s->begin = f->first[i];
        if (end > f->span) f->span = end;
    }
    for (int i = 0; i < f->n; i++) f->first[i] -= s->begin;
    f->span -= s->begin;
}

static fv_status make_side(side *s, const fv_axis *a, int in) {
    double stretch = a->scale < 1.0 ? 1.0 : a->scale;
    fv_filter *f = &s->filter;
    *s = (side){.filter = {.n = a->count, .most = 2 * (int)ceil(stretch) + 1}};
    double *w = FV_NEW_N(double, (size_t)f->most);
    f->first = FV_NEW_N(int, (size_t)f->n);
    f->count = FV_NEW_N(int, (size_t)f->n);
    f->weight = fv_alloc((size_t)f->n * (size_t)f->most, sizeof *f->weight);
    bool ok = w && f->first && f->count && f->weight;
    for (int i = 0; ok && i < f->n; i++) fill_pixel(f, i, fv_axis_centre(a, i), stretch, in, w);
    if (ok) trim(s);
    fv_free(w);
    return ok ? FV_OK : FV_NO_MEMORY;
}

/* ---- 16 bits: sums of 64, whatever the machine ------------------------------------------------------------------- */

static uint16_t rounded(int64_t sum) {
    sum >>= FV_FILTER_BITS;
    return (uint16_t)(sum > 65535 ? 65535 : sum);
}

static uint16_t sum_taps(const fv_filter *f, int i, const uint16_t *from, size_t step) {
    const int32_t *weight = f->weight + (size_t)i * (size_t)f->most;
    int64_t sum = 1 << (FV_FILTER_BITS - 1);
    from += (size_t)f->first[i] * step;
    for (int k = 0; k < f->count[i]; k++, from += step) sum += (int64_t)weight[k] * *from;
    return rounded(sum);
}

/* ---- The passes -------------------------------------------------------------------------------------------------- */

/* The samples of an image behind the first so many. */
static const void *behind(const fv_image *in, size_t samples) {
    return (const uint8_t *)in->pixels + samples * (size_t)(in->depth / 8);
}

static fv_status fill_along(const fv_image *in, const side *x, fv_image *out) {
    const fv_simd *simd = fv_simd_pick();
    const size_t c = (size_t)in->channels, stride = (size_t)in->width * c;
    const void *from = behind(in, (size_t)x->begin * c);
    if (in->depth == 8) {
        void *scratch = fv_alloc(simd->resample_scratch(&x->filter, in->channels), 1);
        if (!scratch) return FV_NO_MEMORY;
        simd->resample_columns(&x->filter, in->channels, in->height, from, stride, out->owned, scratch);
        fv_free(scratch);
        return FV_OK;
    }
    uint16_t *to = out->owned;
    for (size_t row = 0; row < (size_t)in->height; row++)
        for (int i = 0; i < x->filter.n; i++)
            for (size_t k = 0; k < c; k++)
                *to++ = sum_taps(&x->filter, i, (const uint16_t *)from + row * stride + k, c);
    return FV_OK;
}

static fv_status pass_along(const fv_image *in, const side *x, fv_image *out) {
    FV_TRY(fv_image_new(out, x->filter.n, in->height, in->channels, in->depth));
    fv_status status = fill_along(in, x, out);
    if (status != FV_OK) fv_image_free(out);
    return status;
}

/* `in` begins with the first row that is needed. */
static fv_status pass_down(const fv_image *in, const side *y, fv_image *out) {
    const size_t length = (size_t)in->width * (size_t)in->channels;
    FV_TRY(fv_image_new(out, in->width, y->filter.n, in->channels, in->depth));
    uint8_t *bytes = out->owned;
    uint16_t *words = out->owned;
    for (int i = 0; i < y->filter.n; i++) {
        if (in->depth == 8)
            fv_simd_pick()->resample_row(&y->filter, i, length, in->pixels, bytes + (size_t)i * length);
        else
            for (size_t k = 0; k < length; k++)
                *words++ = sum_taps(&y->filter, i, (const uint16_t *)in->pixels + k, length);
    }
    return FV_OK;
}

/* A pass whose side is NULL is left out; not both. */
static fv_status resample(const fv_image *in, const side *x, const side *y, fv_image *out) {
    fv_image rows = *in, narrow = {0};
    if (y) {
        rows.pixels = behind(in, (size_t)y->begin * (size_t)in->width * (size_t)in->channels);
        rows.height = y->filter.span;
    }
    fv_status status = x ? pass_along(&rows, x, &narrow) : FV_OK;
    if (status != FV_OK || !y) {
        *out = narrow;
        return status;
    }
    status = pass_down(x ? &narrow : &rows, y, out);
    fv_image_free(&narrow);
    return status;
}

fv_status fv_resample_pil(const fv_image *in, const fv_axis *x, const fv_axis *y, fv_image *out) {
    bool down = !fv_axis_is_copy(y, in->height), along = !down || !fv_axis_is_copy(x, in->width);
    side sx = {0}, sy = {0};
    fv_status status = along ? make_side(&sx, x, in->width) : FV_OK;
    if (status == FV_OK && down) status = make_side(&sy, y, in->height);
    if (status == FV_OK) status = resample(in, along ? &sx : NULL, down ? &sy : NULL, out);
    free_side(&sx);
    free_side(&sy);
    return status;
}
