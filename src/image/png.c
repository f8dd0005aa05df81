/* PNG by libspng. Bit depths below 8 come out as 8, palettes as RGB, or RGBA where the palette has transparency. */
#include "core/file.h"
#include "core/foreign.h"
#include "image/decode.h"
#include "image/formats.h"

#include <spng.h>

enum { LARGEST_SIDE = 65535, ANCILLARY_BYTES = 1 << 24 };

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

/* How each color type of the file comes out. SPNG_FMT_PNG: as in the file, in native byte order. */
typedef struct output {
    int color_type, channels, format;
} output;

static const output outputs[] = {
    {SPNG_COLOR_TYPE_GRAYSCALE, 1, SPNG_FMT_PNG},       {SPNG_COLOR_TYPE_GRAYSCALE_ALPHA, 2, SPNG_FMT_PNG},
    {SPNG_COLOR_TYPE_TRUECOLOR, 3, SPNG_FMT_PNG},       {SPNG_COLOR_TYPE_INDEXED, 3, SPNG_FMT_RGB8},
    {SPNG_COLOR_TYPE_TRUECOLOR_ALPHA, 4, SPNG_FMT_PNG},
};

static output choose_output(spng_ctx *context, const struct spng_ihdr *header) {
    size_t i = 0;
    while (outputs[i].color_type != header->color_type) i++; /* libspng has refused other types */
    output o = outputs[i];
    struct spng_trns transparency;
    if (o.color_type == SPNG_COLOR_TYPE_GRAYSCALE && header->bit_depth <= 8) o.format = SPNG_FMT_G8;
    if (o.color_type == SPNG_COLOR_TYPE_INDEXED && spng_get_trns(context, &transparency) == 0)
        o.channels = 4, o.format = SPNG_FMT_RGBA8;
    return o;
}

static fv_status decode(spng_ctx *context, const void *bytes, size_t count, fv_image *image) {
    struct spng_ihdr header;
    PNG_TRY(spng_set_image_limits(context, LARGEST_SIDE, LARGEST_SIDE));
    PNG_TRY(spng_set_chunk_limits(context, count, ANCILLARY_BYTES));
    PNG_TRY(spng_set_crc_action(context, SPNG_CRC_ERROR, SPNG_CRC_ERROR));
    PNG_TRY(spng_set_png_buffer(context, bytes, count));
    PNG_TRY(spng_get_ihdr(context, &header));
    output o = choose_output(context, &header);
    int depth = header.bit_depth == 16 ? 16 : 8;
    size_t pixels = (size_t)header.width * header.height, wanted = pixels * (size_t)(o.channels * depth / 8), length;
    if (wanted > fv_foreign_limit(count) - count - ANCILLARY_BYTES)
        return fv_fail(FV_BAD_DATA, "claims %ux%u pixels, too many for %zu bytes", header.width, header.height, count);
    PNG_TRY(spng_decoded_image_size(context, o.format, &length));
    FV_TRY(fv_image_new(image, (int)header.width, (int)header.height, o.channels, depth));
    if (length != wanted) return fv_fail(FV_BAD_DATA, "decodes to %zu bytes, not %zu", length, wanted);
    PNG_TRY(
        spng_decode_image(context, image->owned, length, o.format, o.format == SPNG_FMT_RGBA8 ? SPNG_DECODE_TRNS : 0));
    PNG_TRY(spng_decode_chunks(context)); /* up to the end: is it there? */
    return FV_OK;
}

fv_status fv_png_decode(const void *bytes, size_t count, const fv_decode_want *want, fv_image *image) {
    (void)want;
    spng_ctx *context = new_context(0);
    if (!context) return FV_NO_MEMORY;
    fv_status status = decode(context, bytes, count, image);
    spng_ctx_free(context);
    if (status != FV_OK) fv_image_free(image);
    return status;
}

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

static fv_status write_file(const char *path, const void *bytes, size_t count) {
    fv_file_writer *writer = fv_file_create(path);
    if (!writer) return fv_last_status();
    fv_status status = fv_file_write(writer, bytes, count);
    if (status == FV_OK) return fv_file_commit(writer);
    fv_file_abandon(writer);
    return status;
}

fv_status fv_png_write(const char *path, const fv_image *image) {
    spng_ctx *context = new_context(SPNG_CTX_ENCODER);
    if (!context) return FV_NO_MEMORY;
    fv_status status = encode(context, image);
    if (status != FV_OK) {
        fv_fail_in(status, "%s: PNG", path);
    } else {
        size_t count;
        int error;
        void *bytes = spng_get_png_buffer(context, &count, &error);
        status = bytes ? write_file(path, bytes, count) : failure(error);
        fv_free(bytes);
    }
    spng_ctx_free(context);
    return status;
}
