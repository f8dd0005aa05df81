#include "image/alpha.h"

/* For one type of samples, up to FULL. An image of two channels gives its gray to every channel. */
#define FLATTEN(T, FULL)                                                                                      \
    static void flatten_##T(const fv_image *in, const uint8_t *background, const fv_image *out) {             \
        const int channels = out->channels, step = in->channels, color = step == 4 ? 1 : 0;                   \
        const size_t pixels = (size_t)in->width * (size_t)in->height;                                         \
        const T *from = in->pixels;                                                                           \
        T *to = out->owned;                                                                                   \
        for (size_t i = 0; i < pixels; i++, from += step, to += channels) {                                   \
            const uint32_t alpha = from[step - 1];                                                            \
            for (int c = 0; c < channels; c++) {                                                              \
                const uint32_t behind = background[c] * (uint32_t)(FULL / 255);                               \
                to[c] = (T)((from[c * color] * alpha + behind * (uint32_t)(FULL - alpha) + FULL / 2) / FULL); \
            }                                                                                                 \
        }                                                                                                     \
    }

FLATTEN(uint8_t, 255)
FLATTEN(uint16_t, 65535)

fv_status fv_over_background(const fv_image *in, uint32_t background, fv_image *out) {
    if (!background) background = FV_WHITE;
    const uint8_t color[] = {(uint8_t)(background >> 16), (uint8_t)(background >> 8), (uint8_t)background};
    bool gray = in->channels == 2 && color[0] == color[1] && color[1] == color[2];
    FV_TRY(fv_image_new(out, in->width, in->height, gray ? 1 : 3, in->depth));
    (in->depth == 8 ? flatten_uint8_t : flatten_uint16_t)(in, color, out);
    return FV_OK;
}
