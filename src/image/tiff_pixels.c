/* From TIFF's samples to pixels: rows are taken apart into lines, one for each sample, of 16-bit numbers; the lines become
 * gray or RGB, and are put together again. CMYK is Pillow's plain formula, without a color profile. */
#include "image/tiff.h"

#include <string.h>

/* A line for each color, and alpha's last. */
typedef struct lines {
    uint16_t *color[FV_TIFF_COLORS], *alpha;
    size_t count;
    uint32_t full; /* the largest number of the depth */
} lines;

/* How each photometric interpretation is read. */
typedef struct meaning {
    uint16_t photometric;
    int colors, channels; /* of the file; of the image */
    void (*make)(const fv_tiff_layout *layout, const lines *l);
} meaning;

static void spread_gray(const fv_tiff_layout *layout, const lines *l) {
    uint32_t factor = l->full / ((1u << layout->bits) - 1);
    for (size_t i = 0; factor > 1 && i < l->count; i++) l->color[0][i] = (uint16_t)(l->color[0][i] * factor);
}

static void invert_gray(const fv_tiff_layout *layout, const lines *l) {
    spread_gray(layout, l);
    for (size_t i = 0; i < l->count; i++) l->color[0][i] = (uint16_t)(l->full - l->color[0][i]);
}

static void leave(const fv_tiff_layout *layout, const lines *l) { (void)layout, (void)l; }

static void look_up(const fv_tiff_layout *layout, const lines *l) {
    for (size_t i = 0; i < l->count; i++) {
        uint16_t index = l->color[0][i];
        for (int c = 0; c < 3; c++) l->color[c][i] = (uint16_t)(layout->map[c][index] >> layout->map_shift);
    }
}

static void mix_inks(const fv_tiff_layout *layout, const lines *l) {
    (void)layout;
    for (size_t i = 0; i < l->count; i++) {
        uint32_t light = l->full - l->color[3][i];
        for (int c = 0; c < 3; c++)
            l->color[c][i] = (uint16_t)(light - (l->color[c][i] * light + l->full / 2) / l->full);
    }
}

static const meaning meanings[] = {
    {PHOTOMETRIC_MINISWHITE, 1, 1, invert_gray},
    {PHOTOMETRIC_MINISBLACK, 1, 1, spread_gray},
    {PHOTOMETRIC_RGB, 3, 3, leave},
    {PHOTOMETRIC_PALETTE, 1, 3, look_up},
    {PHOTOMETRIC_SEPARATED, 4, 3, mix_inks},
    {PHOTOMETRIC_YCBCR, 3, 3, leave}, /* libtiff makes RGB of it */
};

static const meaning *find(uint16_t photometric) {
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (meanings[i].photometric == photometric) return &meanings[i];
    return NULL;
}

int fv_tiff_channels(const fv_tiff_layout *layout) { return find(layout->photometric)->channels + (layout->alpha > 0); }

int fv_tiff_depth(const fv_tiff_layout *layout) { return layout->bits == 16 ? 16 : 8; }

/* ---- The layout --------------------------------------------------------------------------------------------------- */

static fv_status read_extra_samples(TIFF *tiff, fv_tiff_layout *l) {
    uint16_t count = 0, *kinds = NULL;
    bool told = TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &count, &kinds);
    if (l->samples < l->colors)
        return fv_fail(FV_BAD_DATA, "%d samples a pixel: its kind of picture has %d", l->samples, l->colors);
    if (l->samples == l->colors) return FV_OK;
    uint16_t kind = told && count ? kinds[0] : EXTRASAMPLE_UNASSALPHA; /* what else could it be? Pillow thinks so too */
    if (kind != EXTRASAMPLE_UNSPECIFIED) l->alpha = l->colors;
    l->premultiplied = kind == EXTRASAMPLE_ASSOCALPHA;
    return FV_OK;
}

/* Some writers fill the map with 8-bit numbers, against the standard. */
static fv_status read_map(TIFF *tiff, fv_tiff_layout *l) {
    uint16_t *map[3];
    if (l->bits > 8) return fv_fail(FV_UNSUPPORTED, "a palette of %d bits: 1, 2, 4 and 8 are read", l->bits);
    if (!TIFFGetField(tiff, TIFFTAG_COLORMAP, &map[0], &map[1], &map[2]))
        return fv_fail(FV_BAD_DATA, "its palette is missing");
    for (int c = 0; c < 3; c++) {
        l->map[c] = map[c];
        for (int i = 0; i < 1 << l->bits; i++)
            if (map[c][i] > 255) l->map_shift = 8;
    }
    return FV_OK;
}

static fv_status check_samples(TIFF *tiff, const fv_tiff_layout *l) {
    static const char *const formats[] = {[SAMPLEFORMAT_INT] = "signed integers",
                                          [SAMPLEFORMAT_IEEEFP] = "floats",
                                          [SAMPLEFORMAT_COMPLEXINT] = "complex integers",
                                          [SAMPLEFORMAT_COMPLEXIEEEFP] = "complex floats"};
    uint16_t format = SAMPLEFORMAT_UINT, ink = INKSET_CMYK;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_INKSET, &ink);
    if (format < sizeof formats / sizeof *formats && formats[format])
        return fv_fail(FV_UNSUPPORTED, "samples that are %s are not read: convert to 8 or 16 bits", formats[format]);
    bool small = l->colors == 1 && (l->bits == 1 || l->bits == 2 || l->bits == 4);
    if (!small && l->bits != 8 && l->bits != 16)
        return fv_fail(FV_UNSUPPORTED, "%d bits a sample are not read: convert to 8 or 16", l->bits);
    if (l->photometric == PHOTOMETRIC_SEPARATED && ink != INKSET_CMYK)
        return fv_fail(FV_UNSUPPORTED, "inks other than CMYK are not read: convert to RGB");
    return FV_OK;
}

