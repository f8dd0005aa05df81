#include "core/file.h"
#include "core/memory.h"
#include "image/decode.h"
#include "image/fixture.h"
#include "support/unit.h"

#include <string.h>
#include <zlib.h>

#include "image/png_fixtures.h"

/* ---- Files made with another program ---- */

enum { CASES = sizeof png_fixtures / sizeof *png_fixtures };

static void each(void (*check)(const fixture *)) {
    for (size_t i = 0; i < CASES; i++) check(&png_fixtures[i]);
}

static void equals_pillow(void **s) { (void)s, each(fixture_is_read); }
static void refuses_truncation(void **s) { (void)s, each(fixture_is_read_whole_or_not); }
static void survives_flipped_bits(void **s) { (void)s, each(fixture_survives_flipped_bits); }

static void fixture_is_read_under_another_name(const fixture *f) {
    fixture renamed = *f;
    renamed.name = "photo.jpg";
    fixture_is_read(&renamed);
}

static void is_told_from_its_content(void **s) { (void)s, each(fixture_is_read_under_another_name); }

/* ---- Files made here, chunk by chunk, without libspng ---- */

static uint8_t file[1 << 16];
static size_t length;

static void put(const void *bytes, size_t count) {
    memcpy(file + length, bytes, count);
    length += count;
}

static void put32(uint32_t x) {
    put((uint8_t[]){(uint8_t)(x >> 24), (uint8_t)(x >> 16), (uint8_t)(x >> 8), (uint8_t)x}, 4);
}

static void put_chunk(const char *type, const void *bytes, size_t count) {
    put32((uint32_t)count);
    size_t start = length;
    put(type, 4);
    put(bytes, count);
    put32((uint32_t)crc32(0, file + start, (uInt)(count + 4)));
}

static void begin(uint32_t width, uint32_t height, int bits, int color_type) {
    length = 0;
    put("\x89PNG\r\n\x1a\n", 8);
    uint8_t header[13] = {0};
    for (int i = 0; i < 4; i++)
        header[i] = (uint8_t)(width >> (24 - 8 * i)), header[4 + i] = (uint8_t)(height >> (24 - 8 * i));
    header[8] = (uint8_t)bits, header[9] = (uint8_t)color_type;
    put_chunk("IHDR", header, sizeof header);
}

static void put_data(const void *rows, size_t count) {
    uint8_t packed[4096];
    uLongf size = sizeof packed;
    assert_int_equal(compress(packed, &size, rows, (uLong)count), Z_OK);
    put_chunk("IDAT", packed, size);
    put_chunk("IEND", "", 0);
}

static fv_image expect(int width, int height, int channels, int depth) {
    fv_image image;
    if (fv_image_decode(file, length, "a.png", NULL, &image) != FV_OK) fail_msg("%s", fv_error());
    assert_int_equal(image.width, width);
    assert_int_equal(image.height, height);
    assert_int_equal(image.channels, channels);
    assert_int_equal(image.depth, depth);
    return image;
}

static void refuse(fv_status status, const char *part) {
    fv_image image;
    assert_int_equal(fv_image_decode(file, length, "a.png", NULL, &image), status);
    assert_contains(fv_error(), "a.png: ");
    assert_contains(fv_error(), part);
    assert_null(image.owned);
}

static void refuses_every_truncation(void **state) {
    (void)state;
    begin(2, 2, 8, 2);
    put_data((uint8_t[]){0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6}, 14);
    size_t whole = length - 4; /* libspng does not look for the checksum of IEND */
    for (length = 8; length < whole; length++) refuse(FV_BAD_DATA, "PNG: ");
    length = 7;
    refuse(FV_BAD_DATA, "not an image");
}

static void refuses_every_wrong_checksum(void **state) {
    (void)state;
    begin(2, 1, 8, 0);
    put_data((uint8_t[]){0, 1, 2}, 3);
    for (size_t i = 16; i < length - 4; i++) { /* after IHDR's length and type all is under some checksum */
        file[i] ^= 1;
        fv_image image;
        assert_int_not_equal(fv_image_decode(file, length, "a.png", NULL, &image), FV_OK);
        file[i] ^= 1;
    }
    fv_image image = expect(2, 1, 1, 8);
    fv_image_free(&image);
}

static void refuses_claims_beyond_the_memory_rule(void **state) {
    (void)state;
    begin(65535, 65535, 8, 0);
    put_data("", 1);
    refuse(FV_BAD_DATA, "claims 65535x65535 pixels, too many for");
    begin(65536, 1, 8, 0);
    put_data("", 1);
    refuse(FV_BAD_DATA, "PNG: ");
    begin(0, 1, 8, 0);
    put_data("", 1);
    refuse(FV_BAD_DATA, "PNG: ");
}

