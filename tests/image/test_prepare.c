#include "image/prepare.h"

#include "core/memory.h"
#include "image/pictures.h"
#include "support/unit.h"

#include <math.h>

#include "image/resample_fixtures.h"

static fv_image borrow(const void *pixels, int width, int height, int channels, int depth) {
    return (fv_image){.width = width, .height = height, .channels = channels, .depth = depth, .pixels = pixels};
}

static void expect(const fv_image *image, fv_preprocess p, int c, const float *expected) {
    float x[64];
    size_t count = (size_t)image->width * (size_t)image->height * (size_t)c;
    assert_int_equal(fv_prepare_check(&p, c, image->height, image->width), FV_OK);
    assert_int_equal(fv_prepare(image, &p, c, image->height, image->width, x), FV_OK);
    for (size_t i = 0; i < count; i++) assert_float_equal(x[i], expected[i], 1e-6f);
}

static void orders_channels(void **state) {
    (void)state;
    static const uint8_t rgba[] = {255, 51, 0, 7, 0, 102, 204, 9}, gray[] = {51, 255};
    fv_image color = borrow(rgba, 2, 1, 4, 8), rgb = borrow(rgba, 2, 1, 3, 8), pale = borrow(gray, 2, 1, 1, 8);
    expect(&color, (fv_preprocess){0}, 4, (float[]){1, 0, .2f, .4f, 0, .8f, 7 / 255.f, 9 / 255.f});
    expect(&rgb, (fv_preprocess){.channels = FV_RGB}, 3, (float[]){1, 7 / 255.f, .2f, 0, 0, .4f});
    expect(&pale, (fv_preprocess){0}, 3, (float[]){.2f, 1, .2f, 1, .2f, 1});
    expect(&pale, (fv_preprocess){0}, 1, (float[]){.2f, 1});
}

static void puts_alpha_over_the_background(void **state) {
    (void)state;
    static const uint8_t rgba[] = {255, 51, 0, 0, 0, 102, 204, 255}, gray[] = {51, 255, 0, 0, 255, 51};
    fv_image color = borrow(rgba, 2, 1, 4, 8), pale = borrow(gray, 3, 1, 2, 8);
    fv_preprocess red = {.background = FV_BACKGROUND(255, 0, 0)}, black = {.background = FV_BACKGROUND(0, 0, 0)};
    expect(&color, (fv_preprocess){0}, 3, (float[]){1, 0, 1, .4f, 1, .8f});
    expect(&color, (fv_preprocess){.channels = FV_BGR}, 3, (float[]){1, .8f, 1, .4f, 1, 0});
    expect(&color, red, 3, (float[]){1, 0, 0, .4f, 0, .8f});
    expect(&pale, (fv_preprocess){0}, 1, (float[]){.2f, 1, 1});
    expect(&pale, black, 1, (float[]){.2f, 0, .2f});
    expect(&pale, red, 3, (float[]){.2f, 1, 1, .2f, 0, .2f, .2f, 0, .2f});
    expect(&pale, red, 1, (float[]){.2f, 76 / 255.f, 112 / 255.f}); /* of (255,0,0) and (255,51,51) */
    expect(&pale, black, 2, (float[]){.2f, 0, 1, 1, 0, .2f});
}

static void normalises(void **state) {
    (void)state;
    static const uint8_t gray[] = {0, 51, 255};
    static const uint16_t deep[] = {0, 13107, 65535};
    fv_preprocess p = {.mean = {.2f}, .std = {.5f}};
    fv_image image = borrow(gray, 3, 1, 1, 8), image16 = borrow(deep, 3, 1, 1, 16);
    expect(&image, p, 1, (float[]){-.4f, 0, 1.6f});
    expect(&image16, p, 1, (float[]){-.4f, 0, 1.6f});
}

static void gray_is_pillows(void **state) {
    (void)state;
    fv_image rgb = picture(40, 1, 3, 8);
    float x[40];
    fv_preprocess p = {.channels = FV_GRAY};
    assert_int_equal(fv_prepare(&rgb, &p, 1, 1, 40, x), FV_OK);
    for (int i = 0; i < 40; i++) assert_float_equal(x[i], (float)luma[i] / 255.f, 1e-6f);
    fv_image_free(&rgb);
}

