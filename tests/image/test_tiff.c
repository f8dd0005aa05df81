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
        cmocka_unit_test(sees_the_windows_of_zstandard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
