#include "image/fixture.h"
#include "image/tiff.h"
#include "support/unit.h"

#include <string.h>

#include "image/tiff_fixtures.h"

enum { CASES = sizeof tiff_fixtures / sizeof *tiff_fixtures };

static void each(void (*check)(const fixture *)) {
    for (size_t i = 0; i < CASES; i++) check(&tiff_fixtures[i]);
}

static void equals_pillow(void **s) { (void)s, each(fixture_is_read); }
static void refuses_truncation(void **s) { (void)s, each(fixture_is_read_whole_or_not); }
static void survives_flipped_bits(void **s) { (void)s, each(fixture_survives_flipped_bits); }
static void survives_failing_allocations(void **s) { (void)s, each(fixture_survives_failing_allocations); }

static void says_what_it_does_not_read(void **state) {
    (void)state;
    refuse_bytes(tiff_lzma, sizeof tiff_lzma, FV_UNSUPPORTED, "TIFF: compression 34925 is not read: use none, LZW");
    refuse_bytes(tiff_floats, sizeof tiff_floats, FV_UNSUPPORTED, "samples that are floats are not read");
    refuse_bytes(tiff_signed, sizeof tiff_signed, FV_UNSUPPORTED, "samples that are signed integers are not read");
    refuse_bytes(tiff_lab, sizeof tiff_lab, FV_UNSUPPORTED, "photometric interpretation 8 is not read");
    refuse_bytes(tiff_ycbcr, sizeof tiff_ycbcr, FV_UNSUPPORTED, "interpretation 6 (YCbCr) without JPEG is not read");
    refuse_bytes("II*\0\x08\0\0\0", 8, FV_BAD_DATA, "TIFF: ");
}

/* ---- Files of tags, little-endian ----------------------------------------------------------------------------------- */

enum { SHORT = 3, LONG = 4, ASCII = 2 };
static uint8_t file[1 << 12];
static size_t length;

static void put(size_t bytes, uint64_t x) {
    for (size_t i = 0; i < bytes; i++) file[length++] = (uint8_t)(x >> 8 * i);
}

static void begin(void) {
    memcpy(file, "II*\0\x08\0\0\0\0\0", 10);
    length = 10;
}

static void tag(int number, int type, uint32_t count, uint32_t value) {
    put(2, (uint64_t)number), put(2, (uint64_t)type), put(4, count), put(4, value);
    file[8]++;
}

static void gray(uint32_t width, uint32_t height) {
    begin();
    tag(256, LONG, 1, width), tag(257, LONG, 1, height), tag(258, SHORT, 1, 8), tag(259, SHORT, 1, 5),
        tag(262, SHORT, 1, 1);
}

static void end(size_t data) {
    put(4, 0);
    memset(file + length, 7, data);
    length += data;
}

static void refuses_claims_beyond_the_memory_rule(void **state) {
    (void)state;
    gray(60000, 60000);
    tag(273, LONG, 1, 200), tag(278, LONG, 1, 60000), tag(279, LONG, 1, 16);
    end(64);
    refuse_bytes(file, length, FV_BAD_DATA, "claims 60000x60000 pixels in blocks of 60000x60000, too many for");
    gray(1, 60000); /* a small picture of huge tiles, each of which would be decoded */
    tag(322, LONG, 1, 60000), tag(323, LONG, 1, 1), tag(324, LONG, 1, 200), tag(325, LONG, 1, 16);
    end(64);
    refuse_bytes(file, length, FV_BAD_DATA, "claims 1x60000 pixels in blocks of 60000x1, too many for");
    gray(65536, 1);
    tag(273, LONG, 1, 200), tag(278, LONG, 1, 1), tag(279, LONG, 1, 16);
    end(64);
    refuse_bytes(file, length, FV_BAD_DATA, "an image of 65536x1 pixels: a side must be 1..65535");
}

static void refuses_tags_that_claim_the_file_many_times(void **state) {
    (void)state;
    gray(4, 4);
    tag(273, LONG, 1, 200), tag(278, LONG, 1, 4), tag(279, LONG, 1, 16);
    for (int i = 0; i < 20; i++) tag(40000 + i, ASCII, 1000, 300);
    end(1200);
    assert_int_equal(fv_tiff_claims(file, length), 20 * 1000 + 5 * 4 + 3 * 2);
    refuse_bytes(file, length, FV_BAD_DATA, "its tags claim 20026 bytes, of ");
}

