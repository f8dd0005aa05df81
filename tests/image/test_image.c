#include "image/image.h"

#include "core/memory.h"
#include "support/unit.h"

static void has_zeroed_pixels(void **state) {
    (void)state;
    fv_image image;
    assert_int_equal(fv_image_new(&image, 7, 5, 3, 16), FV_OK);
    assert_int_equal(fv_image_samples(&image), 105);
    for (int i = 0; i < 105; i++) assert_int_equal(((const uint16_t *)image.pixels)[i], 0);
    fv_image_free(&image);
    assert_null(image.pixels);
    fv_image_free(&image); /* twice is fine */
}

static void refuses_other_shapes(void **state) {
    (void)state;
    static const int shapes[][4] = {{0, 1, 1, 8}, {1, -1, 1, 8}, {65536, 1, 1, 8},    {1, 1, 0, 8},
                                    {1, 1, 5, 8}, {1, 1, 1, 12}, {65535, 65535, 1, 8}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        fv_image image;
        const int *s = shapes[i];
        assert_int_not_equal(fv_image_new(&image, s[0], s[1], s[2], s[3]), FV_OK);
        assert_contains(fv_error(), "an image of ");
        assert_null(image.pixels);
    }
}

static void reports_lack_of_memory(void **state) {
    (void)state;
    fv_image image;
    fv_memory_fail_after(0);
    assert_int_equal(fv_image_new(&image, 7, 5, 3, 8), FV_NO_MEMORY);
    fv_memory_fail_after(-1);
    assert_null(image.owned);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_zeroed_pixels),
        cmocka_unit_test(refuses_other_shapes),
        cmocka_unit_test(reports_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
