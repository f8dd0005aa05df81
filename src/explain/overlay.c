/* A map over its picture, or by itself: at the picture's size, in PNG's 8 bits. */
#include "core/memory.h"
#include "explain/explain.h"
#include "image/prepare.h"

#include <math.h>

enum { LARGEST = 1024 };
static const float standard_alpha = 0.7f;

/* Between which positions of the map a pixel lies, as bilinear resizing has it: centres at halves, held at the ends. */
typedef struct between {
    int low, high;
    float part; /* of high */
} between;

static between place(int pixel, int pixels, int positions) {
    double at = fmin(fmax((pixel + 0.5) * positions / pixels - 0.5, 0), positions - 1);
    int low = (int)at;
    return (between){low, low + (low < positions - 1), (float)(at - low)};
}

static float blend(float a, float b, float part) { return a + (b - a) * part; }

static float value_at(const fv_explanation *e, const between *y, const between *x) {
    const float *above = e->map + (size_t)y->low * (size_t)e->width,
                *below = e->map + (size_t)y->high * (size_t)e->width;
    return blend(blend(above[x->low], above[x->high], x->part), blend(below[x->low], below[x->high], x->part), y->part);
}

static uint8_t level(float value) { return (uint8_t)(value * 255 + 0.5f); }

/* planes [3,h,w], 0 to 1: the picture. */
static void paint_color(const float *planes, size_t plane, float value, float alpha, uint8_t *pixel) {
    float rgb[3];
    fv_heat(value, rgb);
    for (size_t c = 0; c < 3; c++) pixel[c] = level(blend(planes[c * plane], rgb[c], alpha * value));
}

/* planes NULL: the map alone. */
static void paint(const fv_explanation *e, const float *planes, float alpha, const fv_image *out) {
    size_t plane = (size_t)out->width * (size_t)out->height;
    uint8_t *pixel = out->owned;
    for (int row = 0; row < out->height; row++) {
        between y = place(row, out->height, e->height);
        for (int column = 0; column < out->width; column++, pixel += out->channels) {
            between x = place(column, out->width, e->width);
            float value = value_at(e, &y, &x);
            if (planes)
                paint_color(planes++, plane, value, alpha, pixel);
            else
                *pixel = level(value);
        }
    }
}

/* The picture's side in an overlay whose longer one is `largest` at most. */
static int reduced(int side, int longer, int largest) {
    return longer <= largest ? side : (int)fmax(1, round((double)side * largest / longer));
}

static fv_status check(const fv_overlay_args *args) {
    if (args->alpha != FV_ZERO && !(args->alpha >= 0 && args->alpha <= 1))
        return fv_fail(FV_BAD_ARGUMENT, "alpha %g: must be from 0 to 1", (double)args->alpha);
    if (args->largest < 0) return fv_fail(FV_BAD_ARGUMENT, "largest side %d: must be at least 1", args->largest);
    return FV_OK;
}

static fv_status over_picture(const fv_explanation *e, const fv_image *picture, float alpha, uint32_t background,
                              const fv_image *out) {
    const fv_preprocess plain = {.channels = FV_RGB, .background = background};
    float *planes = fv_alloc(fv_image_samples(out), sizeof(float));
    if (!planes) return FV_NO_MEMORY;
    fv_status status = fv_prepare(picture, &plain, 3, out->height, out->width, planes);
    if (status == FV_OK) paint(e, planes, alpha, out);
    fv_free(planes);
    return status;
}

fv_status fv_overlay(const fv_explanation *e, const fv_image *picture, const fv_overlay_args *args, uint32_t background,
                     fv_image *out) {
    *out = (fv_image){0};
    FV_TRY(check(args));
    float alpha = args->alpha == 0 ? standard_alpha : args->alpha == FV_ZERO ? 0 : args->alpha;
    int largest = args->largest ? args->largest : LARGEST;
    int longer = picture->width > picture->height ? picture->width : picture->height;
    int w = reduced(picture->width, longer, largest), h = reduced(picture->height, longer, largest);
    FV_TRY(fv_image_new(out, w, h, args->map_only ? 1 : 3, 8));
    if (args->map_only) {
        paint(e, NULL, 0, out);
        return FV_OK;
    }
    fv_status status = over_picture(e, picture, alpha, background, out);
    if (status != FV_OK) fv_image_free(out);
    return status;
}