/* Wide images take the vector path, the last pixels its remainder. */
static void wide_images_are_prepared_alike(void **state) {
    (void)state;
    for (int width = 1; width < 100; width++)
        for (int channels = 1; channels <= 4; channels++) {
            fv_image image = picture(width, 2, channels, 8);
            float x[800];
            fv_preprocess p = {.mean = {.1f, .2f, .3f, .4f}, .std = {.5f, .6f, .7f, .8f}};
            assert_int_equal(fv_prepare(&image, &p, channels, 2, width, x), FV_OK);
            for (int c = 0; c < channels; c++)
                for (int i = 0; i < 2 * width; i++) {
                    float pixel = ((const uint8_t *)image.pixels)[i * channels + c];
                    assert_float_equal(x[c * 2 * width + i], (pixel / 255.f - p.mean[c]) / p.std[c], 1e-5f);
                }
            fv_image_free(&image);
        }
}

static void resizes_where_sizes_differ(void **state) {
    (void)state;
    fv_image image = picture(13, 9, 1, 8);
    float x[35];
    fv_preprocess p = {0};
    assert_int_equal(fv_prepare(&image, &p, 1, 5, 7, x), FV_OK);
    for (int i = 0; i < 35; i++) assert_float_equal(x[i], (float)pil_0[i] / 255.f, 1e-6f);
    p.resize = FV_RESIZE_CV2;
    assert_int_equal(fv_prepare(&image, &p, 1, 5, 7, x), FV_OK);
    for (int i = 0; i < 35; i++) assert_float_equal(x[i], (float)cv2_0[i] / 255.f, 1e-6f);
    fv_image_free(&image);
}

static void refuses_what_does_not_fit(void **state) {
    (void)state;
    fv_image image = picture(2, 2, 3, 8);
    float x[8];
    fv_preprocess p = {0};
    assert_int_equal(fv_prepare(&image, &p, 2, 2, 2, x), FV_UNSUPPORTED);
    assert_string_equal(fv_error(), "an image of 3 channels cannot fill an input of 2");
    fv_image_free(&image);
    assert_int_equal(fv_prepare_check(&(fv_preprocess){.channels = FV_RGB}, 1, 2, 2), FV_BAD_ARGUMENT);
    assert_int_equal(fv_prepare_check(&(fv_preprocess){.channels = (fv_channels)9}, 3, 2, 2), FV_BAD_ARGUMENT);
    assert_int_equal(fv_prepare_check(&p, 5, 2, 2), FV_BAD_ARGUMENT);
    assert_int_equal(fv_prepare_check(&(fv_preprocess){.resize = (fv_resize)9}, 3, 2, 2), FV_BAD_ARGUMENT);
    assert_int_equal(fv_prepare_check(&(fv_preprocess){.background = 0xffffff}, 3, 2, 2), FV_BAD_ARGUMENT);
    assert_string_equal(fv_error(), "preprocess background 0xffffff: must be FV_BACKGROUND(red, green, blue)");
    assert_int_equal(fv_prepare_check(&(fv_preprocess){.mean = {0, INFINITY}}, 3, 2, 2), FV_BAD_ARGUMENT);
    assert_string_equal(fv_error(), "preprocess channel 1: mean inf, std 0: must be finite, std above 0");
}

static void survives_failing_allocations(void **state) {
    (void)state;
    fv_image in = picture(9, 9, 3, 8);
    fv_preprocess p = {.channels = FV_GRAY};
    float x[16];
    for (long i = 0;; i++) {
        fv_memory_fail_after(i);
        fv_status status = fv_prepare(&in, &p, 1, 4, 4, x);
        if (fv_memory_fail_after(-1) <= i) break;
        assert_int_equal(status, FV_NO_MEMORY);
    }
    fv_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_channels),
        cmocka_unit_test(puts_alpha_over_the_background),
        cmocka_unit_test(normalises),
        cmocka_unit_test(gray_is_pillows),
        cmocka_unit_test(wide_images_are_prepared_alike),
        cmocka_unit_test(resizes_where_sizes_differ),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
