/* Netpbm's maps: "P5 WIDTH HEIGHT MAXIMUM\n" and samples, one byte or two (big-endian) each, is gray, P6 color; P4, which
 * has no maximum, has eight pixels to a byte, rows of whole bytes, and 1 is black; P1 to P3 are the same as decimal text.
 * P7 has its numbers by name, and as many channels as it says. '#' begins a comment up to the end of the line. A maximum up
 * to 255 gives 8 bits, above it 16, scaled to the full range. What follows the picture (the formats allow further ones) is
 * ignored. */
#include "image/formats.h"

#include <string.h>

enum { LARGEST = 65535 };

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

/* ---- Headers ------------------------------------------------------------------------------------------------------ */

typedef struct header {
    int width, height, channels, maximum;
    bool text, bitmap; /* bitmap: bits (or digits, in text) instead of samples, and 1 is black */
} header;

/* P1 to P6; P7's comes from its lines. */
static const header kinds[] = {
    {.channels = 1, .maximum = 1, .text = true, .bitmap = true},
    {.channels = 1, .text = true},
    {.channels = 3, .text = true},
    {.channels = 1, .maximum = 1, .bitmap = true},
    {.channels = 1},
    {.channels = 3},
    {0},
};

/* A word at the front of what is left? Passes it. */
static bool take(reader *r, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(r->end - r->at) <= length || memcmp(r->at, word, length) != 0 || !is_space(r->at[length]))
        return false;
    r->at += length;
    return true;
}

static void skip_line(reader *r) {
    while (r->at < r->end && *r->at != '\n') r->at++;
}

/* Lines of a name and a number, in any order, and one for the kind of picture, which the number of channels tells too. */
static bool read_named(reader *r, header *h) {
    const struct {
        const char *name;
        int *number, most;
    } lines[] = {{"WIDTH", &h->width, LARGEST},
                 {"HEIGHT", &h->height, LARGEST},
                 {"DEPTH", &h->channels, 4},
                 {"MAXVAL", &h->maximum, LARGEST}};
    for (skip_space(r); !take(r, "ENDHDR"); skip_space(r)) {
        size_t i = 0;
        while (i < sizeof lines / sizeof *lines && !take(r, lines[i].name)) i++;
        if (i < sizeof lines / sizeof *lines)
            *lines[i].number = read_number(r, lines[i].most);
        else if (take(r, "TUPLTYPE"))
            skip_line(r);
        else
            return false;
    }
    return true;
}

static bool read_header(reader *r, int digit, header *h) {
    *h = kinds[digit - '1'];
    if (digit == '7') {
        if (!read_named(r, h)) return false;
    } else {
        h->width = read_number(r, LARGEST), h->height = read_number(r, LARGEST);
        if (!h->maximum) h->maximum = read_number(r, LARGEST);
    }
    return h->width > 0 && h->height > 0 && h->channels > 0 && h->maximum > 0 && r->at < r->end && is_space(*r->at++);
}

/* ---- Samples ------------------------------------------------------------------------------------------------------ */

/* Text: one number, or a digit; binary: one byte or two. -1 where it ends or is above the maximum. */
static int read_sample(reader *r, const header *h) {
    if (h->bitmap) {
        skip_space(r);
        return r->at < r->end && (*r->at == '0' || *r->at == '1') ? '1' - *r->at++ : -1;
    }
    if (h->text) return read_number(r, h->maximum);
    int bytes = h->maximum > 255 ? 2 : 1;
    if (r->end - r->at < bytes) return -1;
    int sample = bytes == 1 ? r->at[0] : r->at[0] << 8 | r->at[1];
    r->at += bytes;
    return sample <= h->maximum ? sample : -1;
}

static fv_status read_samples(reader *r, const header *h, const fv_image *image) {
    const uint32_t full = image->depth == 8 ? 255 : 65535, maximum = (uint32_t)h->maximum;
    size_t count = fv_image_samples(image);
    for (size_t i = 0; i < count; i++) {
        int sample = read_sample(r, h);
        if (sample < 0)
            return fv_fail(FV_BAD_DATA, "sample %zu of %zu is missing or not a number of at most %d", i, count,
                           h->maximum);
        uint32_t scaled = ((uint32_t)sample * full + maximum / 2) / maximum;
        if (image->depth == 8)
            ((uint8_t *)image->owned)[i] = (uint8_t)scaled;
        else
            ((uint16_t *)image->owned)[i] = (uint16_t)scaled;
    }
    return FV_OK;
}

static size_t bit_row(const header *h) { return ((size_t)h->width + 7) / 8; }

static fv_status read_bits(reader *r, const header *h, const fv_image *image) {
    uint8_t *to = image->owned;
    for (int y = 0; y < h->height; y++, r->at += bit_row(h))
        for (int x = 0; x < h->width; x++) *to++ = r->at[x / 8] << x % 8 & 0x80 ? 0 : 255;
    return FV_OK;
}

/* The least that the picture takes: a sample in text takes two bytes (the last one, one), or is a digit. */
static size_t least_bytes(const header *h) {
    size_t pixels = (size_t)h->width * (size_t)h->height, samples = pixels * (size_t)h->channels;
    if (h->bitmap) return h->text ? pixels : bit_row(h) * (size_t)h->height;
    return h->text ? 2 * samples - 1 : h->maximum > 255 ? 2 * samples : samples;
}

fv_status fv_pnm_decode(const void *bytes, size_t count, const fv_decode_want *want, fv_image *image) {
    (void)want;
    const uint8_t *start = bytes;
    reader r = {start + 2, start + count};
    header h;
    if (!read_header(&r, start[1], &h))
        return fv_fail(FV_BAD_DATA, "its header must be width, height and maximum, each 1..%d%s", LARGEST,
                       start[1] == '7' ? ", and a depth of 1..4" : "");
    size_t left = (size_t)(r.end - r.at);
    if (least_bytes(&h) > left)
        return fv_fail(FV_BAD_DATA, "truncated: %zu bytes left for %dx%dx%d samples", left, h.width, h.height,
                       h.channels);
    FV_TRY(fv_image_new(image, h.width, h.height, h.channels, h.maximum > 255 ? 16 : 8));
    fv_status status = (h.bitmap && !h.text ? read_bits : read_samples)(&r, &h, image);
    if (status != FV_OK) fv_image_free(image);
    return status;
}
