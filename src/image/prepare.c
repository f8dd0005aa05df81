#include "image/prepare.h"

#include "image/alpha.h"

#include <math.h>
#include <string.h>

enum { LARGEST_SIDE = 65535 };

/* Which channel of the image feeds each channel of the input, for gray and for color images. */
typedef struct channel_order {
    int channels; /* of the input; 0: as many as the image has */
    int gray[4], color[4];
} channel_order;

static const channel_order orders[] = {
    [FV_CHANNELS_DEFAULT] = {0, {0, 1}, {0, 1, 2, 3}},
    [FV_RGB] = {3, {0, 0, 0}, {0, 1, 2}},
    [FV_BGR] = {3, {0, 0, 0}, {2, 1, 0}},
    [FV_GRAY] = {1, {0}, {0}},
};

fv_status fv_prepare_check(const fv_preprocess *p, int c, int h, int w) {
    if (c < 1 || c > 4 || h < 1 || w < 1 || h > LARGEST_SIDE || w > LARGEST_SIDE)
        return fv_fail(FV_BAD_ARGUMENT, "network input %dx%dx%d: images fill 1..4 channels of at most %d a side", c, h,
                       w, LARGEST_SIDE);
    if ((unsigned)p->channels >= sizeof orders / sizeof *orders)
        return fv_fail(FV_BAD_ARGUMENT, "preprocess channels %d: unknown", (int)p->channels);
    if (p->channels != FV_CHANNELS_DEFAULT && orders[p->channels].channels != c)
        return fv_fail(FV_BAD_ARGUMENT, "preprocess: %d channels asked for, the network's input has %d",
                       orders[p->channels].channels, c);
    if ((unsigned)p->resize > FV_RESIZE_CV2)
        return fv_fail(FV_BAD_ARGUMENT, "preprocess resize %d: unknown", (int)p->resize);
    if (p->background && p->background >> 24 != 1)
        return fv_fail(FV_BAD_ARGUMENT, "preprocess background %#x: must be FV_BACKGROUND(red, green, blue)",
                       (unsigned)p->background);
    if ((unsigned)p->decode > FV_DECODE_FAST)
        return fv_fail(FV_BAD_ARGUMENT, "preprocess decode %d: unknown", (int)p->decode);
    for (int i = 0; i < c; i++)
        if (!isfinite(p->mean[i]) || !isfinite(p->std[i]) || p->std[i] < 0.0f)
            return fv_fail(FV_BAD_ARGUMENT, "preprocess channel %d: mean %g, std %g: must be finite, std above 0", i,
                           (double)p->mean[i], (double)p->std[i]);
    return FV_OK;
}

fv_decode_want fv_prepare_want(const fv_preprocess *p, int h, int w, double zoom) {
    return (fv_decode_want){.fast = p->decode == FV_DECODE_FAST,
                            .width = (int)fmin(ceil(w * zoom), LARGEST_SIDE),
                            .height = (int)fmin(ceil(h * zoom), LARGEST_SIDE)};
}

/* The order for this image, NULL if it cannot fill c channels. */
static const channel_order *choose(const fv_image *image, const fv_preprocess *p, int c) {
    if (p->channels != FV_CHANNELS_DEFAULT) return &orders[p->channels];
    if (image->channels == c) return &orders[FV_CHANNELS_DEFAULT];
    return c == 1 ? &orders[FV_GRAY] : c == 3 ? &orders[FV_RGB] : NULL;
}

static uint32_t luma(uint32_t r, uint32_t g, uint32_t b) { return (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16; }

static fv_status to_gray(const fv_image *in, fv_image *out) {
    FV_TRY(fv_image_new(out, in->width, in->height, 1, in->depth));
    size_t count = fv_image_samples(out), step = (size_t)in->channels;
    if (in->depth == 8) {
        const uint8_t *from = in->pixels;
        for (uint8_t *to = out->owned; count--; from += step) *to++ = (uint8_t)luma(from[0], from[1], from[2]);
    } else {
        const uint16_t *from = in->pixels;
        for (uint16_t *to = out->owned; count--; from += step) *to++ = (uint16_t)luma(from[0], from[1], from[2]);
    }
    return FV_OK;
}

/* One channel of interleaved samples to a plane of floats. The compiler sees the common steps as constants. */
#define PLANE(name, T, attributes)                                                                               \
    static inline attributes void name##_strided(const T *restrict from, size_t step, size_t count, float scale, \
                                                 float shift, float *restrict to) {                              \
        for (size_t i = 0; i < count; i++) to[i] = (float)from[i * step] * scale + shift;                        \
    }                                                                                                            \
    static attributes void name(const T *from, size_t step, size_t count, float scale, float shift, float *to) { \
        if (step == 1)                                                                                           \
            name##_strided(from, 1, count, scale, shift, to);                                                    \
        else if (step == 3)                                                                                      \
            name##_strided(from, 3, count, scale, shift, to);                                                    \
        else                                                                                                     \
            name##_strided(from, step, count, scale, shift, to);                                                 \
    }

