/* TIFF by libtiff: the first picture of the file, in strips or tiles, with 8 or 16 bits a sample, gray and palettes also
 * with 1, 2 and 4; upright. libtiff 4.5 bounds one allocation, not their sum, so what the file claims is added up here first. */
#include "image/tiff.h"

#include "core/foreign.h"
#include "image/formats.h"
#include "image/orient.h"
#include "image/webp.h"

#include <stdio.h>
#include <string.h>
#include <webp/decode.h>

/* libtiff's own memory. A strip or tile is held once here, and for some methods up to twice more in libtiff; tags' values
 * are widened up to 8 times. */
enum { OWN_BYTES = 24 << 20, LARGEST_SINGLE = 8 << 20, LARGEST_WINDOW = 8 << 20, BLOCK_TIMES = 3, CLAIM_TIMES = 8 };

/* Of the file's bytes, all blocks together; samples of JPEG data, all scans together, as in jpeg.c. */
enum { MOST_TIMES = 2, MOST_SCANNED = 256 << 20, SCANNED_A_BYTE = 4096 };

/* ---- A file in memory, and libtiff's messages ---------------------------------------------------------------------- */

typedef struct source {
    const uint8_t *bytes;
    size_t count, at;
    char message[160]; /* the first one: later ones follow from it */
} source;

static tmsize_t read_bytes(thandle_t handle, void *to, tmsize_t wanted) {
    source *s = handle;
    size_t left = s->at < s->count ? s->count - s->at : 0, count = (size_t)wanted < left ? (size_t)wanted : left;
    if (count) memcpy(to, s->bytes + s->at, count);
    s->at += count;
    return (tmsize_t)count;
}

static tmsize_t write_bytes(thandle_t handle, void *from, tmsize_t count) {
    (void)handle, (void)from, (void)count;
    return -1;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence) {
    source *s = handle;
    s->at = (size_t)offset + (whence == SEEK_CUR ? s->at : whence == SEEK_END ? s->count : 0);
    return s->at;
}

static int leave_open(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t size_of(thandle_t handle) { return ((source *)handle)->count; }

static int map(thandle_t handle, void **base, toff_t *size) {
    source *s = handle;
    *base = (void *)(uintptr_t)s->bytes; /* which libtiff, opened for reading, does not write to */
    *size = s->count;
    return 1;
}

static void unmap(thandle_t handle, void *base, toff_t size) { (void)handle, (void)base, (void)size; }

/* Returns 1: libtiff shall not print it as well. */
static int keep_message(TIFF *tiff, void *user, const char *module, const char *format, va_list arguments) {
    (void)tiff, (void)module;
    source *s = user;
    if (!s->message[0]) vsnprintf(s->message, sizeof s->message, format, arguments);
    return 1;
}

static int drop_message(TIFF *tiff, void *user, const char *module, const char *format, va_list arguments) {
    (void)tiff, (void)user, (void)module, (void)format, (void)arguments;
    return 1;
}

static fv_status damaged(const source *s) { return fv_fail(FV_BAD_DATA, "%s", s->message[0] ? s->message : "damaged"); }

static TIFF *open_source(source *s) {
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options) {
        fv_fail(FV_NO_MEMORY, "out of memory for TIFF");
        return NULL;
    }
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)(LARGEST_SINGLE + CLAIM_TIMES * s->count));
    TIFFOpenOptionsSetErrorHandlerExtR(options, keep_message, s);
    TIFFOpenOptionsSetWarningHandlerExtR(options, drop_message, s);
    TIFF *tiff = TIFFClientOpenExt("", "r", s, read_bytes, write_bytes, seek, leave_open, size_of, map, unmap, options);
    TIFFOpenOptionsFree(options);
    if (!tiff) damaged(s);
    return tiff;
}

/* ---- Blocks: strips or tiles --------------------------------------------------------------------------------------- */

typedef struct blocks {
    bool tiled;
    uint32_t width, height, across; /* in pixels; how many side by side */
    size_t count, planes;           /* blocks of a plane */
    size_t bytes, row;              /* of a block and of its row, in one plane */
} blocks;

static blocks find_blocks(TIFF *tiff, const fv_tiff_layout *l) {
    blocks b = {
        .tiled = TIFFIsTiled(tiff), .width = l->width, .height = l->height, .planes = l->separate ? l->samples : 1};
    if (b.tiled) {
        TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &b.width);
        TIFFGetField(tiff, TIFFTAG_TILELENGTH, &b.height);
    } else {
        uint32_t rows = l->height;
        TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &rows);
        if (rows < b.height) b.height = rows;
    }
    b.bytes = (size_t)(b.tiled ? TIFFTileSize(tiff) : TIFFStripSize(tiff));
    b.row = (size_t)(b.tiled ? TIFFTileRowSize(tiff) : TIFFScanlineSize(tiff));
    b.count = (b.tiled ? TIFFNumberOfTiles(tiff) : TIFFNumberOfStrips(tiff)) / b.planes;
    b.across = b.width ? (uint32_t)(((uint64_t)l->width + b.width - 1) / b.width) : 0;
    return b;
}

