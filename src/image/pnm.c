/* Netpbm's gray and color maps: "P5 WIDTH HEIGHT MAXIMUM\n" and samples, one byte or two (big-endian) each; P2 and P3 as
 * decimal text. '#' begins a comment up to the end of the line. A maximum up to 255 gives 8 bits, above it 16, scaled to
 * the full range. What follows the picture (the format allows further ones) is ignored. */
#include "image/formats.h"

#include "core/memory.h"

typedef struct reader {
    const uint8_t *at, *end;
} reader;

static bool is_space(int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static void skip_space(reader *r) {
    while (r->at < r->end && (is_space(*r->at) || *r->at == '#'))
        if (*r->at++ == '#')
            while (r->at < r->end && *r->at != '\n') r->at++;
}

/* A decimal number of at most `high`, -1 if there is none. */
static int read_number(reader *r, int high) {
    skip_space(r);
    if (r->at == r->end || *r->at < '0' || *r->at > '9') return -1;
    int number = 0;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9') {
        number = 10 * number + (*r->at++ - '0');
        if (number > high) return -1;
    }
    return number;
}

/* Text: one number; binary: one byte or two. -1 where it ends or is above the maximum. */
static int read_sample(reader *r, bool text, int maximum) {
    if (text) return read_number(r, maximum);
    int bytes = maximum > 255 ? 2 : 1;
    if (r->end - r->at < bytes) return -1;
    int sample = bytes == 1 ? r->at[0] : r->at[0] << 8 | r->at[1];
    r->at += bytes;
    return sample <= maximum ? sample : -1;
}

static fv_status read_samples(reader *r, bool text, int maximum, const fv_image *image) {
    const uint32_t full = image->depth == 8 ? 255 : 65535;
    size_t count = fv_image_samples(image);
    for (size_t i = 0; i < count; i++) {
        int sample = read_sample(r, text, maximum);
        if (sample < 0)
            return fv_fail(FV_BAD_DATA, "sample %zu of %zu is missing or not a number of at most %d", i, count,
                           maximum);
        uint32_t scaled = ((uint32_t)sample * full + (uint32_t)maximum / 2) / (uint32_t)maximum;
        if (image->depth == 8)
            ((uint8_t *)image->owned)[i] = (uint8_t)scaled;
        else
            ((uint16_t *)image->owned)[i] = (uint16_t)scaled;
    }
    return FV_OK;
}

fv_status fv_pnm_decode(const void *bytes, size_t count, const fv_decode_want *want, fv_image *image) {
    (void)want;
    const uint8_t *start = bytes;
    reader r = {start + 2, start + count};
    int kind = start[1] - '0', channels = kind == 3 || kind == 6 ? 3 : 1;
    bool text = kind < 4;
    int width = read_number(&r, 65535), height = read_number(&r, 65535), maximum = read_number(&r, 65535);
    if (width < 1 || height < 1 || maximum < 1 || r.at == r.end || !is_space(*r.at++))
        return fv_fail(FV_BAD_DATA, "its header must be width, height and maximum, each 1..65535");
    /* A sample takes two bytes of text (the last one, one), or its own size: what is claimed must be there. */
    size_t sample = text || maximum > 255 ? 2 : 1, left = (size_t)(r.end - r.at) + text;
    size_t samples = (size_t)width * (size_t)height * (size_t)channels;
    if (samples > left / sample)
        return fv_fail(FV_BAD_DATA, "truncated: %zu bytes left for %dx%dx%d samples", left, width, height, channels);
    FV_TRY(fv_image_new(image, width, height, channels, maximum > 255 ? 16 : 8));
    fv_status status = read_samples(&r, text, maximum, image);
    if (status != FV_OK) fv_image_free(image);
    return status;
}
