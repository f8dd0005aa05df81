/* JPEG by libjpeg-turbo: gray, or RGB (CMYK and YCCK too, as Pillow converts them), upright by the EXIF orientation.
 *
 * All pixels are libjpeg's defaults (accurate integer DCT, interpolated chroma), so they are Pillow's bit for bit. Where the
 * caller wants it fast, the inverse DCT makes blocks of 4 x 4, 2 x 2 or one pixel instead of 8 x 8. libjpeg knows the sizes
 * between too, but has no vector code for them: 5, 6 and 7 took 1.4 to 2 times as long as all of 8, and 3 as long as 4.
 *
 * libjpeg decodes on through damage and leaves gray or garbage; here a warning is a failure, but for the harmless ones below.
 * A file that lacks only its end marker is whole if it has one scan; a progressive one may lack scans, so it is refused.
 *
 * Memory: libjpeg's own comes from malloc. Its only large part, the coefficients of a picture in several scans, is held to
 * what core/foreign.h leaves beside the pixels; row buffers stay under ROW_BUFFERS. Time: each scan passes over the whole
 * picture for a few bytes of file, so their number is limited, far above the ten or so that encoders make, and so are the
 * blocks that all scans pass over (of 64 samples, up to 0.5 us each), above what they are in files of few bytes a block. */
#include "core/foreign.h"
#include "image/exif.h"
#include "image/formats.h"
#include "image/orient.h"

#include <setjmp.h>
#include <stdio.h> /* jpeglib.h wants FILE */

#include <jerror.h>
#include <jpeglib.h>

enum {
    MOST_SCANS = 100,
    MOST_BLOCKS = 4 << 20,
    BLOCKS_A_BYTE = 64,
    ROW_BUFFERS = 16 << 20,
    SCALE_WHOLE = 8,
    STRIP = 16
};

typedef struct decoder {
    struct jpeg_decompress_struct codec; /* its client_data is the decoder */
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf failed;
    fv_status status;
    size_t count;  /* bytes of the file */
    bool ended;    /* libjpeg has asked for more than those */
    bool in_rows;  /* the headers, and all scans where there are several, are behind */
    int scan;      /* the last one that is counted in ... */
    size_t blocks; /* ... what all have passed over */
    int orientation;
    fv_image *image;
    uint8_t *inks;  /* a row of CMYK */
    uint8_t *strip; /* STRIP rows to be turned upright */
} decoder;

static _Noreturn void give_up(decoder *d, fv_status status) {
    d->status = status;
    longjmp(d->failed, 1);
}

static _Noreturn void give_up_size(decoder *d) {
    give_up(d, fv_fail(FV_BAD_DATA, "claims %ux%u pixels, too many for %zu bytes", d->codec.image_width,
                       d->codec.image_height, d->count));
}

/* ---- What libjpeg calls ---- */

/* Its errors that are not the file's fault. */
static const struct {
    int code;
    fv_status status;
} blameless[] = {
    {JERR_OUT_OF_MEMORY, FV_NO_MEMORY},
    {JERR_BAD_PRECISION, FV_UNSUPPORTED},
    {JERR_SOF_UNSUPPORTED, FV_UNSUPPORTED},
    {JERR_ARITH_NOTIMPL, FV_UNSUPPORTED},
};

static _Noreturn void on_error(j_common_ptr codec) {
    decoder *d = codec->client_data;
    int code = codec->err->msg_code;
    char text[JMSG_LENGTH_MAX];
    if (code == JERR_NO_BACKING_STORE) give_up_size(d); /* it would like to put coefficients into a file */
    codec->err->format_message(codec, text);
    fv_status status = FV_BAD_DATA;
    for (size_t i = 0; i < sizeof blameless / sizeof *blameless; i++)
        if (blameless[i].code == code) status = blameless[i].status;
    give_up(d, fv_fail(status, "%s", text));
}