fv_status fv_tiff_read_layout(TIFF *tiff, fv_tiff_layout *l) {
    uint16_t planar = PLANARCONFIG_CONTIG;
    if (!TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &l->width) || !TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &l->height) ||
        !TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &l->photometric))
        return fv_fail(FV_BAD_DATA, "its width, height or photometric interpretation is missing");
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &l->bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &l->samples);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &l->compression);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &l->orientation);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planar);
    const meaning *m = find(l->photometric);
    bool ycbcr = l->photometric == PHOTOMETRIC_YCBCR;
    if (!m || (ycbcr && (l->compression != COMPRESSION_JPEG || planar == PLANARCONFIG_SEPARATE)))
        return fv_fail(FV_UNSUPPORTED, "photometric interpretation %d%s is not read: convert to RGB", l->photometric,
                       ycbcr ? " (YCbCr) without JPEG" : "");
    l->colors = m->colors;
    l->separate = planar == PLANARCONFIG_SEPARATE && l->samples > 1;
    FV_TRY(check_samples(tiff, l));
    FV_TRY(read_extra_samples(tiff, l));
    return l->photometric == PHOTOMETRIC_PALETTE ? read_map(tiff, l) : FV_OK;
}

/* ---- Rows --------------------------------------------------------------------------------------------------------- */

/* Numbers of `bits`, every step-th from `first` on. */
static void unpack(const uint8_t *row, int bits, size_t first, size_t step, size_t count, uint16_t *to) {
    size_t at = first;
    if (bits == 8) {
        for (size_t i = 0; i < count; i++, at += step) to[i] = row[at];
    } else if (bits == 16) {
        for (size_t i = 0; i < count; i++, at += step) memcpy(&to[i], row + 2 * at, sizeof *to);
    } else {
        for (size_t i = 0; i < count; i++, at += step) {
            size_t bit = at * (size_t)bits;
            to[i] = (uint16_t)(row[bit / 8] >> (8 - (size_t)bits - bit % 8) & ((1 << bits) - 1));
        }
    }
}

static void unpack_sample(const fv_tiff_layout *l, const uint8_t *row, size_t plane, int sample, size_t count,
                          uint16_t *to) {
    if (l->separate)
        unpack(row + plane * (size_t)sample, l->bits, 0, 1, count, to);
    else
        unpack(row, l->bits, (size_t)sample, l->samples, count, to);
}

/* Pillow's: rounded down, and colors that are brighter than their alpha allows come to the brightest. */
static void divide_by_alpha(const lines *l, int colors) {
    for (int c = 0; c < colors; c++)
        for (size_t i = 0; i < l->count; i++) {
            uint32_t alpha = l->alpha[i], value = l->color[c][i];
            if (alpha == 0 || alpha == l->full) continue;
            uint32_t bright = l->full * value / alpha;
            l->color[c][i] = (uint16_t)(bright < l->full ? bright : l->full);
        }
}

static void pack(const uint16_t *line, size_t count, int depth, size_t step, uint8_t *out) {
    if (depth == 8)
        for (size_t i = 0; i < count; i++) out[i * step] = (uint8_t)line[i];
    else
        for (size_t i = 0; i < count; i++) memcpy(out + 2 * i * step, &line[i], sizeof *line);
}

/* As an image has them. */
static bool is_ready(const fv_tiff_layout *l, const meaning *m, int channels) {
    bool same = m->make == leave || (m->make == spread_gray && l->bits >= 8);
    return same && l->samples == channels && !l->separate && !l->premultiplied;
}

void fv_tiff_pixels(const fv_tiff_layout *layout, const uint8_t *row, size_t plane, size_t count, uint16_t *buffer,
                    uint8_t *out) {
    const meaning *m = find(layout->photometric);
    int channels = fv_tiff_channels(layout), depth = fv_tiff_depth(layout);
    if (is_ready(layout, m, channels)) {
        memcpy(out, row, count * (size_t)(channels * depth / 8));
        return;
    }
    lines l = {.count = count, .full = depth == 16 ? 65535 : 255, .alpha = buffer + FV_TIFF_COLORS * count};
    for (int c = 0; c < FV_TIFF_COLORS; c++) l.color[c] = buffer + (size_t)c * count;
    for (int c = 0; c < m->colors; c++) unpack_sample(layout, row, plane, c, count, l.color[c]);
    if (layout->alpha) unpack_sample(layout, row, plane, layout->alpha, count, l.alpha);
    m->make(layout, &l);
    if (layout->premultiplied) divide_by_alpha(&l, m->channels);
    for (int c = 0; c < channels; c++)
        pack(c < m->channels ? l.color[c] : l.alpha, count, depth, (size_t)channels, out + c * depth / 8);
}
