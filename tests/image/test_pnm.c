#include "core/memory.h"
#include "image/decode.h"
#include "image/fixture.h"
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "image/pnm_fixtures.h"

enum { CASES = sizeof pnm_fixtures / sizeof *pnm_fixtures };

static void each(void (*check)(const fixture *)) {
    for (size_t i = 0; i < CASES; i++) check(&pnm_fixtures[i]);
}

static void equals_pillow(void **s) { (void)s, each(fixture_is_read); }
static void refuses_truncation(void **s) { (void)s, each(fixture_is_read_whole_or_not); }
static void survives_flipped_bits(void **s) { (void)s, each(fixture_survives_flipped_bits); }
static void survives_failing_allocations(void **s) { (void)s, each(fixture_survives_failing_allocations); }

static fv_image expect(const void *bytes, size_t count, int width, int height, int channels, int depth) {
    fv_image image;
    if (fv_image_decode(bytes, count, "a.pnm", NULL, &image) != FV_OK) fail_msg("%s", fv_error());
    assert_int_equal(image.width, width);
    assert_int_equal(image.height, height);
    assert_int_equal(image.channels, channels);
    assert_int_equal(image.depth, depth);
    return image;
}

static void expect_bytes(const char *text, size_t count, int channels, const uint8_t *pixels) {
    fv_image image = expect(text, count, 2, 1, channels, 8);
    assert_memory_equal(image.pixels, pixels, (size_t)(2 * channels));
    fv_image_free(&image);
}

static void reads_text(void **state) {
    (void)state;
    static const char gray[] = "P2\n# a comment\n2 1 # 3 3\n255\n7 200", color[] = "P3 2 1 15 0 1 2\t3\r\n4 15\n";
    expect_bytes(gray, strlen(gray), 1, (uint8_t[]){7, 200});
    expect_bytes(color, strlen(color), 3, (uint8_t[]){0, 17, 34, 51, 68, 255});
}

static void reads_binary(void **state) {
    (void)state;
    expect_bytes("P5 2 1 255\n\x07\xc8", 13, 1, (uint8_t[]){7, 200});
    expect_bytes("P5 2 1 255\n#!", 13, 1, (uint8_t[]){'#', '!'}); /* no comment after the header */
    expect_bytes("P6 2 1 255\nabcdefP6 further", 27, 3, (const uint8_t *)"abcdef");
    expect_bytes("P5 2 1 1 \x01\x00", 11, 1, (uint8_t[]){255, 0});
}

static void reads_16_bits(void **state) {
    (void)state;
    fv_image image = expect("P5 1 1 65535\n\x12\x34", 15, 1, 1, 1, 16);
    assert_int_equal(*(const uint16_t *)image.pixels, 0x1234);
    fv_image_free(&image);
    image = expect("P2 1 1 1000 500", 15, 1, 1, 1, 16);
    assert_int_equal(*(const uint16_t *)image.pixels, 32768);
    fv_image_free(&image);
}

static void refuses_damage(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"P1 2 1\n0", "truncated: 1 bytes left for 2x1x1 samples"},
        {"P1 2 1\n02", "sample 1 of 2 is missing or not a number of at most 1"},
        {"P1 2 1\n0 ", "sample 1 of 2"},
        {"P4 9 2\nabc", "truncated"},
        {"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nENDHDR\na", "each 1..65535, and a depth of 1..4"},
        {"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 5\nMAXVAL 255\nENDHDR\nabcde", "header"},
        {"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\na", "header"},
        {"P7\nWIDE 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nENDHDR\na", "header"},
        {"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\nabc", "truncated"},
        {"P5", "header"},
        {"P5 2", "header"},
        {"P5 2 1 255", "header"},
        {"P5 0 1 255\n", "header must be width, height and maximum, each 1..65535"},
        {"P5 -2 1 255\nab", "header"},
        {"P5 65536 1 255\nab", "header"},
        {"P5 99999999999999999999 1 255\nab", "header"},
        {"P5 2 1 65536\nab", "header"},
        {"P5 2 1 0\nab", "header"},
        {"P5 2 1 255\na", "truncated: 1 bytes left for 2x1x1 samples"},
        {"P6 2 1 255\nabcde", "truncated"},
        {"P5 2 1 256\nabc", "truncated"},
        {"P5 65535 65535 255\na", "truncated"},
        {"P2 2 1 255\n1 ", "truncated"},
        {"P2 2 1 255\n1  ", "sample 1 of 2 is missing"},
        {"P2 2 1 255\n1 256", "sample 1 of 2"},
        {"P2 2 1 255\n1 -1", "sample 1 of 2"},
        {"P2 2 1 255\n1 x1", "sample 1 of 2"},
        {"P5 2 1 9\n\x01\x0a", "sample 1 of 2 is missing or not a number of at most 9"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fv_image image;
        assert_int_equal(fv_image_decode(cases[i].text, strlen(cases[i].text), "a.pnm", NULL, &image), FV_BAD_DATA);
        assert_contains(fv_error(), "a.pnm: P");
        assert_contains(fv_error(), cases[i].message);
        assert_null(image.owned);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_pillow),
        cmocka_unit_test(refuses_truncation),
        cmocka_unit_test(survives_flipped_bits),
        cmocka_unit_test(survives_failing_allocations),
        cmocka_unit_test(reads_text),
        cmocka_unit_test(reads_binary),
        cmocka_unit_test(reads_16_bits),
        cmocka_unit_test(refuses_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