/* "truncated after 3 of 17 rows" and the like. */
static _Noreturn void give_up_damaged(decoder *d) {
    struct jpeg_decompress_struct *codec = &d->codec;
    char why[JMSG_LENGTH_MAX], where[64] = "in the header";
    codec->err->format_message((j_common_ptr)codec, why);
    if (d->in_rows)
        snprintf(where, sizeof where, "after %u of %u rows", codec->output_scanline, codec->output_height);
    else if (codec->input_scan_number > 0)
        snprintf(where, sizeof where, "in scan %d", codec->input_scan_number);
    if (d->ended) give_up(d, fv_fail(FV_BAD_DATA, "truncated %s", where));
    give_up(d, fv_fail(FV_BAD_DATA, "damaged %s: %s", where, why));
}

static bool is_harmless(const decoder *d, int warning) {
    switch (warning) {
    case JWRN_ADOBE_XFORM:     /* a color transform that Adobe has not defined: the usual one is taken */
    case JWRN_JFIF_MAJOR:      /* a version of JFIF that nobody has defined */
    case JWRN_EXTRANEOUS_DATA: /* bytes between segments: skipped (ImageNet has such files) */
    case JWRN_NOT_SEQUENTIAL:  /* parameters that only a progressive scan has a use for */
        return true;
    case JWRN_JPEG_EOF: /* Huffman decoding reads ahead, and warns again if it lacks a bit; arithmetic takes zeros */
        return d->in_rows && !d->codec.arith_code;
    default:
        return false;
    }
}

static void on_message(j_common_ptr codec, int level) {
    decoder *d = codec->client_data;
    if (level >= 0) return; /* a trace; warnings are -1 */
    if (codec->err->msg_code == JWRN_JPEG_EOF) d->ended = true;
    if (!is_harmless(d, codec->err->msg_code)) give_up_damaged(d);
}

static void count_blocks(decoder *d) {
    const struct jpeg_decompress_struct *codec = &d->codec;
    d->scan = codec->input_scan_number;
    for (int i = 0; i < codec->comps_in_scan; i++)
        d->blocks += (size_t)codec->cur_comp_info[i]->width_in_blocks * codec->cur_comp_info[i]->height_in_blocks;
    if (d->blocks > MOST_BLOCKS + BLOCKS_A_BYTE * d->count)
        give_up(d, fv_fail(FV_BAD_DATA, "%d scans of %ux%u pixels and more, too many for %zu bytes", d->scan,
                           codec->image_width, codec->image_height, d->count));
}

static void on_progress(j_common_ptr codec) {
    decoder *d = codec->client_data;
    if (d->codec.input_scan_number > MOST_SCANS) give_up(d, fv_fail(FV_BAD_DATA, "more than %d scans", MOST_SCANS));
    if (d->codec.input_scan_number != d->scan) count_blocks(d);
}

/* An APP1 segment is looked at where it lies: its length in two bytes, themselves included, and then EXIF or something else. */
static boolean on_app1(j_decompress_ptr codec) {
    decoder *d = codec->client_data;
    struct jpeg_source_mgr *source = codec->src;
    const uint8_t *at = source->next_input_byte;
    size_t left = source->bytes_in_buffer, length = left < 2 ? 0 : (size_t)at[0] << 8 | at[1];
    if (length < 2 || length > left)
        give_up(d, fv_fail(FV_BAD_DATA, "APP1 segment of %zu bytes, with %zu left", length, left));
    if (d->orientation == 1) d->orientation = fv_exif_orientation(at + 2, length - 2);
    source->next_input_byte += length;
    source->bytes_in_buffer -= length;
    return TRUE;
}

/* ---- Decoding ---- */

static void read_header(decoder *d, const void *bytes) {
    struct jpeg_decompress_struct *codec = &d->codec;
    jpeg_create_decompress(codec);
    codec->progress = &d->progress;
    jpeg_mem_src(codec, bytes, d->count);
    jpeg_set_marker_processor(codec, JPEG_APP0 + 1, on_app1);
    jpeg_read_header(codec, TRUE);
    if (codec->out_color_space == JCS_UNKNOWN)
        give_up(d, fv_fail(FV_UNSUPPORTED, "%d components: must be 1 (gray), 3 (color) or 4 (CMYK)",
                           codec->num_components));
}

static bool is_enough(JDIMENSION side, unsigned n, int wanted) {
    return (int)((side * n + SCALE_WHOLE - 1) / SCALE_WHOLE) >= wanted; /* as libjpeg rounds */
}