/* What PngSuite's files x*.png have wrong. */
static void refuses_what_is_corrupt(void **state) {
    (void)state;
    static const struct {
        int bits, color_type;
    } wrong[] = {{0, 0}, {3, 0}, {99, 0}, {8, 1}, {8, 9}, {16, 3}, {4, 2}, {1, 4}, {2, 6}};
    static const uint8_t rows[64];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        begin(2, 1, wrong[i].bits, wrong[i].color_type);
        put_data(rows, 17);
        refuse(FV_BAD_DATA, "PNG: ");
    }
    begin(2, 1, 8, 0);
    put_chunk("IEND", "", 0);
    refuse(FV_BAD_DATA, "PNG: "); /* no pixels */
    begin(2, 1, 8, 3);
    put_data((uint8_t[]){0, 0, 0}, 3);
    refuse(FV_BAD_DATA, "PNG: "); /* no palette */
    begin(2, 1, 8, 0);
    put_data((uint8_t[]){5, 0, 0}, 3);
    refuse(FV_BAD_DATA, "PNG: "); /* no such filter */
    begin(2, 2, 8, 0);
    put_data((uint8_t[]){0, 0, 0}, 3);
    refuse(FV_BAD_DATA, "PNG: "); /* too few rows */
    length = 0;
    put_chunk("IHDR", rows, 13);
    refuse(FV_BAD_DATA, "not an image");
    for (int i = 0; i < 8; i++) {
        begin(2, 1, 8, 0);
        put_data((uint8_t[]){0, 1, 2}, 3);
        file[i] ^= 0x80;
        refuse(FV_BAD_DATA, "not an image");
    }
}

/* Metadata is no part of the picture, so 16 MiB of it, deflated, cost neither memory nor time. */
static void does_not_inflate_metadata(void **state) {
    (void)state;
    static const struct {
        const char *type, *head;
        size_t length;
    } chunks[] = {{"zTXt", "k\0\0", 3}, {"iTXt", "k\0\1\0\0\0", 6}, {"iCCP", "k\0\0", 3}};
    enum { BYTES = 16 << 20 };
    static uint8_t packed[1 << 15], chunk[1 << 15];
    uLongf size = sizeof packed;
    uint8_t *zeros = fv_alloc(BYTES, 1);
    assert_int_equal(compress2(packed, &size, zeros, BYTES, 9), Z_OK);
    fv_free(zeros);
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        memcpy(chunk, chunks[i].head, chunks[i].length);
        memcpy(chunk + chunks[i].length, packed, size);
        begin(2, 1, 8, 0);
        put_chunk(chunks[i].type, chunk, chunks[i].length + size);
        put_data((uint8_t[]){0, 1, 2}, 3);
        fv_memory_fail_after(-1);
        fv_image image = expect(2, 1, 1, 8);
        assert_in_range(fv_memory_fail_after(-1), 1, 12); /* as many as without */
        fv_image_free(&image);
    }
}

static void names_what_cannot_be_read(void **state) {
    (void)state;
    length = 0;
    put("GIF89a", 6);
    refuse(FV_UNSUPPORTED, "GIF images cannot be read yet: convert to PNG");
    length = 0;
    refuse(FV_BAD_DATA, "not an image (JPEG, PNG, WebP, TIFF, BMP or PNM)");
}

static void writes_what_it_reads(void **state) {
    (void)state;
    for (int channels = 1; channels <= 4; channels++)
        for (int depth = 8; depth <= 16; depth += 8) {
            fv_image image, back;
            assert_int_equal(fv_image_new(&image, 31, 17, channels, depth), FV_OK);
            size_t bytes = fv_image_samples(&image) * (size_t)depth / 8;
            for (size_t i = 0; i < bytes; i++) ((uint8_t *)image.owned)[i] = (uint8_t)(i * i + 7 * i);
            const char *path = temporary("written.png");
            assert_int_equal(fv_png_write(path, &image), FV_OK);
            assert_int_equal(fv_image_read(path, NULL, &back), FV_OK);
            assert_int_equal(back.channels, channels);
            assert_int_equal(back.depth, depth);
            assert_memory_equal(back.pixels, image.pixels, bytes);
            fv_image_free(&image);
            fv_image_free(&back);
        }
}

static void reports_where_it_cannot_write(void **state) {
    (void)state;
    fv_image image;
    assert_int_equal(fv_image_new(&image, 2, 2, 1, 8), FV_OK);
    assert_int_equal(fv_png_write(temporary("no/such/folder.png"), &image), FV_IO_ERROR);
    assert_contains(fv_error(), "no/such/folder.png");
    fv_image_free(&image);
    assert_int_equal(fv_image_read(temporary("none.png"), NULL, &image), FV_IO_ERROR);
    assert_null(image.owned);
}

static void survives_failing_allocations(void **state) {
    (void)state;
    begin(2, 2, 8, 2);
    put_data((uint8_t[]){0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6}, 14);
    for (long i = 0;; i++) {
        fv_image image;
        fv_memory_fail_after(i);
        fv_status status = fv_image_decode(file, length, "a.png", NULL, &image);
        long made = fv_memory_fail_after(-1);
        fv_image_free(&image);
        if (made <= i) break;
        assert_int_not_equal(status, FV_OK); /* zlib's failures come through libspng as errors of the stream */
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_pillow),
        cmocka_unit_test(refuses_truncation),
        cmocka_unit_test(survives_flipped_bits),
        cmocka_unit_test(is_told_from_its_content),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(refuses_every_wrong_checksum),
        cmocka_unit_test(refuses_claims_beyond_the_memory_rule),
        cmocka_unit_test(refuses_what_is_corrupt),
        cmocka_unit_test(does_not_inflate_metadata),
        cmocka_unit_test(names_what_cannot_be_read),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(reports_where_it_cannot_write),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
