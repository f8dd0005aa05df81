#include "image/warp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double speck = 1e-6; /* of a pixel: what rounding may make of nothing */
enum { LARGEST_START = 1 << 30 };

fv_view fv_view_product(const fv_view *first, const fv_view *second) {
    fv_view product;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++)
            product.m[i][j] =
                first->m[i][0] * second->m[0][j] + first->m[i][1] * second->m[1][j] + (j == 2 ? first->m[i][2] : 0);
    return product;
}

/* ---- Maps that keep the axes ------------------------------------------------------------------------------------- */

/* `start` as whole pixels of the output, where it is that but for rounding. */
static fv_axis axis_at(double start, double scale, int count) {
    double first = rint(start / scale);
    bool whole = fabs(start / scale - first) < speck && fabs(first) < LARGEST_START;
    return (fv_axis){.start = whole ? 0 : start, .scale = scale, .first = whole ? (int)first : 0, .count = count};
}

/* Output coordinate t shows input coordinate factor * t + offset. */
static fv_axis axis_of(double factor, double offset, int count) {
    fv_axis a = axis_at(factor < 0 ? factor * count + offset : offset, fabs(factor), count);
    a.reversed = factor < 0;
    return a;
}

/* Cuts the axis down to the pixels whose centres lie within the input; *at is where the first of them stands in the output.
 * Count 0: there are none. */
static fv_axis cut(const fv_axis *a, int in, int *at) {
    double first = ceil(-a->start / a->scale - a->first - 0.5 - speck);
    double end = ceil((in - a->start) / a->scale - a->first - 0.5 - speck);
    int begin = (int)fmin(fmax(first, 0), a->count), past = (int)fmin(fmax(end, begin), a->count);
    fv_axis inner = *a;
    inner.first += begin;
    inner.count = past - begin;
    *at = a->reversed ? a->count - past : begin;
    return inner;
}

static void paste(const fv_image *inner, int at_x, int at_y, const fv_image *out) {
    const size_t pixel = (size_t)out->channels * (size_t)(out->depth / 8), length = (size_t)inner->width * pixel;
    const uint8_t *from = inner->pixels;
    uint8_t *to = (uint8_t *)out->owned + ((size_t)at_y * (size_t)out->width + (size_t)at_x) * pixel;
    for (int y = 0; y < inner->height; y++, from += length, to += (size_t)out->width * pixel) memcpy(to, from, length);
}

/* Which of n pixels a mirror at either end shows at i: 2 1 0 1 2 1 0 for n = 3 from -2 on. */
static int mirrored(int i, int n) {
    int period = n > 1 ? 2 * (n - 1) : 1, place = abs(i) % period;
    return place < n ? place : period - place;
}

/* Fills what lies around width x height pixels at (x, y) of the image with their mirror images. */
static void mirror_around(const fv_image *image, int x, int y, int width, int height) {
    const size_t pixel = (size_t)image->channels * (size_t)(image->depth / 8), length = (size_t)image->width * pixel;
    uint8_t *rows = image->owned;
    for (int j = y; j < y + height; j++)
        for (int i = 0; i < image->width; i++)
            if (i < x || i >= x + width) {
                uint8_t *row = rows + (size_t)j * length;
                memcpy(row + (size_t)i * pixel, row + (size_t)(x + mirrored(i - x, width)) * pixel, pixel);
            }
    for (int j = 0; j < image->height; j++)
        if (j < y || j >= y + height)
            memcpy(rows + (size_t)j * length, rows + (size_t)(y + mirrored(j - y, height)) * length, length);
}

/* The image along two axes, which may leave it. */
static fv_status resample(const fv_image *in, fv_resize how, bool mirror, const fv_axis *x, const fv_axis *y,
                          fv_image *out) {
    int at_x, at_y;
    fv_axis inner_x = cut(x, in->width, &at_x), inner_y = cut(y, in->height, &at_y);
    if (inner_x.count == x->count && inner_y.count == y->count) return fv_resample(in, how, x, y, out);
    FV_TRY(fv_image_new(out, x->count, y->count, in->channels, in->depth));
    if (inner_x.count == 0 || inner_y.count == 0) return FV_OK;
    fv_image inner;
    fv_status status = fv_resample(in, how, &inner_x, &inner_y, &inner);
    if (status == FV_OK) paste(&inner, at_x, at_y, out);
    if (status == FV_OK && mirror) mirror_around(out, at_x, at_y, inner.width, inner.height);
    fv_image_free(status == FV_OK ? &inner : out);
    return status;
}

/* ---- Others: a level of the output's scale, and interpolation ---------------------------------------------------- */

