#include "core/file.h"
#include "core/memory.h"
#include "image/decode.h"
#include "support/unit.h"

#include <string.h>
#include <zlib.h>

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

static void expect_bytes(int width, int height, int channels, const uint8_t *pixels) {
    fv_image image = expect(width, height, channels, 8);
    assert_memory_equal(image.pixels, pixels, fv_image_samples(&image));
    fv_image_free(&image);
}

static void refuse(fv_status status, const char *part) {
    fv_image image;
    assert_int_equal(fv_image_decode(file, length, "a.png", NULL, &image), status);
    assert_contains(fv_error(), "a.png: ");
    assert_contains(fv_error(), part);
    assert_null(image.owned);
}

static void reads_small_depths(void **state) {
    (void)state;
    begin(4, 1, 1, 0);
    put_data((uint8_t[]){0, 0xa0}, 2);
    expect_bytes(4, 1, 1, (uint8_t[]){255, 0, 255, 0});
    begin(4, 1, 2, 0);
    put_data((uint8_t[]){0, 0x1b}, 2);
    expect_bytes(4, 1, 1, (uint8_t[]){0, 85, 170, 255});
    begin(2, 1, 4, 0);
    put_data((uint8_t[]){0, 0x3f}, 2);
    expect_bytes(2, 1, 1, (uint8_t[]){51, 255});
}

static void reads_palettes(void **state) {
    (void)state;
    static const uint8_t palette[] = {1, 2, 3, 40, 50, 60, 7, 8, 9};
    begin(4, 1, 2, 3);
    put_chunk("PLTE", palette, sizeof palette);
    put_data((uint8_t[]){0, 0x18}, 2); /* 0 1 2 0 */
    expect_bytes(4, 1, 3, (uint8_t[]){1, 2, 3, 40, 50, 60, 7, 8, 9, 1, 2, 3});
    begin(2, 1, 8, 3);
    put_chunk("PLTE", palette, sizeof palette);
    put_chunk("tRNS", (uint8_t[]){128}, 1);
    put_data((uint8_t[]){0, 0, 1}, 3);
    expect_bytes(2, 1, 4, (uint8_t[]){1, 2, 3, 128, 40, 50, 60, 255});
}

static void reads_color_and_alpha(void **state) {
    (void)state;
    begin(2, 1, 8, 4);
    put_data((uint8_t[]){0, 10, 255, 20, 0}, 5);
    expect_bytes(2, 1, 2, (uint8_t[]){10, 255, 20, 0});
    begin(2, 1, 8, 2);
    put_data((uint8_t[]){0, 1, 2, 3, 4, 5, 6}, 7);
    expect_bytes(2, 1, 3, (uint8_t[]){1, 2, 3, 4, 5, 6});
    begin(1, 2, 8, 6);
    put_data((uint8_t[]){0, 1, 2, 3, 4, 2, 1, 1, 1, 1}, 10); /* the second row is the first one plus 1 */
    expect_bytes(1, 2, 4, (uint8_t[]){1, 2, 3, 4, 2, 3, 4, 5});
}

static void reads_16_bits(void **state) {
    (void)state;
    begin(1, 1, 16, 2);
    put_data((uint8_t[]){0, 0x12, 0x34, 0xff, 0xfe, 0, 1}, 7);
    fv_image image = expect(1, 1, 3, 16);
    assert_memory_equal(image.pixels, ((uint16_t[]){0x1234, 0xfffe, 1}), 6);
    fv_image_free(&image);
    begin(1, 1, 16, 0);
    put_data((uint8_t[]){0, 0x12, 0x34}, 3);
    image = expect(1, 1, 1, 16);
    assert_int_equal(*(const uint16_t *)image.pixels, 0x1234);
    fv_image_free(&image);
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
    put_chunk("tEXt", "Comment\0hello", 13);
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

static void names_what_cannot_be_read(void **state) {
    (void)state;
    length = 0;
    put("GIF89a", 6);
    refuse(FV_UNSUPPORTED, "GIF images cannot be read yet: convert to PNG");
    length = 0;
    refuse(FV_BAD_DATA, "not an image (PNG, JPEG, PGM or PPM)");
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
        cmocka_unit_test(reads_small_depths),
        cmocka_unit_test(reads_palettes),
        cmocka_unit_test(reads_color_and_alpha),
        cmocka_unit_test(reads_16_bits),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(refuses_every_wrong_checksum),
        cmocka_unit_test(refuses_claims_beyond_the_memory_rule),
        cmocka_unit_test(names_what_cannot_be_read),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(reports_where_it_cannot_write),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
