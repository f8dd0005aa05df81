#include "image/resize.h"

#include "image/pictures.h"
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "image/resize_fixtures.h"

static void equals_pillow(void **state) {
    (void)state;
    for (size_t n = 0; n < sizeof resize_cases / sizeof *resize_cases; n++) {
        fv_image in = picture(resize_cases[n].width, resize_cases[n].height, resize_cases[n].channels, 8), out;
        assert_int_equal(fv_resize_pil(&in, resize_cases[n].to_width, resize_cases[n].to_height, &out), FV_OK);
        assert_int_equal(out.width, resize_cases[n].to_width);
        assert_int_equal(out.height, resize_cases[n].to_height);
        assert_memory_equal(out.pixels, resize_cases[n].pixels, fv_image_samples(&out));
        fv_image_free(&in);
        fv_image_free(&out);
    }
}

/* 16 bits: the 8-bit result with more digits. Two roundings of 8 bits are up to 1.01 levels off. */
static void sixteen_bits_agree_with_eight(void **state) {
    (void)state;
    for (size_t n = 0; n < sizeof resize_cases / sizeof *resize_cases; n++) {
        fv_image in = picture(resize_cases[n].width, resize_cases[n].height, resize_cases[n].channels, 16), out;
        assert_int_equal(fv_resize_pil(&in, resize_cases[n].to_width, resize_cases[n].to_height, &out), FV_OK);
        assert_int_equal(out.depth, 16);
        for (size_t i = 0; i < fv_image_samples(&out); i++)
            assert_true(abs(((const uint16_t *)out.pixels)[i] - resize_cases[n].pixels[i] * 257) < 260);
        fv_image_free(&in);
        fv_image_free(&out);
    }
}

/* A plain picture stays plain: the weights of each position sum to 1. */
static void keeps_extremes(void **state) {
    (void)state;
    for (int size = 1; size < 200; size += 7) {
        fv_image in, out;
        assert_int_equal(fv_image_new(&in, 61, 47, 1, 8), FV_OK);
        memset(in.owned, 255, fv_image_samples(&in));
        assert_int_equal(fv_resize_pil(&in, size, 200 - size, &out), FV_OK);
        for (size_t i = 0; i < fv_image_samples(&out); i++) assert_int_equal(((const uint8_t *)out.pixels)[i], 255);
        fv_image_free(&in);
        fv_image_free(&out);
    }
}

static void refuses_no_size(void **state) {
    (void)state;
    fv_image in = picture(3, 3, 1, 8), out;
    assert_int_equal(fv_resize_pil(&in, 0, 3, &out), FV_BAD_ARGUMENT);
    assert_int_equal(fv_resize_pil(&in, 3, 70000, &out), FV_BAD_DATA);
    fv_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_pillow),
        cmocka_unit_test(sixteen_bits_agree_with_eight),
        cmocka_unit_test(keeps_extremes),
        cmocka_unit_test(refuses_no_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