/* That the arithmetic of unpacking and libtiff's agree, and that all blocks cover the picture. */
static bool is_sound(const blocks *b, const fv_tiff_layout *l) {
    uint64_t samples = l->separate ? 1 : l->samples, row = ((uint64_t)b->width * samples * l->bits + 7) / 8;
    if (!b->width || !b->height || !b->count || b->row < row || b->bytes / b->height < b->row) return false;
    return (uint64_t)b->count == (uint64_t)b->across * (((uint64_t)l->height + b->height - 1) / b->height);
}

/* Memory, of which so many bytes are left, and time: blocks larger than the picture, and many of them, would be decoded for
 * nothing. */
static fv_status check_size(const source *s, const fv_tiff_layout *l, const blocks *b, size_t *left) {
    size_t copies = l->orientation == ORIENTATION_TOPLEFT ? 1 : 2;
    size_t pixel = (size_t)(fv_tiff_channels(l) * fv_tiff_depth(l) / 8) * copies, wanted, block, all, claims;
    size_t most = fv_foreign_limit(s->count) - s->count - OWN_BYTES;
    if (!fv_size_mul(l->width, l->height, &wanted) || !fv_size_mul(wanted, pixel, &wanted) ||
        !fv_size_mul(b->bytes, b->planes * BLOCK_TIMES, &block) || !fv_size_add(wanted, block, &wanted) ||
        !fv_size_mul(fv_tiff_claims(s->bytes, s->count), CLAIM_TIMES, &claims) ||
        !fv_size_add(wanted, claims, &wanted) || wanted > most || //
        !fv_size_mul(b->bytes * b->planes, b->count, &all) || all > most)
        return fv_fail(FV_BAD_DATA, "claims %ux%u pixels in blocks of %ux%u, too many for %zu bytes",
                       (unsigned)l->width, (unsigned)l->height, (unsigned)b->width, (unsigned)b->height, s->count);
    *left = most - wanted;
    return FV_OK;
}

/* Time: what is compressed can be long and come to nothing, and blocks may all lie in one place of the file, or in it again
 * be pictures of many scans, which libtiff limits to 100 (at a marker each, which nothing else in JPEG data looks like). */
static fv_status check_time(TIFF *tiff, const source *s, const fv_tiff_layout *l, const blocks *b) {
    size_t all = 0, most = MOST_TIMES * s->count, work;
    for (size_t i = 0; i < b->count * b->planes && all <= most; i++) {
        uint64_t bytes = TIFFGetStrileByteCount(tiff, (uint32_t)i);
        all += bytes < most ? (size_t)bytes : most;
    }
    if (all > most)
        return fv_fail(FV_BAD_DATA, "its blocks claim more than %d times its %zu bytes", MOST_TIMES, s->count);
    if (l->compression != COMPRESSION_JPEG) return FV_OK;
    if (!fv_size_mul(fv_tiff_jpeg_scans(s->bytes, s->count), b->bytes * b->planes, &work) ||
        work / SCANNED_A_BYTE > MOST_SCANNED / SCANNED_A_BYTE + s->count)
        return fv_fail(FV_BAD_DATA, "blocks of %ux%u pixels in too many scans for %zu bytes", (unsigned)b->width,
                       (unsigned)b->height, s->count);
    return FV_OK;
}

/* Blocks that are WebP files of their own: none may be larger than it has to be, nor take more than the memory left. */
static fv_status check_webp(TIFF *tiff, const source *s, const blocks *b, size_t left) {
    for (size_t i = 0; i < b->count * b->planes; i++) {
        uint64_t at = TIFFGetStrileOffset(tiff, (uint32_t)i), bytes = TIFFGetStrileByteCount(tiff, (uint32_t)i);
        int width, height;
        if (at > s->count || bytes > s->count - at || !WebPGetInfo(s->bytes + at, (size_t)bytes, &width, &height) ||
            (uint32_t)width > b->width || (uint32_t)height > b->height)
            return fv_fail(FV_BAD_DATA, "block %zu is no WebP picture of at most %ux%u pixels", i, (unsigned)b->width,
                           (unsigned)b->height);
        if (fv_webp_claims(s->bytes + at, (size_t)bytes) > left)
            return fv_fail(FV_BAD_DATA, "the prefix codes of block %zu would take too much memory for %zu bytes", i,
                           s->count);
    }
    return FV_OK;
}

