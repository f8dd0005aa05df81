#include "image/alpha.h"

#include "image/pictures.h"
#include "support/unit.h"

#include <zlib.h>

#include "image/alpha_fixtures.h"

static void equals(const fv_image *in, uint32_t background, const uint8_t *expected) {
    fv_image out;
    assert_int_equal(fv_over_background(in, background, &out), FV_OK);
    assert_int_equal(out.channels, 3);
    assert_memory_equal(out.pixels, expected, fv_image_samples(&out));
    fv_image_free(&out);
}

static void equals_pillow(void **state) {
    (void)state;
    fv_image in = picture(13, 9, 4, 8);
    equals(&in, 0, over_white);
    equals(&in, FV_WHITE, over_white);
    equals(&in, FV_BACKGROUND(200, 100, 7), over_color);
    fv_image_free(&in);
}

static void equals_pillow_for_every_color_and_alpha(void **state) {
    (void)state;
    fv_image in, out;
    assert_int_equal(fv_image_new(&in, 256, 256, 4, 8), FV_OK);
    for (int i = 0; i < 256 * 256 * 4; i++) ((uint8_t *)in.owned)[i] = (uint8_t)(i % 4 == 3 ? i / 4 % 256 : i / 1024);
    assert_int_equal(fv_over_background(&in, FV_BACKGROUND(200, 100, 7), &out), FV_OK);
    assert_int_equal(crc32(0, out.pixels, (uInt)fv_image_samples(&out)) >> 1, EVERY_CRC);
    fv_image_free(&in);
    fv_image_free(&out);
}

/* Samples times 257: the result too, but for the rounding of 8 bits. */
static void sixteen_bits_agree_with_eight(void **state) {
    (void)state;
    fv_image in = picture(13, 9, 4, 16), out;
    assert_int_equal(fv_over_background(&in, FV_BACKGROUND(200, 100, 7), &out), FV_OK);
    assert_int_equal(out.depth, 16);
    for (size_t i = 0; i < fv_image_samples(&out); i++) {
        int wide = ((const uint16_t *)out.pixels)[i];
        assert_in_range(wide, over_color[i] == 0 ? 0 : over_color[i] * 257 - 129, over_color[i] * 257 + 129);
    }
    fv_image_free(&in);
    fv_image_free(&out);
}

static void gray_stays_gray_where_it_can(void **state) {
    (void)state;
    fv_image in = picture(4, 3, 2, 8), out;
    assert_int_equal(fv_over_background(&in, FV_BACKGROUND(9, 9, 9), &out), FV_OK);
    assert_int_equal(out.channels, 1);
    fv_image_free(&out);
    assert_int_equal(fv_over_background(&in, FV_BACKGROUND(9, 9, 8), &out), FV_OK);
    assert_int_equal(out.channels, 3);
    fv_image_free(&out);
    fv_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_pillow),
        cmocka_unit_test(equals_pillow_for_every_color_and_alpha),
        cmocka_unit_test(sixteen_bits_agree_with_eight),
        cmocka_unit_test(gray_stays_gray_where_it_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