/* Eighths of the size to decode to: 1, 2, 4 or 8. What is wanted is meant upright. */
static unsigned choose_scale(const decoder *d, const fv_decode_want *want) {
    if (!want || !want->fast) return SCALE_WHOLE;
    bool lying = d->orientation >= 5;
    int width = lying ? want->height : want->width, height = lying ? want->width : want->height;
    unsigned n = 1;
    while (n < SCALE_WHOLE &&
           !(is_enough(d->codec.image_width, n, width) && is_enough(d->codec.image_height, n, height)))
        n *= 2;
    return n;
}

static void start(decoder *d, const fv_decode_want *want) {
    struct jpeg_decompress_struct *codec = &d->codec;
    codec->scale_num = choose_scale(d, want);
    codec->scale_denom = SCALE_WHOLE;
    jpeg_calc_output_dimensions(codec);
    int width = (int)codec->output_width, height = (int)codec->output_height;
    int channels = codec->out_color_space == JCS_GRAYSCALE ? 1 : 3;
    size_t row = (size_t)width * (size_t)channels, bytes = row * (size_t)height;
    size_t most = fv_foreign_limit(d->count) - d->count - ROW_BUFFERS;
    if (bytes >= most) give_up_size(d);
    codec->mem->max_memory_to_use = (long)(most - bytes);
    fv_status status = fv_upright_new(d->image, d->orientation, width, height, channels, 8);
    if (status != FV_OK) give_up(d, status);
    if (codec->out_color_space == JCS_CMYK && !(d->inks = fv_alloc((size_t)width, 4))) give_up(d, FV_NO_MEMORY);
    if (d->orientation != 1 && !(d->strip = fv_alloc(STRIP, row))) give_up(d, FV_NO_MEMORY);
    jpeg_start_decompress(codec);
    d->in_rows = true;
}

/* Inks are stored the way Adobe does, 255 for none of it. The rounding is Pillow's. */
static void inks_to_rgb(const uint8_t *inks, int width, uint8_t *rgb) {
    for (int x = 0; x < width; x++, inks += 4, rgb += 3)
        for (int c = 0; c < 3; c++) {
            int light = inks[3], taken = (255 - inks[c]) * light + 128;
            int rest = light - (((taken >> 8) + taken) >> 8); /* light - light * ink / 255 */
            rgb[c] = (uint8_t)(rest < 0 ? 0 : rest);
        }
}

static void read_row(decoder *d, uint8_t *pixels) {
    JSAMPROW row = d->inks ? d->inks : pixels;
    jpeg_read_scanlines(&d->codec, &row, 1); /* always one: the source is never short of bytes for now */
    if (d->inks) inks_to_rgb(d->inks, (int)d->codec.output_width, pixels);
}

static void read_rows(decoder *d) {
    int height = (int)d->codec.output_height;
    size_t row = (size_t)d->codec.output_width * (size_t)d->image->channels;
    for (int y = 0; y < height; y++) {
        int line = y % STRIP;
        read_row(d, d->strip ? d->strip + (size_t)line * row : (uint8_t *)d->image->owned + (size_t)y * row);
        if (d->strip && (line == STRIP - 1 || y == height - 1))
            fv_upright_rows(d->image, d->orientation, d->strip, y - line, line + 1);
    }
}

static fv_status decode(decoder *d, const void *bytes, const fv_decode_want *want) {
    d->codec.err = jpeg_std_error(&d->errors);
    d->codec.client_data = d;
    d->errors.error_exit = on_error;
    d->errors.emit_message = on_message;
    d->progress.progress_monitor = on_progress;
    if (setjmp(d->failed)) return d->status;
    read_header(d, bytes);
    start(d, want);
    read_rows(d);
    return FV_OK;
}

fv_status fv_jpeg_decode(const void *bytes, size_t count, const fv_decode_want *want, fv_image *image) {
    decoder d = {.count = count, .orientation = 1, .image = image};
    fv_status status = decode(&d, bytes, want);
    jpeg_destroy_decompress(&d.codec);
    fv_free(d.inks);
    fv_free(d.strip);
    if (status != FV_OK) fv_image_free(image);
    return status;
}