/* Block i of each plane, one after the other. A last strip may be lower than the others. */
static bool read_block(TIFF *tiff, const blocks *b, size_t i, uint32_t rows, uint8_t *to) {
    for (size_t plane = 0; plane < b->planes; plane++, to += b->bytes) {
        uint32_t block = (uint32_t)(plane * b->count + i);
        tmsize_t size = (tmsize_t)(b->tiled ? b->bytes : b->row * rows);
        tmsize_t got =
            b->tiled ? TIFFReadEncodedTile(tiff, block, to, size) : TIFFReadEncodedStrip(tiff, block, to, size);
        if (got != size) return false;
    }
    return true;
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

static fv_status read_blocks(TIFF *tiff, const source *s, const fv_tiff_layout *l, const blocks *b,
                             const fv_image *image) {
    uint8_t *block = fv_alloc(b->planes, b->bytes);
    uint16_t *lines = fv_alloc((size_t)FV_TIFF_LINES * least(b->width, l->width), sizeof *lines);
    fv_status status = block && lines ? FV_OK : FV_NO_MEMORY;
    size_t pixel = (size_t)(image->channels * image->depth / 8);
    for (size_t i = 0; status == FV_OK && i < b->count; i++) {
        uint32_t x = (uint32_t)(i % b->across) * b->width, y = (uint32_t)(i / b->across) * b->height;
        uint32_t columns = least(b->width, l->width - x), rows = least(b->height, l->height - y);
        if (!read_block(tiff, b, i, rows, block)) status = damaged(s);
        uint8_t *out = (uint8_t *)image->owned + ((size_t)y * l->width + x) * pixel;
        for (uint32_t row = 0; status == FV_OK && row < rows; row++)
            fv_tiff_pixels(l, block + row * b->row, b->bytes, columns, lines, out + (size_t)row * l->width * pixel);
    }
    fv_free(block);
    fv_free(lines);
    return status;
}

/* ---- Decoding ------------------------------------------------------------------------------------------------------ */

/* What libtiff could decode besides allocates what its data ask for (LZMA, JBIG, LERC), or was never sound (old JPEG). */
static fv_status check_compression(const source *s, uint16_t compression) {
    static const uint16_t known[] = {COMPRESSION_NONE,      COMPRESSION_CCITTRLE,  COMPRESSION_CCITTRLEW,
                                     COMPRESSION_CCITTFAX3, COMPRESSION_CCITTFAX4, COMPRESSION_LZW,
                                     COMPRESSION_JPEG,      COMPRESSION_DEFLATE,   COMPRESSION_ADOBE_DEFLATE,
                                     COMPRESSION_PACKBITS,  COMPRESSION_ZSTD,      COMPRESSION_WEBP};
    size_t i = 0;
    while (i < sizeof known / sizeof *known && known[i] != compression) i++;
    if (i == sizeof known / sizeof *known || !TIFFIsCODECConfigured(compression))
        return fv_fail(FV_UNSUPPORTED, "compression %d is not read: use none, LZW, Deflate or JPEG", compression);
    if (compression == COMPRESSION_ZSTD && fv_tiff_zstd_window(s->bytes, s->count) > LARGEST_WINDOW)
        return fv_fail(FV_UNSUPPORTED, "Zstandard with a window above %d MiB: use a level below 20",
                       LARGEST_WINDOW >> 20);
    return FV_OK;
}

static fv_status decode(TIFF *tiff, const source *s, fv_image *image) {
    fv_tiff_layout layout = {0};
    FV_TRY(fv_tiff_read_layout(tiff, &layout));
    FV_TRY(check_compression(s, layout.compression));
    if (layout.photometric == PHOTOMETRIC_YCBCR) TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    blocks b = find_blocks(tiff, &layout);
    if (!is_sound(&b, &layout)) return damaged(s);
    size_t left = 0;
    FV_TRY(check_size(s, &layout, &b, &left));
    FV_TRY(check_time(tiff, s, &layout, &b));
    if (layout.compression == COMPRESSION_WEBP) FV_TRY(check_webp(tiff, s, &b, left));
    FV_TRY(
        fv_image_new(image, (int)layout.width, (int)layout.height, fv_tiff_channels(&layout), fv_tiff_depth(&layout)));
    FV_TRY(read_blocks(tiff, s, &layout, &b, image));
    return fv_orient(image, layout.orientation);
}

fv_status fv_tiff_decode(const void *bytes, size_t count, const fv_decode_want *want, fv_image *image) {
    (void)want;
    source s = {.bytes = bytes, .count = count};
    size_t claims = fv_tiff_claims(bytes, count);
    if (claims > 2 * count) return fv_fail(FV_BAD_DATA, "its tags claim %zu bytes, of %zu in the file", claims, count);
    TIFF *tiff = open_source(&s);
    if (!tiff) return fv_last_status();
    fv_status status = decode(tiff, &s, image);
    TIFFClose(tiff);
    if (status != FV_OK) fv_image_free(image);
    return status;
}
