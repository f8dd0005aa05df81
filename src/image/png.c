/* PNG by libspng. Bit depths below 8 come out as 8, palettes as RGB; a palette's transparency or a transparent color as
 * alpha. Upright by the
 * EXIF orientation. libspng sees the chunks that make the picture, and no others: what is not inflated is no bomb. */
#include "core/file.h"
#include "core/foreign.h"
#include "image/decode.h"
#include "image/exif.h"
#include "image/formats.h"
#include "image/orient.h"

#include <spng.h>
#include <string.h>

enum { LARGEST_SIDE = 65535, SIGNATURE = 8, CHUNK_EXTRA = 12 /* length, type, checksum */, OWN_BYTES = 4 << 20 };

static void *allocate(size_t bytes) { return fv_alloc(bytes, 1); }
static void *reallocate(void *block, size_t bytes) { return fv_realloc(block, bytes, 1); }

static spng_ctx *new_context(int flags) {
    spng_ctx *context = spng_ctx_new2(
        &(struct spng_alloc){
            .malloc_fn = allocate, .realloc_fn = reallocate, .calloc_fn = fv_alloc, .free_fn = fv_free},
        flags);
    if (!context) fv_fail(FV_NO_MEMORY, "out of memory for PNG");
    return context;
}

static fv_status failure(int error) {
    bool memory = error == SPNG_EMEM || error == SPNG_EZLIB_INIT;
    return fv_fail(memory ? FV_NO_MEMORY : FV_BAD_DATA, "%s", spng_strerror(error));
}

#define PNG_TRY(call)                               \
    do {                                            \
        int png_error_ = (call);                    \
        if (png_error_) return failure(png_error_); \
    } while (0)

/* How each color type of the file comes out, at 8 bits and at 16, without and with a transparent color (or palette), which
 * adds a channel. SPNG_FMT_PNG: as in the file, in native byte order. */
typedef struct output {
    int color_type, channels;
    int format[2], transparent[2];
} output;

static const output outputs[] = {
    {SPNG_COLOR_TYPE_GRAYSCALE, 1, {SPNG_FMT_G8, SPNG_FMT_PNG}, {SPNG_FMT_GA8, SPNG_FMT_GA16}},
    {SPNG_COLOR_TYPE_GRAYSCALE_ALPHA, 2, {SPNG_FMT_PNG, SPNG_FMT_PNG}, {0}},
    {SPNG_COLOR_TYPE_TRUECOLOR, 3, {SPNG_FMT_PNG, SPNG_FMT_PNG}, {SPNG_FMT_RGBA8, SPNG_FMT_RGBA16}},
    {SPNG_COLOR_TYPE_INDEXED, 3, {SPNG_FMT_RGB8, 0}, {SPNG_FMT_RGBA8, 0}},
    {SPNG_COLOR_TYPE_TRUECOLOR_ALPHA, 4, {SPNG_FMT_PNG, SPNG_FMT_PNG}, {0}},
};

typedef struct choice {
    int channels, depth, format, flags;
} choice;

static fv_status choose_output(spng_ctx *context, const struct spng_ihdr *header, choice *c) {
    const output *o = outputs;
    while (o->color_type != header->color_type) o++; /* libspng has refused other types */
    struct spng_trns transparency;
    bool wide = header->bit_depth == 16;
    *c = (choice){o->channels, wide ? 16 : 8, o->format[wide], 0};
    int error = spng_get_trns(context, &transparency); /* reads up to the pixels */
    if (error && error != SPNG_ECHUNKAVAIL) return failure(error);
    if (error || !o->transparent[wide]) return FV_OK;
    *c = (choice){c->channels + 1, c->depth, o->transparent[wide], SPNG_DECODE_TRNS};
    return FV_OK;
}

/* ---- Reading ------------------------------------------------------------------------------------------------------ */

/* The file, less its chunks that do not matter. */
typedef struct source {
    const uint8_t *at, *end, *stop; /* stop: where what is being handed out ends */
} source;

/* Critical ones, which have a capital letter, and transparency. */
static bool matters(const uint8_t *type) { return !(type[0] & 0x20) || memcmp(type, "tRNS", 4) == 0; }

/* Of the whole chunk; 0 where the file ends before it does. */
static size_t chunk_bytes(const uint8_t *at, const uint8_t *end) {
    size_t left = (size_t)(end - at);
    if (left < CHUNK_EXTRA) return 0;
    size_t bytes = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
    return bytes <= left - CHUNK_EXTRA ? bytes + CHUNK_EXTRA : 0;
}

/* Sets `stop` behind the next chunk that matters; what is cut off is left to libspng to find. */
static void next_chunk(source *s) {
    size_t bytes;
    while ((bytes = chunk_bytes(s->at, s->end)) != 0) {
        s->stop = s->at + bytes;
        if (matters(s->at + 4)) return;
        s->at = s->stop;
    }
    s->stop = s->end;
}

