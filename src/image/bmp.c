/* BMP: Windows' bitmaps up to version 5, and OS/2's. A file header of 14 bytes (where the pixels begin), an info header that
 * begins with its own length, a palette, and rows of 4-byte multiples, the lowest first unless the height is negative. All
 * numbers little-endian. A palette of grays alone gives one channel, another three; 16 to 32 bits are split by masks, and
 * give four channels where the file has a mask for alpha. The fourth byte of plain 32 bits means nothing. */
#include "core/foreign.h"
#include "image/formats.h"

enum { FILE_HEADER = 14, CORE_HEADER = 12, OS2_HEADER = 64, LARGEST_SIDE = 65535 };
enum { RGB = 0, RLE8 = 1, RLE4 = 2, BITFIELDS = 3, ALPHA_BITFIELDS = 6 };

/* What there is of each, and the masks of red, green and blue where the file gives none. */
typedef struct coding {
    uint32_t compression, bits, masks[3];
} coding;

static const coding codings[] = {
    {RGB, 1, {0}},
    {RGB, 2, {0}},
    {RGB, 4, {0}},
    {RGB, 8, {0}},
    {RLE8, 8, {0}},
    {RLE4, 4, {0}},
    {BITFIELDS, 16, {0}},
    {ALPHA_BITFIELDS, 16, {0}},
    {BITFIELDS, 24, {0}},
    {ALPHA_BITFIELDS, 24, {0}},
    {BITFIELDS, 32, {0}},
    {ALPHA_BITFIELDS, 32, {0}},
    {RGB, 16, {0x7c00, 0x03e0, 0x001f}},
    {RGB, 24, {0xff0000, 0x00ff00, 0x0000ff}},
    {RGB, 32, {0xff0000, 0x00ff00, 0x0000ff}},
};

typedef struct channel {
    uint32_t mask, most; /* most: the mask shifted down, the sample's maximum */
    int shift;
} channel;

typedef struct bitmap {
    const uint8_t *bytes;
    size_t count, info, data; /* info: the length of its header; data: where the pixels begin */
    int width, height;
    bool top_down, gray;
    uint32_t bits, compression;
    size_t colors, entry; /* of the palette, and bytes of each */
    channel channels[4];
} bitmap;

static uint32_t number(const uint8_t *at, int bytes) {
    uint32_t x = 0;
    while (bytes--) x = x << 8 | at[bytes];
    return x;
}

/* The 32-bit field at an offset of the info header; 0 where it is too short to have it. */
static uint32_t field(const bitmap *b, size_t offset) {
    return offset + 4 <= b->info ? number(b->bytes + FILE_HEADER + offset, 4) : 0;
}

/* ---- Headers ------------------------------------------------------------------------------------------------------ */

static fv_status read_size(bitmap *b) {
    bool core = b->info == CORE_HEADER;
    const uint8_t *at = b->bytes + FILE_HEADER;
    int64_t width = core ? (int32_t)number(at + 4, 2) : (int32_t)number(at + 4, 4);
    int64_t height = core ? (int32_t)number(at + 6, 2) : (int32_t)number(at + 8, 4);
    b->top_down = height < 0;
    if (height < 0) height = -height;
    if (width < 1 || height < 1 || width > LARGEST_SIDE || height > LARGEST_SIDE)
        return fv_fail(FV_BAD_DATA, "an image of %lldx%lld pixels: a side must be 1..%d", (long long)width,
                       (long long)height, LARGEST_SIDE);
    b->width = (int)width, b->height = (int)height;
    b->bits = number(at + (core ? 10 : 14), 2);
    return FV_OK;
}

/* Of one run of bits, or none. */
static bool set_channel(channel *c, uint32_t mask) {
    *c = (channel){.mask = mask, .most = mask};
    while (c->most && !(c->most & 1)) c->most >>= 1, c->shift++;
    return (c->most & (c->most + 1)) == 0;
}

/* The masks follow the first 40 bytes, be they part of the header or not; alpha's only if one or the other says so. */
static fv_status read_masks(bitmap *b, const coding *c) {
    bool given = c->compression == BITFIELDS || c->compression == ALPHA_BITFIELDS;
    size_t masks = b->info >= 56 || c->compression == ALPHA_BITFIELDS ? 4 : 3, start = FILE_HEADER + 40;
    if (given && (start + 4 * masks > b->count || b->info < 40))
        return fv_fail(FV_BAD_DATA, "truncated: it ends before its masks do");
    for (size_t i = 0; i < 4; i++) {
        uint32_t mask = !given ? (i < 3 ? c->masks[i] : 0) : i < masks ? number(b->bytes + start + 4 * i, 4) : 0;
        if (!set_channel(&b->channels[i], mask))
            return fv_fail(FV_BAD_DATA, "mask %08x of channel %zu is not one run of bits", (unsigned)mask, i);
    }
    return FV_OK;
}