enum { SHARE_BITS = 11, ONE = 1 << SHARE_BITS, FIXED_BITS = 32 };

/* A coordinate in fixed point as the pixel at or before it, kept inside, and the share of the next. Rounded to 11 bits, so
 * that pixels which lie on pixels are theirs in spite of rounding errors. */
static inline int split(int64_t fixed, int size, int *share) {
    const int64_t unit = (int64_t)1 << (FIXED_BITS - SHARE_BITS);
    int place = (int)((fixed + unit / 2) >> (FIXED_BITS - SHARE_BITS)), at = place >> SHARE_BITS;
    *share = place & (ONE - 1);
    return at < 0 ? 0 : at > size - 2 ? size - 2 : at;
}

/* to_level: from coordinates of the output to those of the level, which is at least 2 pixels a side. */
#define INTERPOLATE(T, SUM)                                                                                 \
    static void interpolate_##T(const fv_image *level, const fv_view *to_level, const fv_image *out) {      \
        const size_t c = (size_t)level->channels, length = (size_t)level->width * c;                        \
        const double unit = 4294967296.0, (*m)[3] = to_level->m;                                            \
        const int64_t du = llrint(m[0][0] * unit), dv = llrint(m[1][0] * unit);                             \
        T *to = out->owned;                                                                                 \
        for (int y = 0; y < out->height; y++) {                                                             \
            int64_t u = llrint((m[0][0] * 0.5 + m[0][1] * (y + 0.5) + m[0][2] - 0.5) * unit);               \
            int64_t v = llrint((m[1][0] * 0.5 + m[1][1] * (y + 0.5) + m[1][2] - 0.5) * unit);               \
            for (int x = 0; x < out->width; x++, u += du, v += dv) {                                        \
                int right, down, at = split(u, level->width, &right), row = split(v, level->height, &down); \
                const T *p = (const T *)level->pixels + (size_t)row * length + (size_t)at * c;              \
                for (size_t k = 0; k < c; k++, p++) {                                                       \
                    SUM above = (SUM)p[0] * (SUM)(ONE - right) + (SUM)p[c] * (SUM)right;                    \
                    SUM below = (SUM)p[length] * (SUM)(ONE - right) + (SUM)p[length + c] * (SUM)right;      \
                    SUM sum = above * (SUM)(ONE - down) + below * (SUM)down;                                \
                    *to++ = (T)((sum + ((SUM)1 << (2 * SHARE_BITS - 1))) >> (2 * SHARE_BITS));              \
                }                                                                                           \
            }                                                                                               \
        }                                                                                                   \
    }

INTERPOLATE(uint8_t, uint32_t)
INTERPOLATE(uint16_t, uint64_t)

/* The axis of a level, a pixel to an output pixel: all that row `m` of the map reaches, and a pixel more at either end, for
 * the neighbours. The row is then made to map to the level. */
static fv_axis level_axis(double m[3], int width, int height) {
    double left = fmin(m[0] * width, 0) + fmin(m[1] * height, 0) + m[2];
    double right = fmax(m[0] * width, 0) + fmax(m[1] * height, 0) + m[2];
    double scale = hypot(m[0], m[1]);
    m[0] /= scale;
    m[1] /= scale;
    m[2] = (m[2] - left) / scale + 1;
    return axis_at(left - scale, scale, (int)ceil((right - left) / scale - speck) + 2);
}

static fv_status warp_askew(const fv_image *in, fv_resize how, bool mirror, fv_view map, int width, int height,
                            fv_image *out) {
    fv_axis x = level_axis(map.m[0], width, height), y = level_axis(map.m[1], width, height);
    fv_image level;
    FV_TRY(resample(in, how, mirror, &x, &y, &level));
    fv_status status = fv_image_new(out, width, height, in->channels, in->depth);
    if (status == FV_OK) (in->depth == 8 ? interpolate_uint8_t : interpolate_uint16_t)(&level, &map, out);
    fv_image_free(&level);
    return status;
}

fv_status fv_warp(const fv_image *in, fv_resize how, const fv_view *map, bool mirror, int width, int height,
                  fv_image *out) {
    *out = (fv_image){0};
    fv_view evaluation = {{{(double)in->width / width, 0, 0}, {0, (double)in->height / height, 0}}};
    fv_view m = fv_view_product(&evaluation, map);
    if (fabs(m.m[0][1]) * height > speck || fabs(m.m[1][0]) * width > speck)
        return warp_askew(in, how, mirror, m, width, height, out);
    fv_axis x = axis_of(m.m[0][0], m.m[0][2], width), y = axis_of(m.m[1][1], m.m[1][2], height);
    return resample(in, how, mirror, &x, &y, out);
}