PLANE(plane_8, uint8_t, )
PLANE(plane_16, uint16_t, )

/* Half of a small network's batch is spent here; the wider vectors give the same bits. */
#ifdef __x86_64__
PLANE(plane_8_avx2, uint8_t, __attribute__((target("avx2"))))
static bool has_avx2(void) { return __builtin_cpu_supports("avx2"); }
#else
#define plane_8_avx2 plane_8
static bool has_avx2(void) { return false; }
#endif

/* How each channel of the input comes from the image's, whose white is `white`. */
static void choose_channels(const fv_image *image, const channel_order *order, const fv_preprocess *p, int c,
                            double white, fv_channel channel[4]) {
    const int *source = image->channels < 3 ? order->gray : order->color;
    for (int i = 0; i < c; i++) {
        double std = p->std[i] == 0.0f ? 1.0 : (double)p->std[i];
        channel[i] = (fv_channel){source[i], (float)(1.0 / (white * std)), (float)(-p->mean[i] / std)};
    }
}

static void normalise(const fv_image *image, const fv_channel *channel, int c, float *out) {
    size_t step = (size_t)image->channels, count = (size_t)image->width * (size_t)image->height;
    for (int i = 0; i < c; i++, channel++, out += count) {
        const uint8_t *bytes = (const uint8_t *)image->pixels + channel->source;
        if (image->depth == 16)
            plane_16((const uint16_t *)image->pixels + channel->source, step, count, channel->scale, channel->shift,
                     out);
        else if (has_avx2())
            plane_8_avx2(bytes, step, count, channel->scale, channel->shift, out);
        else
            plane_8(bytes, step, count, channel->scale, channel->shift, out);
    }
}

static void fill(const fv_image *image, const channel_order *order, const fv_preprocess *p, int c,
                 const fv_distortion *d, float *out) {
    fv_channel channel[4];
    choose_channels(image, order, p, c, d->steps > 0 ? 1 : image->depth == 8 ? 255 : 65535, channel);
    if (d->steps > 0)
        fv_color_planes(image, d->step, d->steps, channel, c, out);
    else
        normalise(image, channel, c, out);
}

static void erase(const fv_rectangle *r, int c, int h, int w, float *out) {
    for (int k = 0; k < c; k++)
        for (int y = r->top; y < r->top + r->height; y++)
            memset(out + ((size_t)k * (size_t)h + (size_t)y) * (size_t)w + (size_t)r->left, 0,
                   (size_t)r->width * sizeof *out);
}

/* What each stage makes is freed here; what none changes goes through as it is. */
fv_status fv_prepare_distorted(const fv_image *image, const fv_preprocess *p, int c, int h, int w,
                               const fv_distortion *d, float *out) {
    const channel_order *order = choose(image, p, c);
    if (!order)
        return fv_fail(FV_UNSUPPORTED, "an image of %d channels cannot fill an input of %d", image->channels, c);
    fv_image flat = {0}, gray = {0}, warped = {0};
    fv_status status = FV_OK;
    if (order != &orders[FV_CHANNELS_DEFAULT] && fv_has_alpha(image)) {
        status = fv_over_background(image, p->background, &flat);
        image = &flat;
    }
    if (status == FV_OK && order == &orders[FV_GRAY] && image->channels >= 3) {
        status = to_gray(image, &gray);
        image = &gray;
    }
    bool moved = memcmp(&d->view, &fv_view_identity, sizeof d->view) != 0;
    if (status == FV_OK && (moved || image->width != w || image->height != h)) {
        status = fv_warp(image, p->resize, &d->view, d->mirror, w, h, &warped);
        image = &warped;
    }
    if (status == FV_OK) fill(image, order, p, c, d, out);
    for (int i = 0; i < d->erased && status == FV_OK; i++) erase(&d->erase[i], c, h, w, out);
    fv_image_free(&flat);
    fv_image_free(&gray);
    fv_image_free(&warped);
    return status;
}

fv_status fv_prepare(const fv_image *image, const fv_preprocess *p, int c, int h, int w, float *out) {
    static const fv_distortion none = {.view = FV_VIEW_IDENTITY};
    return fv_prepare_distorted(image, p, c, h, w, &none, out);
}