static const uint8_t *color(const bitmap *b, size_t i) { return b->bytes + FILE_HEADER + b->info + i * b->entry; }

/* As many colors as the header says, as there are indices, and as fit before the pixels. */
static void find_palette(bitmap *b) {
    size_t start = FILE_HEADER + b->info, most = (size_t)1 << b->bits, said = field(b, 32);
    b->entry = b->info == CORE_HEADER ? 3 : 4;
    b->colors = said && said < most ? said : most;
    if (b->colors > (b->data - start) / b->entry) b->colors = (b->data - start) / b->entry;
    b->gray = true;
    for (size_t i = 0; i < b->colors; i++) {
        const uint8_t *c = color(b, i);
        b->gray = b->gray && c[0] == c[1] && c[1] == c[2];
    }
}

static const coding *find_coding(const bitmap *b) {
    if (b->info == OS2_HEADER && b->compression >= BITFIELDS) return NULL; /* other methods under the same numbers */
    for (size_t i = 0; i < sizeof codings / sizeof *codings; i++)
        if (codings[i].compression == b->compression && codings[i].bits == b->bits) return &codings[i];
    return NULL;
}

static fv_status read_headers(bitmap *b) {
    if (b->count < FILE_HEADER + 4) return fv_fail(FV_BAD_DATA, "truncated: %zu bytes are no header", b->count);
    b->info = number(b->bytes + FILE_HEADER, 4);
    b->data = number(b->bytes + 10, 4);
    if ((b->info != CORE_HEADER && b->info < 16) || b->info > 124)
        return fv_fail(FV_BAD_DATA, "an info header of %zu bytes: must be %d or 16..124", b->info, CORE_HEADER);
    if (b->data < FILE_HEADER + b->info || b->data > b->count)
        return fv_fail(FV_BAD_DATA,
                       "pixels from byte %zu on: must be from %zu, where the headers end, to %zu, the size", b->data,
                       FILE_HEADER + b->info, b->count);
    FV_TRY(read_size(b));
    b->compression = field(b, 16);
    const coding *c = find_coding(b);
    if (!c)
        return fv_fail(FV_UNSUPPORTED, "%u bits a pixel with compression %u are not read: convert to PNG",
                       (unsigned)b->bits, (unsigned)b->compression);
    if (b->bits > 8) return read_masks(b, c);
    find_palette(b);
    return FV_OK;
}

/* ---- Indices into the palette, [height, width], lowest row first -------------------------------------------------- */

static size_t row_bytes(const bitmap *b) { return ((size_t)b->width * b->bits + 31) / 32 * 4; }

/* All but the last row's padding must be there. */
static fv_status check_rows(const bitmap *b) {
    size_t last = ((size_t)b->width * b->bits + 7) / 8, wanted = row_bytes(b) * (size_t)(b->height - 1) + last;
    if (wanted <= b->count - b->data) return FV_OK;
    return fv_fail(FV_BAD_DATA, "truncated: %zu bytes left for %dx%d pixels, which take %zu", b->count - b->data,
                   b->width, b->height, wanted);
}

static int packed(const uint8_t *row, size_t x, uint32_t bits) {
    size_t at = x * bits;
    return row[at / 8] >> (8 - bits - at % 8) & ((1 << bits) - 1);
}

static fv_status read_packed(const bitmap *b, uint8_t *indices) {
    FV_TRY(check_rows(b));
    const uint8_t *row = b->bytes + b->data;
    for (int y = 0; y < b->height; y++, row += row_bytes(b))
        for (int x = 0; x < b->width; x++) *indices++ = (uint8_t)packed(row, (size_t)x, b->bits);
    return FV_OK;
}

typedef struct place {
    int x, y;
} place;

/* `count` indices packed at `from`, of which there are `period`, then again from the first. */
static fv_status put(const bitmap *b, uint8_t *indices, place *at, const uint8_t *from, int count, int period) {
    if (at->y >= b->height || count > b->width - at->x)
        return fv_fail(FV_BAD_DATA, "a run of %d pixels at %d,%d leaves the %dx%d pixels", count, at->x, at->y,
                       b->width, b->height);
    uint8_t *to = indices + (size_t)at->y * (size_t)b->width + at->x;
    for (int i = 0; i < count; i++) *to++ = (uint8_t)packed(from, (size_t)(i % period), b->bits);
    at->x += count;
    return FV_OK;
}

