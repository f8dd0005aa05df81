/* Changes of color against torchvision's numbers. */
#include "augment/augment.h"
#include "support/unit.h"

#include <math.h>

#include "augment/color_fixtures.h"

enum { WIDTH = 6, HEIGHT = 5, PIXELS = WIDTH * HEIGHT };
static const fv_frame frame = {WIDTH, HEIGHT, WIDTH, HEIGHT};

/* The picture after transforms whose spans are single numbers. */
static void augmented(const char *text, int depth, fv_preprocess p, int channels, float *x) {
    fv_augment augment;
    uint16_t words[PIXELS * 3];
    for (int i = 0; i < PIXELS * 3; i++) words[i] = (uint16_t)(color_pixels[i] * 257);
    fv_image image = {.width = WIDTH, .height = HEIGHT, .channels = 3, .depth = depth, .pixels = color_pixels};
    if (depth == 16) image.pixels = words;
    if (fv_augment_parse(text, &augment) != FV_OK) fail_msg("%s", fv_error());
    fv_distortion d = fv_augment_draw(&augment, 1, 2, 3, &frame);
    assert_int_equal(fv_prepare_distorted(&image, &p, channels, HEIGHT, WIDTH, &d, x), FV_OK);
}

static void assert_near(const char *what, const float *x, const float *expected) {
    for (int i = 0; i < 3 * PIXELS; i++)
        if (!(fabsf(x[i] - expected[i]) < 2e-5f))
            fail_msg("%s: value %d is %g, not %g", what, i, (double)x[i], (double)expected[i]);
}

static void equals_torchvision(void **state) {
    (void)state;
    for (size_t n = 0; n < sizeof color_cases / sizeof *color_cases; n++)
        for (int depth = 8; depth <= 16; depth += 8) {
            float x[3 * PIXELS];
            augmented(color_cases[n].text, depth, (fv_preprocess){0}, 3, x);
            assert_near(color_cases[n].text, x, color_cases[n].planes);
        }
}

/* Levels spread as there; a picture of too few pixels stays as it is. */
static void equalize_is_torchvisions(void **state) {
    (void)state;
    enum { W = 50, H = 40 };
    static uint8_t pixels[W * H];
    static float x[W * H];
    fv_augment augment;
    assert_int_equal(fv_augment_parse("equalize:1", &augment), FV_OK);
    for (uint64_t i = 0; i < W * H; i++) {
        uint64_t v = (i * 2654435761u >> 11) % 180;
        pixels[i] = (uint8_t)(v * v / 180 + 30);
    }
    fv_distortion d = fv_augment_draw(&augment, 0, 0, 0, &(fv_frame){W, H, W, H});
    fv_image image = {.width = W, .height = H, .channels = 1, .depth = 8, .pixels = pixels};
    assert_int_equal(fv_prepare_distorted(&image, &(fv_preprocess){0}, 1, H, W, &d, x), FV_OK);
    for (int i = 0; i < W * H; i++) assert_float_equal(x[i] * 255, equalized[pixels[i]], 1e-3f);
    image.height = 5;
    assert_int_equal(fv_prepare_distorted(&image, &(fv_preprocess){0}, 1, 5, W, &d, x), FV_OK);
    for (int i = 0; i < W * 5; i++) assert_float_equal(x[i] * 255, pixels[i], 1e-3f);
}

/* Several happen in the order in which they stand, the mean that contrast takes being that of the steps before it. */
static void steps_follow_each_other(void **state) {
    (void)state;
    static const char text[] = "brightness:1.3-1.3 contrast:0.6-0.6 saturation:1.5-1.5 hue:0.1-0.1";
    float x[3 * PIXELS];
    augmented(text, 8, (fv_preprocess){0}, 3, x);
    assert_near(text, x, color_chain);
}

static void normalisation_and_order_come_after(void **state) {
    (void)state;
    float x[3 * PIXELS];
    augmented("hue:0.4-0.4", 8, (fv_preprocess){.channels = FV_BGR, .mean = {.1f, .2f, .3f}, .std = {.5f, .25f, 2}}, 3,
              x);
    static const float mean[] = {.1f, .2f, .3f}, std[] = {.5f, .25f, 2};
    float back[3 * PIXELS], expected[3 * PIXELS];
    augmented("hue:0.4-0.4", 8, (fv_preprocess){0}, 3, expected);
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < PIXELS; i++) back[(2 - c) * PIXELS + i] = x[c * PIXELS + i] * std[c] + mean[c];
    assert_near("bgr", back, expected);
}

/* On one channel brightness and contrast do what they say; the others need color. */
static void gray_input(void **state) {
    (void)state;
    float plain[PIXELS], x[PIXELS];
    double mean = 0;
    augmented("", 8, (fv_preprocess){.channels = FV_GRAY}, 1, plain);
    for (int i = 0; i < PIXELS; i++) mean += (double)plain[i] / PIXELS;
    augmented("saturation:0-0 hue:0.4-0.4 gray:1", 8, (fv_preprocess){.channels = FV_GRAY}, 1, x);
    for (int i = 0; i < PIXELS; i++) assert_float_equal(x[i], plain[i], 1e-6f);
    augmented("contrast:0.5-0.5 brightness:0.5-0.5", 8, (fv_preprocess){.channels = FV_GRAY}, 1, x);
    for (int i = 0; i < PIXELS; i++) assert_float_equal(x[i], 0.25 * (plain[i] + mean), 1e-5f);
}

/* More pixels than a stretch holds, and alpha, which stays. */
static void large_pictures_with_alpha(void **state) {
    (void)state;
    enum { SIDE = 47, COUNT = SIDE * SIDE };
    static uint8_t pixels[COUNT][4];
    static float x[4 * COUNT];
    double mean = 0;
    for (int i = 0; i < COUNT; i++) {
        for (int k = 0; k < 4; k++) pixels[i][k] = (uint8_t)((i * 4 + k) * 2654435761u >> 9);
        mean += (0.2989 * pixels[i][0] + 0.587 * pixels[i][1] + 0.114 * pixels[i][2]) / 255 / COUNT;
    }
    fv_image image = {.width = SIDE, .height = SIDE, .channels = 4, .depth = 8, .pixels = pixels};
    fv_augment augment;
    assert_int_equal(fv_augment_parse("contrast:0.5-0.5", &augment), FV_OK);
    fv_distortion d = fv_augment_draw(&augment, 0, 0, 0, &(fv_frame){SIDE, SIDE, SIDE, SIDE});
    assert_int_equal(fv_prepare_distorted(&image, &(fv_preprocess){0}, 4, SIDE, SIDE, &d, x), FV_OK);
    for (int i = 0; i < COUNT; i++) {
        for (int k = 0; k < 3; k++) assert_float_equal(x[k * COUNT + i], 0.5 * pixels[i][k] / 255 + 0.5 * mean, 1e-5f);
        assert_float_equal(x[3 * COUNT + i], pixels[i][3] / 255.f, 1e-6f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_torchvision),
        cmocka_unit_test(equalize_is_torchvisions),
        cmocka_unit_test(steps_follow_each_other),
        cmocka_unit_test(normalisation_and_order_come_after),
        cmocka_unit_test(gray_input),
        cmocka_unit_test(large_pictures_with_alpha),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
