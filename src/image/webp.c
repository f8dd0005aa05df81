/* WebP by libwebp: lossy, lossless, with alpha, upright by the EXIF orientation. A RIFF file: "RIFF", a length, "WEBP", and
 * chunks. Of animations no frame is better than another, so they are refused. libwebp allocates by itself, at most
 * WORKING_BYTES a pixel (4 of a lossless picture, 1 of alpha, 1 of its transforms), and tables for a lossless picture's
 * prefix codes, which webp_claims.c foresees. */
#include "image/webp.h"

#include "core/foreign.h"
#include "image/exif.h"
#include "image/formats.h"
#include "image/orient.h"

#include <string.h>
#include <webp/decode.h>

enum { RIFF_HEADER = 12, CHUNK_HEADER = 8, WORKING_BYTES = 6 };

static fv_status failure(VP8StatusCode code) {
    static const char *const words[] = {
        [VP8_STATUS_OUT_OF_MEMORY] = "out of memory for WebP",
        [VP8_STATUS_INVALID_PARAM] = "it cannot be decoded",
        [VP8_STATUS_BITSTREAM_ERROR] = "its data are damaged",
        [VP8_STATUS_UNSUPPORTED_FEATURE] = "it uses a feature that libwebp does not know",
        [VP8_STATUS_SUSPENDED] = "truncated: its data end early",
        [VP8_STATUS_NOT_ENOUGH_DATA] = "truncated: its data end early",
    };
    bool known = code > 0 && (size_t)code < sizeof words / sizeof *words && words[code];
    return fv_fail(code == VP8_STATUS_OUT_OF_MEMORY ? FV_NO_MEMORY : FV_BAD_DATA, "%s",
                   known ? words[code] : words[VP8_STATUS_INVALID_PARAM]);
}

static uint32_t little_endian(const uint8_t *at) {
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* libwebp is content with a file that ends after the pixels, or in the middle of them for some rows. */
static fv_status check_container(const uint8_t *bytes, size_t count) {
    if (count < RIFF_HEADER) return fv_fail(FV_BAD_DATA, "truncated: %zu bytes are no header", count);
    if (memcmp(bytes + 8, "WEBP", 4) != 0) return fv_fail(FV_BAD_DATA, "a RIFF file of another kind, not WebP");
    uint32_t said = little_endian(bytes + 4);
    if (said > count - CHUNK_HEADER)
        return fv_fail(FV_BAD_DATA, "truncated: %zu of its %llu bytes", count, said + (unsigned long long)CHUNK_HEADER);
    return FV_OK;
}

/* A chunk: four letters, a length, so many bytes, and one more where that is odd. */
static int orientation_of(const uint8_t *bytes, size_t count) {
    for (size_t at = RIFF_HEADER, length; at <= count && count - at >= CHUNK_HEADER;
         at += CHUNK_HEADER + length + length % 2) {
        length = little_endian(bytes + at + 4);
        if (length > count - at - CHUNK_HEADER) break;
        if (memcmp(bytes + at, "EXIF", 4) == 0) return fv_exif_orientation(bytes + at + CHUNK_HEADER, length);
    }
    return 1;
}

/* `bytes`: of a pixel. */
static fv_status check_memory(const WebPBitstreamFeatures *f, const uint8_t *file, size_t count, int bytes) {
    if (f->has_animation)
        return fv_fail(FV_UNSUPPORTED, "an animation: save the frame that is meant as a picture of its own");
    size_t pixels = (size_t)f->width * (size_t)f->height * (size_t)bytes, most = fv_foreign_limit(count) - count;
    if (pixels > most)
        return fv_fail(FV_BAD_DATA, "claims %dx%d pixels, too many for %zu bytes", f->width, f->height, count);
    size_t codes = fv_webp_claims(file, count);
    if (codes > most - pixels)
        return fv_fail(FV_BAD_DATA, "its prefix codes would take %zu MB, too many for %zu bytes", codes / 1000000,
                       count);
    return FV_OK;
}

fv_status fv_webp_decode(const void *bytes, size_t count, const fv_decode_want *want, fv_image *image) {
    (void)want;
    FV_TRY(check_container(bytes, count));
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config)) return fv_fail(FV_UNSUPPORTED, "this libwebp is not the one it was built for");
    VP8StatusCode code = WebPGetFeatures(bytes, count, &config.input);
    if (code != VP8_STATUS_OK) return failure(code);
    int channels = config.input.has_alpha ? 4 : 3, orientation = orientation_of(bytes, count);
    FV_TRY(check_memory(&config.input, bytes, count, channels * (orientation == 1 ? 1 : 2) + WORKING_BYTES));
    FV_TRY(fv_image_new(image, config.input.width, config.input.height, channels, 8));
    config.output.colorspace = channels == 4 ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA =
        (WebPRGBABuffer){.rgba = image->owned, .stride = image->width * channels, .size = fv_image_samples(image)};
    code = WebPDecode(bytes, count, &config);
    WebPFreeDecBuffer(&config.output);
    fv_status status = code == VP8_STATUS_OK ? fv_orient(image, orientation) : failure(code);
    if (status != FV_OK) fv_image_free(image);
    return status;
}