/* Pairs of bytes: a count and what to repeat (at 4 bits two colors in turn); or 0 and: 0 the row ends, 1 the picture ends,
 * 2 go right and up by the next two bytes, N > 2 the next N pixels as they are, filled up to an even number of bytes. */
static fv_status read_runs(const bitmap *b, uint8_t *indices) {
    const uint8_t *at = b->bytes + b->data, *end = b->bytes + b->count;
    place here = {0, 0};
    while (end - at >= 2) {
        int count = at[0], value = at[1], bytes = 0;
        at += 2;
        if (count) {
            FV_TRY(put(b, indices, &here, at - 1, count, b->bits == 4 ? 2 : 1));
        } else if (value == 0) {
            here = (place){0, here.y + 1};
        } else if (value == 1) {
            return FV_OK;
        } else {
            bytes = value == 2 ? 2 : (value * (int)b->bits + 15) / 16 * 2;
            if (end - at < bytes) break;
            if (value > 2) FV_TRY(put(b, indices, &here, at, value, value));
            if (value == 2) here = (place){here.x + at[0], here.y + at[1]};
        }
        at += bytes;
        if (here.x > b->width || here.y > b->height)
            return fv_fail(FV_BAD_DATA, "a jump to %d,%d leaves the %dx%d pixels", here.x, here.y, b->width, b->height);
    }
    return here.y == b->height ? FV_OK
                               : fv_fail(FV_BAD_DATA, "truncated: its runs end in row %d of %d", here.y, b->height);
}

/* ---- Pixels ------------------------------------------------------------------------------------------------------- */

/* Where row y of the file belongs. */
static uint8_t *row_of(const bitmap *b, const fv_image *image, int y) {
    size_t length = (size_t)image->width * (size_t)image->channels;
    return (uint8_t *)image->owned + (size_t)(b->top_down ? y : b->height - 1 - y) * length;
}

static fv_status color_row(const bitmap *b, const uint8_t *indices, int channels, uint8_t *to) {
    for (int x = 0; x < b->width; x++) {
        if (indices[x] >= b->colors)
            return fv_fail(FV_BAD_DATA, "a pixel of color %d: its palette has %zu", indices[x], b->colors);
        const uint8_t *bgr = color(b, indices[x]);
        for (int c = 0; c < channels; c++) *to++ = bgr[2 - c];
    }
    return FV_OK;
}

static fv_status read_indexed(const bitmap *b, const fv_image *image) {
    uint8_t *indices = fv_alloc((size_t)b->width * (size_t)b->height, 1);
    if (!indices) return FV_NO_MEMORY;
    fv_status status = (b->compression == RGB ? read_packed : read_runs)(b, indices);
    for (int y = 0; status == FV_OK && y < b->height; y++)
        status = color_row(b, indices + (size_t)y * (size_t)b->width, image->channels, row_of(b, image, y));
    fv_free(indices);
    return status;
}

static uint8_t sample(const channel *c, uint32_t pixel) {
    uint32_t value = (pixel & c->mask) >> c->shift;
    return (uint8_t)(c->most == 255 || c->most == 0 ? value : (uint64_t)value * 255 / c->most);
}

static fv_status read_masked(const bitmap *b, const fv_image *image) {
    FV_TRY(check_rows(b));
    int step = (int)b->bits / 8;
    for (int y = 0; y < b->height; y++) {
        const uint8_t *from = b->bytes + b->data + row_bytes(b) * (size_t)y;
        uint8_t *to = row_of(b, image, y);
        for (int x = 0; x < b->width; x++, from += step) {
            uint32_t pixel = number(from, step);
            for (int c = 0; c < image->channels; c++) *to++ = sample(&b->channels[c], pixel);
        }
    }
    return FV_OK;
}

fv_status fv_bmp_decode(const void *bytes, size_t count, const fv_decode_want *want, fv_image *image) {
    (void)want;
    bitmap b = {.bytes = bytes, .count = count};
    FV_TRY(read_headers(&b));
    bool indexed = b.bits <= 8;
    int channels = indexed ? (b.gray ? 1 : 3) : b.channels[3].mask ? 4 : 3;
    size_t pixels = (size_t)b.width * (size_t)b.height, wanted = pixels * (size_t)(channels + indexed);
    if (wanted > fv_foreign_limit(count) - count)
        return fv_fail(FV_BAD_DATA, "claims %dx%d pixels, too many for %zu bytes", b.width, b.height, count);
    FV_TRY(fv_image_new(image, b.width, b.height, channels, 8));
    fv_status status = (indexed ? read_indexed : read_masked)(&b, image);
    if (status != FV_OK) fv_image_free(image);
    return status;
}
