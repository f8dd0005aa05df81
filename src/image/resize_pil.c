/* The separable convolution of Pillow's ImagingResample with a triangle filter: columns first, then rows, each pass rounded
 * to the image's depth, a pass left out where that side keeps its size. */
#include "core/memory.h"
#include "image/resize.h"

#include <math.h>

enum { WEIGHT_BITS = 22 }; /* 255 << 22 still fits 32 bits with the rounding */

/* For each output position the input positions under the filter and their weights, which sum to about 1 << WEIGHT_BITS. */
typedef struct taps {
    int most;    /* weights to a position */
    int *first;  /* [out] */
    int *count;  /* [out] */
    int *weight; /* [out, most] */
} taps;

static void free_taps(taps *t) {
    fv_free(t->first);
    fv_free(t->count);
    fv_free(t->weight);
}

static double triangle(double x) { return fabs(x) < 1.0 ? 1.0 - fabs(x) : 0.0; }

static void fill_position(taps *t, int position, double centre, double stretch, int in, double *w) {
    int first = (int)(centre - stretch + 0.5), end = (int)(centre + stretch + 0.5);
    if (first < 0) first = 0;
    if (end > in) end = in;
    double sum = 0.0;
    for (int i = first; i < end; i++) sum += w[i - first] = triangle((i - centre + 0.5) / stretch);
    for (int i = first; i < end; i++)
        t->weight[(size_t)position * (size_t)t->most + (size_t)(i - first)] =
            (int)(w[i - first] / sum * (1 << WEIGHT_BITS) + 0.5);
    t->first[position] = first;
    t->count[position] = end - first;
}

static fv_status make_taps(taps *t, int in, int out) {
    double scale = (double)in / out, stretch = scale < 1.0 ? 1.0 : scale;
    t->most = 2 * (int)ceil(stretch) + 1;
    double *w = FV_NEW_N(double, (size_t)t->most);
    t->first = FV_NEW_N(int, (size_t)out);
    t->count = FV_NEW_N(int, (size_t)out);
    t->weight = fv_alloc((size_t)out * (size_t)t->most, sizeof *t->weight);
    bool ok = w && t->first && t->count && t->weight;
    for (int i = 0; ok && i < out; i++) fill_position(t, i, (i + 0.5) * scale, stretch, in, w);
    fv_free(w);
    return ok ? FV_OK : FV_NO_MEMORY;
}

/* The two passes for one sample type. `row` is a line of sums, [width * channels]. */
#define PASSES(T, SUM, MOST)                                                                              \
    static inline T rounded_##T(SUM sum) {                                                                \
        sum >>= WEIGHT_BITS;                                                                              \
        return (T)(sum > MOST ? MOST : sum);                                                              \
    }                                                                                                     \
    static void columns_##T(const fv_image *in, const taps *t, const fv_image *out) {                     \
        const int channels = in->channels;                                                                \
        T *to = out->owned;                                                                               \
        for (int y = 0; y < in->height; y++) {                                                            \
            const T *line = (const T *)in->pixels + (size_t)y * (size_t)in->width * (size_t)channels;     \
            for (int x = 0; x < out->width; x++) {                                                        \
                const T *from = line + (size_t)t->first[x] * (size_t)channels;                            \
                const int *weight = t->weight + (size_t)x * (size_t)t->most;                              \
                for (int c = 0; c < channels; c++) {                                                      \
                    SUM sum = 1 << (WEIGHT_BITS - 1);                                                     \
                    for (int i = 0; i < t->count[x]; i++) sum += (SUM)weight[i] * from[i * channels + c]; \
                    *to++ = rounded_##T(sum);                                                             \
                }                                                                                         \
            }                                                                                             \
        }                                                                                                 \
    }                                                                                                     \
    static void rows_##T(const fv_image *in, const taps *t, const fv_image *out, SUM *restrict row) {     \
        const size_t length = (size_t)in->width * (size_t)in->channels;                                   \
        T *to = out->owned;                                                                               \
        for (int y = 0; y < out->height; y++, to += length) {                                             \
            const int *weight = t->weight + (size_t)y * (size_t)t->most;                                  \
            for (size_t x = 0; x < length; x++) row[x] = 1 << (WEIGHT_BITS - 1);                          \
            for (int i = 0; i < t->count[y]; i++) {                                                       \
                const T *from = (const T *)in->pixels + (size_t)(t->first[y] + i) * length;               \
                const SUM w = weight[i];                                                                  \
                for (size_t x = 0; x < length; x++) row[x] += w * from[x];                                \
            }                                                                                             \
            for (size_t x = 0; x < length; x++) to[x] = rounded_##T(row[x]);                              \
        }                                                                                                 \
    }

PASSES(uint8_t, int32_t, 255)
PASSES(uint16_t, int64_t, 65535)

static fv_status resize_columns(const fv_image *in, int width, fv_image *out) {
    taps t = {0};
    fv_status status = make_taps(&t, in->width, width);
    if (status == FV_OK) status = fv_image_new(out, width, in->height, in->channels, in->depth);
    if (status == FV_OK) (in->depth == 8 ? columns_uint8_t : columns_uint16_t)(in, &t, out);
    free_taps(&t);
    return status;
}

static fv_status resize_rows(const fv_image *in, int height, fv_image *out) {
    taps t = {0};
    void *row = fv_alloc((size_t)in->width * (size_t)in->channels, in->depth == 8 ? sizeof(int32_t) : sizeof(int64_t));
    fv_status status = row ? make_taps(&t, in->height, height) : FV_NO_MEMORY;
    if (status == FV_OK) status = fv_image_new(out, in->width, height, in->channels, in->depth);
    if (status == FV_OK && in->depth == 8) rows_uint8_t(in, &t, out, row);
    if (status == FV_OK && in->depth == 16) rows_uint16_t(in, &t, out, row);
    free_taps(&t);
    fv_free(row);
    return status;
}

fv_status fv_resize_pil(const fv_image *in, int width, int height, fv_image *out) {
    *out = (fv_image){0};
    if (width < 1 || height < 1)
        return fv_fail(FV_BAD_ARGUMENT, "resize to %dx%d: a side must be at least 1", width, height);
    if (height == in->height) return resize_columns(in, width, out);
    if (width == in->width) return resize_rows(in, height, out);
    fv_image narrowed;
    FV_TRY(resize_columns(in, width, &narrowed));
    fv_status status = resize_rows(&narrowed, height, out);
    fv_image_free(&narrowed);
    return status;
}