static int orientation_of(const uint8_t *at, const uint8_t *end) {
    for (size_t bytes; (bytes = chunk_bytes(at, end)) != 0; at += bytes)
        if (memcmp(at + 4, "eXIf", 4) == 0) return fv_exif_orientation(at + 8, bytes - CHUNK_EXTRA);
    return 1;
}

static int read_bytes(spng_ctx *context, void *user, void *to, size_t count) {
    (void)context;
    source *s = user;
    for (uint8_t *out = to; count;) {
        if (s->at == s->stop) next_chunk(s);
        size_t left = (size_t)(s->stop - s->at), some = count < left ? count : left;
        if (!some) return SPNG_IO_EOF;
        memcpy(out, s->at, some);
        s->at += some, out += some, count -= some;
    }
    return 0;
}

static fv_status decode(spng_ctx *context, source *s, int orientation, fv_image *image) {
    struct spng_ihdr header;
    choice c;
    size_t count = (size_t)(s->end - s->at), length, copies = orientation == 1 ? 1 : 2;
    PNG_TRY(spng_set_image_limits(context, LARGEST_SIDE, LARGEST_SIDE));
    PNG_TRY(spng_set_chunk_limits(context, count, count));
    PNG_TRY(spng_set_crc_action(context, SPNG_CRC_ERROR, SPNG_CRC_ERROR));
    PNG_TRY(spng_set_png_stream(context, read_bytes, s));
    PNG_TRY(spng_get_ihdr(context, &header));
    FV_TRY(choose_output(context, &header, &c));
    size_t pixels = (size_t)header.width * header.height, wanted = pixels * (size_t)(c.channels * c.depth / 8);
    if (wanted * copies > fv_foreign_limit(count) - 2 * count - OWN_BYTES)
        return fv_fail(FV_BAD_DATA, "claims %ux%u pixels, too many for %zu bytes", header.width, header.height, count);
    PNG_TRY(spng_decoded_image_size(context, c.format, &length));
    FV_TRY(fv_image_new(image, (int)header.width, (int)header.height, c.channels, c.depth));
    if (length != wanted) return fv_fail(FV_BAD_DATA, "decodes to %zu bytes, not %zu", length, wanted);
    PNG_TRY(spng_decode_image(context, image->owned, length, c.format, c.flags));
    PNG_TRY(spng_decode_chunks(context)); /* up to the end: is it there? */
    return fv_orient(image, orientation);
}

fv_status fv_png_decode(const void *bytes, size_t count, const fv_decode_want *want, fv_image *image) {
    (void)want;
    spng_ctx *context = new_context(0);
    if (!context) return FV_NO_MEMORY;
    const uint8_t *start = bytes;
    source s = {start, start + count, start + SIGNATURE};
    fv_status status = decode(context, &s, orientation_of(s.stop, s.end), image);
    spng_ctx_free(context);
    if (status != FV_OK) fv_image_free(image);
    return status;
}

/* ---- Writing ------------------------------------------------------------------------------------------------------ */

static fv_status encode(spng_ctx *context, const fv_image *image) {
    static const int types[] = {0, SPNG_COLOR_TYPE_GRAYSCALE, SPNG_COLOR_TYPE_GRAYSCALE_ALPHA,
                                SPNG_COLOR_TYPE_TRUECOLOR, SPNG_COLOR_TYPE_TRUECOLOR_ALPHA};
    struct spng_ihdr header = {.width = (uint32_t)image->width, .height = (uint32_t)image->height};
    header.bit_depth = (uint8_t)image->depth;
    header.color_type = (uint8_t)types[image->channels];
    PNG_TRY(spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1));
    PNG_TRY(spng_set_ihdr(context, &header));
    PNG_TRY(spng_encode_image(context, image->pixels, fv_image_samples(image) * (size_t)image->depth / 8, SPNG_FMT_PNG,
                              SPNG_ENCODE_FINALIZE));
    return FV_OK;
}

void *fv_png_encode(const fv_image *image, size_t *count) {
    spng_ctx *context = new_context(SPNG_CTX_ENCODER);
    if (!context) return NULL;
    int error;
    void *bytes = NULL;
    if (encode(context, image) == FV_OK && !(bytes = spng_get_png_buffer(context, count, &error))) failure(error);
    spng_ctx_free(context);
    return bytes;
}

fv_status fv_png_write(const char *path, const fv_image *image) {
    size_t count;
    void *bytes = fv_png_encode(image, &count);
    if (!bytes) return fv_fail_in(fv_last_status(), "%s: PNG", path);
    fv_status status = fv_file_save(path, bytes, count);
    fv_free(bytes);
    return status;
}
