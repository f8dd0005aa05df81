#include "core/memory.h"
#include "image/orient.h"
#include "image/pictures.h"
#include "support/unit.h"

#include <string.h>

/* A picture of three columns and two rows, 123/456, as EXIF's orientations want it to be seen. */
static const struct {
    int width, height;
    const char *rows;
} seen[9] = {[1] = {3, 2, "123456"}, [2] = {3, 2, "321654"}, [3] = {3, 2, "654321"}, [4] = {3, 2, "456123"},
             [5] = {2, 3, "142536"}, [6] = {2, 3, "415263"}, [7] = {2, 3, "635241"}, [8] = {2, 3, "362514"}};

/* Every sample of a pixel is its digit; the channels are told apart by their upper bits. */
static void put_digits(fv_image *image, const char *digits) {
    for (size_t i = 0; i < fv_image_samples(image); i++) {
        size_t pixel = i / (size_t)image->channels, channel = i % (size_t)image->channels;
        if (image->depth == 8)
            ((uint8_t *)image->owned)[i] = (uint8_t)(digits[pixel] + 64 * (int)channel);
        else
            ((uint16_t *)image->owned)[i] = (uint16_t)(digits[pixel] + 640 * (int)channel);
    }
}

static void turns_pixels_of_every_kind(void **state) {
    (void)state;
    for (int orientation = 1; orientation <= 8; orientation++)
        for (int channels = 1; channels <= 4; channels++)
            for (int depth = 8; depth <= 16; depth += 8) {
                fv_image image = picture(3, 2, channels, depth);
                fv_image expected = picture(seen[orientation].width, seen[orientation].height, channels, depth);
                put_digits(&image, "123456");
                put_digits(&expected, seen[orientation].rows);
                assert_int_equal(fv_orient(&image, orientation), FV_OK);
                assert_int_equal(image.width, expected.width);
                assert_int_equal(image.height, expected.height);
                assert_int_equal(image.channels, channels);
                assert_int_equal(image.depth, depth);
                assert_memory_equal(image.pixels, expected.pixels, fv_image_samples(&image) * (size_t)depth / 8);
                fv_image_free(&image);
                fv_image_free(&expected);
            }
}

/* Larger than a tile, by an odd amount. */
static void turns_large_pictures(void **state) {
    (void)state;
    fv_image stored = picture(70, 45, 3, 8), image = picture(70, 45, 3, 8);
    assert_int_equal(fv_orient(&image, 6), FV_OK);
    for (int y = 0; y < 70; y++)
        for (int x = 0; x < 45; x++)
            assert_memory_equal((const uint8_t *)image.pixels + (y * 45 + x) * 3,
                                (const uint8_t *)stored.pixels + ((44 - x) * 70 + y) * 3, 3);
    assert_int_equal(fv_orient(&image, 8), FV_OK); /* and back */
    assert_memory_equal(image.pixels, stored.pixels, fv_image_samples(&image));
    fv_image_free(&stored);
    fv_image_free(&image);
}

static void leaves_upright_ones_alone(void **state) {
    (void)state;
    fv_image image = picture(3, 2, 1, 8);
    const void *pixels = image.pixels;
    static const int orientations[] = {-1, 0, 1, 9};
    for (size_t i = 0; i < sizeof orientations / sizeof *orientations; i++) {
        assert_int_equal(fv_orient(&image, orientations[i]), FV_OK);
        assert_ptr_equal(image.pixels, pixels);
    }
    fv_image_free(&image);
}

static void keeps_the_image_on_failure(void **state) {
    (void)state;
    fv_image image = picture(3, 2, 1, 8);
    const void *pixels = image.pixels;
    fv_memory_fail_after(0);
    assert_int_equal(fv_orient(&image, 6), FV_NO_MEMORY);
    fv_memory_fail_after(-1);
    assert_ptr_equal(image.pixels, pixels);
    assert_int_equal(image.width, 3);
    fv_image_free(&image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_pixels_of_every_kind),
        cmocka_unit_test(turns_large_pictures),
        cmocka_unit_test(leaves_upright_ones_alone),
        cmocka_unit_test(keeps_the_image_on_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