/* `strips` strips of a row, all of them the same `bytes` bytes. */
static void refuse_strips(uint32_t strips, uint32_t bytes, const char *part) {
    gray(4, strips);
    size_t values = length + 3 * 12 + 4;
    tag(273, LONG, strips, (uint32_t)values), tag(278, LONG, 1, 1),
        tag(279, LONG, strips, (uint32_t)values + 4 * strips);
    put(4, 0);
    for (uint32_t i = 0; i < strips; i++) put(4, values + 8 * strips);
    for (uint32_t i = 0; i < strips; i++) put(4, bytes);
    memset(file + length, 0, 200);
    length += 200;
    refuse_bytes(file, length, FV_BAD_DATA, part);
}

static void refuses_what_takes_too_long(void **state) {
    (void)state;
    refuse_strips(30, 36, "TIFF: Using code not yet in table"); /* 1080 bytes of 550 */
    refuse_strips(30, 37, "its blocks claim more than 2 times its 550 bytes");
    for (int scans = 29; scans <= 30; scans++) {
        gray(3000, 3000);
        tag(273, LONG, 1, 200), tag(278, LONG, 1, 3000), tag(279, LONG, 1, 100);
        file[10 + 3 * 12 + 8] = 7; /* compression: JPEG */
        end(200);
        for (int i = 0; i < scans; i++) memcpy(file + 200 + 2 * i, "\xff\xda", 2);
        assert_int_equal(fv_tiff_jpeg_scans(file, length), scans);
        refuse_bytes(file, length, FV_BAD_DATA,
                     scans == 29 ? "TIFF: Not a JPEG" : "blocks of 3000x3000 pixels in too many scans for 310 bytes");
    }
}

/* A strip that is a WebP file, which claims 65536 groups of prefix codes (see test_webp.c). */
static void refuses_codes_of_webp(void **state) {
    (void)state;
    static const uint8_t webp[] = "RIFF\x18\0\0\0WEBPVP8L\x0c\0\0\0\x2f\xff\xc3\xff\0\x84\xfe\xf7\x3f\x22\0";
    gray(1024, 1024);
    tag(273, LONG, 1, 200), tag(277, SHORT, 1, 3), tag(278, LONG, 1, 1024), tag(279, LONG, 1, sizeof webp);
    file[10 + 2 * 12 + 4] = 3, file[10 + 2 * 12 + 8] = 190;                                /* three samples of 8 bits */
    file[10 + 3 * 12 + 8] = 0x51, file[10 + 3 * 12 + 9] = 0xc3, file[10 + 4 * 12 + 8] = 2; /* WebP, RGB */
    end(200);
    memcpy(file + 190, "\10\0\10\0\10", 6);
    memcpy(file + 200, webp, sizeof webp);
    refuse_bytes(file, length, FV_BAD_DATA, "the prefix codes of block 0 would take too much memory for");
    file[10 + 8] = 0xff, file[10 + 9] = 3;
    refuse_bytes(file, length, FV_BAD_DATA, "block 0 is no WebP picture of at most 1023x1024 pixels");
}

static void sees_the_windows_of_zstandard(void **state) {
    (void)state;
    static const uint8_t window[] = "..\x28\xb5\x2f\xfd\x00\x58"; /* exponent 11, mantissa 0 */
    static const uint8_t larger[] = "\x28\xb5\x2f\xfd\x00\x59.\x28\xb5\x2f\xfd\x00\x00";
    static const uint8_t single[] =
        "\x28\xb5\x2f\xfd\x61.\x10\x02"; /* an identifier, and a content of 2 bytes: + 256 */
    assert_int_equal(fv_tiff_zstd_window(window, sizeof window - 1), 2 << 20);
    assert_int_equal(fv_tiff_zstd_window(larger, sizeof larger - 1), 9 << 18);
    assert_int_equal(fv_tiff_zstd_window(single, sizeof single - 1), 0x210 + 256);
    assert_int_equal(fv_tiff_zstd_window((const uint8_t *)"no frame", 8), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_pillow),
        cmocka_unit_test(refuses_truncation),
        cmocka_unit_test(survives_flipped_bits),
        cmocka_unit_test(survives_failing_allocations),
        cmocka_unit_test(says_what_it_does_not_read),
        cmocka_unit_test(refuses_claims_beyond_the_memory_rule),
        cmocka_unit_test(refuses_tags_that_claim_the_file_many_times),
        cmocka_unit_test(refuses_what_takes_too_long),
        cmocka_unit_test(refuses_codes_of_webp),
        cmocka_unit_test(sees_the_windows_of_zstandard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
