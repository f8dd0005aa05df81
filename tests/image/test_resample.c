#include "image/resample.h"

#include "core/memory.h"
#include "image/pictures.h"
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "image/resample_fixtures.h"

enum { CASES = sizeof resample_cases / sizeof *resample_cases };

static fv_image resampled(int n, int depth) {
    fv_image in = picture(resample_cases[n].width, resample_cases[n].height, resample_cases[n].channels, depth), out;
    fv_axis x = fv_axis_whole(in.width, resample_cases[n].to_width);
    fv_axis y = fv_axis_whole(in.height, resample_cases[n].to_height);
    x.start = resample_cases[n].left, y.start = resample_cases[n].top;
    x.scale = (resample_cases[n].right - x.start) / x.count, y.scale = (resample_cases[n].bottom - y.start) / y.count;
    if (fv_resample(&in, resample_cases[n].how, &x, &y, &out) != FV_OK) fail_msg("case %d: %s", n, fv_error());
    assert_int_equal(out.width, x.count);
    assert_int_equal(out.height, y.count);
    assert_int_equal(out.channels, in.channels);
    assert_int_equal(out.depth, depth);
    fv_image_free(&in);
    return out;
}

static uint64_t fnv(const fv_image *image) {
    uint64_t sum = 0xcbf29ce484222325;
    for (size_t i = 0; i < fv_image_samples(image); i++)
        sum = (sum ^ ((const uint8_t *)image->pixels)[i]) * 0x100000001b3;
    return sum;
}

/* Bit for bit. */
static void equals_pillow_and_opencv(void **state) {
    (void)state;
    for (int n = 0; n < CASES; n++) {
        fv_image out = resampled(n, 8);
        if (resample_cases[n].pixels) assert_memory_equal(out.pixels, resample_cases[n].pixels, fv_image_samples(&out));
        if (fnv(&out) != resample_cases[n].sum) fail_msg("case %d: other pixels", n);
        fv_image_free(&out);
    }
}

/* 16 bits: the 8-bit result with more digits. Two roundings of 8 bits are up to 1.01 levels off, OpenCV's up to 1.5. */
static void sixteen_bits_agree_with_eight(void **state) {
    (void)state;
    for (int n = 0; n < CASES; n++) {
        fv_image words = resampled(n, 16), bytes = resampled(n, 8);
        int most = resample_cases[n].how == FV_RESIZE_PIL ? 260 : 386;
        for (size_t i = 0; i < fv_image_samples(&words); i++)
            if (abs(((const uint16_t *)words.pixels)[i] - ((const uint8_t *)bytes.pixels)[i] * 257) >= most)
                fail_msg("case %d, sample %zu: %d at 16 bits, %d at 8", n, i, ((const uint16_t *)words.pixels)[i],
                         ((const uint8_t *)bytes.pixels)[i]);
        fv_image_free(&words);
        fv_image_free(&bytes);
    }
}

/* A plain picture stays plain: the weights of each position sum to 1. */
static void keeps_extremes(void **state) {
    (void)state;
    for (int how = FV_RESIZE_PIL; how <= FV_RESIZE_CV2; how++)
        for (int depth = 8; depth <= 16; depth += 8)
            for (int size = 1; size < 200; size += 7) {
                fv_image in, out;
                assert_int_equal(fv_image_new(&in, 61, 47, 1, depth), FV_OK);
                memset(in.owned, 255, fv_image_samples(&in) * (size_t)depth / 8);
                fv_axis x = fv_axis_whole(in.width, size), y = fv_axis_whole(in.height, 200 - size);
                assert_int_equal(fv_resample(&in, (fv_resize)how, &x, &y, &out), FV_OK);
                for (size_t i = 0; i < fv_image_samples(&out) * (size_t)depth / 8; i++)
                    assert_int_equal(((const uint8_t *)out.pixels)[i], 255);
                fv_image_free(&in);
                fv_image_free(&out);
            }
}

/* Reversed sides give the mirror image of the same pixels. */
static void mirrors(void **state) {
    (void)state;
    for (int how = FV_RESIZE_PIL; how <= FV_RESIZE_CV2; how++)
        for (int depth = 8; depth <= 16; depth += 8) {
            fv_image in = picture(23, 19, 3, depth), plain, turned;
            fv_axis x = {1.5, 1.75, 0, 11, false}, y = {0, 0.5, 0, 38, false};
            assert_int_equal(fv_resample(&in, (fv_resize)how, &x, &y, &plain), FV_OK);
            x.reversed = y.reversed = true;
            assert_int_equal(fv_resample(&in, (fv_resize)how, &x, &y, &turned), FV_OK);
            size_t pixels = 11 * 38, bytes = 3 * (size_t)depth / 8;
            for (size_t i = 0; i < pixels; i++)
                assert_memory_equal((const uint8_t *)plain.pixels + i * bytes,
                                    (const uint8_t *)turned.pixels + (pixels - 1 - i) * bytes, bytes);
            fv_image_free(&in);
            fv_image_free(&plain);
            fv_image_free(&turned);
        }
}

static void refuses_no_size(void **state) {
    (void)state;
    fv_image in = picture(3, 3, 1, 8), out;
    fv_axis none = {0, 1, 0, 0, false}, same = fv_axis_whole(3, 3), huge = fv_axis_whole(3, 70000);
    for (int how = FV_RESIZE_PIL; how <= FV_RESIZE_CV2; how++) {
        assert_int_equal(fv_resample(&in, (fv_resize)how, &none, &same, &out), FV_BAD_ARGUMENT);
        assert_string_equal(fv_error(), "resize to 0x3: a side must be at least 1");
        assert_int_equal(fv_resample(&in, (fv_resize)how, &same, &huge, &out), FV_BAD_DATA);
    }
    fv_image_free(&in);
}

static void survives_failing_allocations(void **state) {
    (void)state;
    for (int how = FV_RESIZE_PIL; how <= FV_RESIZE_CV2; how++)
        for (int depth = 8; depth <= 16; depth += 8)
            for (long i = 0;; i++) {
                fv_image in = picture(9, 9, 3, depth), out;
                fv_axis x = fv_axis_whole(9, 4), y = fv_axis_whole(9, 5);
                fv_memory_fail_after(i);
                fv_status status = fv_resample(&in, (fv_resize)how, &x, &y, &out);
                bool over = fv_memory_fail_after(-1) <= i;
                assert_int_equal(status, over ? FV_OK : FV_NO_MEMORY);
                if (!over) assert_null(out.owned);
                fv_image_free(&out);
                fv_image_free(&in);
                if (over) break;
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_pillow_and_opencv), cmocka_unit_test(sixteen_bits_agree_with_eight),
        cmocka_unit_test(keeps_extremes),           cmocka_unit_test(mirrors),
        cmocka_unit_test(refuses_no_size),          cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
