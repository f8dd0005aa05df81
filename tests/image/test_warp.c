#include "image/warp.h"

#include "core/memory.h"
#include "core/random.h"
#include "image/pictures.h"
#include "support/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EACH_RULE(how) for (fv_resize how = FV_RESIZE_PIL; how <= FV_RESIZE_CV2; how++)

static fv_view turn(double degrees, double width, double height) {
    double c = cos(degrees * 3.14159265358979323846 / 180), s = sin(degrees * 3.14159265358979323846 / 180);
    double x = width / 2, y = height / 2;
    return (fv_view){{{c, -s, x - c * x + s * y}, {s, c, y - s * x - c * y}}};
}

static fv_image warped(const fv_image *in, fv_resize how, fv_view view, int width, int height) {
    fv_image out;
    if (fv_warp(in, how, &view, false, width, height, &out) != FV_OK) fail_msg("%s", fv_error());
    assert_true(out.width == width && out.height == height && out.channels == in->channels && out.depth == in->depth);
    return out;
}

/* As evaluation sees it. */
static fv_image plain(const fv_image *in, fv_resize how, int width, int height) {
    fv_image out;
    fv_axis x = fv_axis_whole(in->width, width), y = fv_axis_whole(in->height, height);
    assert_int_equal(fv_resample(in, how, &x, &y, &out), FV_OK);
    return out;
}

static int sample(const fv_image *image, int x, int y, int k) {
    if (x < 0 || y < 0 || x >= image->width || y >= image->height) return 0;
    size_t at = ((size_t)y * (size_t)image->width + (size_t)x) * (size_t)image->channels + (size_t)k;
    return image->depth == 8 ? ((const uint8_t *)image->pixels)[at] : ((const uint16_t *)image->pixels)[at];
}

/* Every sample (x, y) of `a` is sample (xx x + xy y + x0, yx x + yy y + y0) of `b`, black where there is none. */
static void assert_moved(const fv_image *a, const fv_image *b, const int m[6]) {
    for (int y = 0; y < a->height; y++)
        for (int x = 0; x < a->width; x++)
            for (int k = 0; k < a->channels; k++)
                assert_int_equal(sample(a, x, y, k),
                                 sample(b, m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5], k));
}

/* ---- Maps that keep the axes: evaluation's pixels, exactly ------------------------------------------------------- */

static const int sizes[][4] = {{20, 14, 11, 17}, {50, 37, 24, 24}, {28, 28, 28, 28}, {28, 28, 32, 32},
                               {64, 48, 32, 24}, {9, 70, 31, 13},  {1, 1, 5, 4},     {300, 200, 16, 16}};

/* For each rule, depth and size: what `view` shows is evaluation's picture moved by m, which gets width and height. */
static void check_exact(fv_view (*view)(int w, int h), void (*moved)(int w, int h, int m[6])) {
    EACH_RULE(how)
    for (int depth = 8; depth <= 16; depth += 8)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            const int w = sizes[i][2], h = sizes[i][3];
            int m[6];
            fv_image in = picture(sizes[i][0], sizes[i][1], 1 + 2 * (i % 2), depth), evaluation = plain(&in, how, w, h);
            fv_image out = warped(&in, how, view(w, h), w, h);
            moved(w, h, m);
            assert_moved(&out, &evaluation, m);
            fv_image_free(&in);
            fv_image_free(&evaluation);
            fv_image_free(&out);
        }
}

#define EXACT(name, xx, xy, x0, yx, yy, y0, ...)                            \
    static fv_view name##_view(int w, int h) {                              \
        (void)w, (void)h;                                                   \
        return __VA_ARGS__;                                                 \
    }                                                                       \
    static void name##_moved(int w, int h, int m[6]) {                      \
        (void)w, (void)h;                                                   \
        memcpy(m, (const int[6]){xx, xy, x0, yx, yy, y0}, 6 * sizeof(int)); \
    }                                                                       \
    static void name(void **state) {                                        \
        (void)state;                                                        \
        check_exact(name##_view, name##_moved);                             \
    }

EXACT(identity, 1, 0, 0, 0, 1, 0, fv_view_identity)
EXACT(mirror, -1, 0, w - 1, 0, 1, 0, (fv_view){{{-1, 0, w}, {0, 1, 0}}})
EXACT(upside_down, -1, 0, w - 1, 0, -1, h - 1, turn(180, w, h))
EXACT(whole_pixels, 1, 0, 3, 0, 1, -2, (fv_view){{{1, 0, 3}, {0, 1, -2}}})
EXACT(far_away, 1, 0, 1000, 0, 1, 0, (fv_view){{{1, 0, 1000}, {0, 1, 0}}})
/* Axes exchanged: the way of all other maps, which is exact where pixels lie on pixels. */
EXACT(transposed, 0, 1, 0, 1, 0, 0, (fv_view){{{0, 1, 0}, {1, 0, 0}}})
EXACT(quarter_turn, 0, -1, h - 1, 1, 0, 0, (fv_view){{{0, -1, h}, {1, 0, 0}}})

/* A part is what resampling makes of it. */
static void parts(void **state) {
    (void)state;
    fv_image in = picture(100, 80, 3, 8), expected;
    EACH_RULE(how) {
        fv_axis x = {12, 31.0 / 16, 0, 16, false}, y = {7, 22.0 / 16, 0, 16, false};
        assert_int_equal(fv_resample(&in, how, &x, &y, &expected), FV_OK);
        fv_view view = {{{31.0 / 100, 0, 12 * 16 / 100.0}, {0, 22.0 / 80, 7 * 16 / 80.0}}};
        fv_image out = warped(&in, how, view, 16, 16);
        int worst = 0;
        for (size_t i = 0; i < fv_image_samples(&out); i++) {
            int d = abs(((const uint8_t *)out.pixels)[i] - ((const uint8_t *)expected.pixels)[i]);
            worst = d > worst ? d : worst;
        }
        assert_in_range(worst, 0, 1);
        fv_image_free(&expected);
        fv_image_free(&out);
    }
    fv_image_free(&in);
}

/* ---- Other maps -------------------------------------------------------------------------------------------------- */

/* A smooth scene, in units of the picture's sides. */
static double scene(double x, double y) { return 128 + 60 * sin(7 * x + 1) + 60 * cos(5 * y - 3 * x); }

static fv_image smooth_picture(int width, int height, int depth) {
    fv_image image;
    assert_int_equal(fv_image_new(&image, width, height, 1, depth), FV_OK);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            double v = scene((x + 0.5) / width, (y + 0.5) / height);
            if (depth == 8)
                ((uint8_t *)image.owned)[y * width + x] = (uint8_t)lrint(v);
            else
                ((uint16_t *)image.owned)[y * width + x] = (uint16_t)lrint(v * 257);
        }
    return image;
}

/* Distance that (x, y) lies within the picture of that size; negative: outside. */
static double depth_within(double x, double y, int width, int height) {
    return fmin(fmin(x, width - x), fmin(y, height - y));
}

/* Any map shows the scene where it looks, whatever the sizes, and black outside. */
static void shows_what_lies_there(void **state) {
    (void)state;
    fv_random r = fv_random_stream(3, 0, FV_STREAM_DATA);
    for (int round = 0; round < 120; round++) {
        const int w = 40 + (int)fv_random_below(&r, 40), h = 40 + (int)fv_random_below(&r, 40),
                  depth = round % 2 ? 8 : 16;
        fv_image in = smooth_picture(50 + (int)fv_random_below(&r, 300), 50 + (int)fv_random_below(&r, 300), depth);
        double zoom = 0.6 + (double)fv_random_float(&r), x0 = 10 * (double)fv_random_float(&r) - 5;
        fv_view turned = turn(360 * (double)fv_random_float(&r), w, h),
                scaled = {{{zoom, 0, x0}, {0, zoom * 1.1, -x0}}};
        fv_view view = fv_view_product(&turned, &scaled);
        fv_image out = warped(&in, round % 3 ? FV_RESIZE_PIL : FV_RESIZE_CV2, view, w, h);
        int seen = 0;
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++) {
                double u = view.m[0][0] * (x + .5) + view.m[0][1] * (y + .5) + view.m[0][2];
                double v = view.m[1][0] * (x + .5) + view.m[1][1] * (y + .5) + view.m[1][2];
                double inside = depth_within(u, v, w, h), got = sample(&out, x, y, 0) / (depth == 8 ? 1.0 : 257.0);
                if (inside < -2 * zoom) assert_true(got == 0);
                if (inside < 3 * zoom) continue;
                seen++;
                if (fabs(got - scene(u / w, v / h)) > 2.5)
                    fail_msg("round %d, (%d, %d): %g, not %g", round, x, y, got, scene(u / w, v / h));
            }
        assert_true(seen > w * h / 8);
        fv_image_free(&in);
        fv_image_free(&out);
    }
}

/* However many maps, one resampling: a turn and its reverse leave evaluation's very pixels. */
static void a_turn_and_back_is_nothing(void **state) {
    (void)state;
    fv_image in = picture(90, 70, 3, 8);
    EACH_RULE(how)
    for (int degrees = -170; degrees < 180; degrees += 23) {
        fv_view there = turn(degrees, 32, 24), back = turn(-degrees, 32, 24);
        fv_image out = warped(&in, how, fv_view_product(&there, &back), 32, 24), evaluation = plain(&in, how, 32, 24);
        int worst = 0;
        for (size_t i = 0; i < fv_image_samples(&out); i++)
            worst += ((const uint8_t *)out.pixels)[i] != ((const uint8_t *)evaluation.pixels)[i];
        assert_in_range(worst, 0, 2); /* what 1e-14 of a pixel does to a rounding now and then */
        fv_image_free(&out);
        fv_image_free(&evaluation);
    }
    fv_image_free(&in);
}

/* The level is filtered for the scale: fine stripes shown small come out as their mean, not as other stripes. */
static void shrinks_without_aliases(void **state) {
    (void)state;
    fv_image in;
    assert_int_equal(fv_image_new(&in, 320, 320, 1, 8), FV_OK);
    for (int i = 0; i < 320 * 320; i++) ((uint8_t *)in.owned)[i] = i % 320 / 2 % 2 ? 255 : 0;
    fv_image out = warped(&in, FV_RESIZE_PIL, turn(30, 32, 32), 32, 32);
    for (int y = 12; y < 20; y++)
        for (int x = 12; x < 20; x++) assert_in_range(sample(&out, x, y, 0), 118, 138);
    fv_image_free(&in);
    fv_image_free(&out);
}

/* Which of n pixels, counted from 0 forth and back, is the i-th. */
static int back_and_forth(int i, int n) {
    int at = 0, step = 1;
    for (i = i < 0 ? -i : i; i > 0 && n > 1; i--, at += step)
        if (at + step < 0 || at + step >= n) step = -step;
    return at;
}

/* Shifted by (dx, dy) pixels, and turned over from left to right or not. */
static void check_mirrored(const int size[4], int dx, int dy, bool over) {
    const int w = size[2], h = size[3];
    fv_image in = picture(size[0], size[1], 3, 8), evaluation = plain(&in, FV_RESIZE_PIL, w, h), out;
    fv_view view = {{{over ? -1 : 1, 0, over ? w - dx : dx}, {0, 1, dy}}};
    assert_int_equal(fv_warp(&in, FV_RESIZE_PIL, &view, true, w, h, &out), FV_OK);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int k = 0; k < 3; k++) {
                int from = over ? w - 1 - x - dx : x + dx;
                assert_int_equal(sample(&out, x, y, k),
                                 sample(&evaluation, back_and_forth(from, w), back_and_forth(y + dy, h), k));
            }
    fv_image_free(&in);
    fv_image_free(&evaluation);
    fv_image_free(&out);
}

static void mirrors_beyond_the_edges(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int over = 0; over < 2; over++) {
            check_mirrored(sizes[i], 2, -3, over);
            check_mirrored(sizes[i], (1 - sizes[i][2]) / 2, (sizes[i][3] - 1) / 2,
                           over); /* half is seen, half its image */
        }
}

/* A turn of a white picture shows no black then. */
static void mirrors_what_a_turn_brings_in(void **state) {
    (void)state;
    uint8_t white[20 * 20];
    memset(white, 255, sizeof white);
    fv_image in = {.width = 20, .height = 20, .channels = 1, .depth = 8, .pixels = white}, out;
    fv_view view = turn(30, 20, 20);
    for (int mirror_it = 0; mirror_it < 2; mirror_it++) {
        int black = 0;
        assert_int_equal(fv_warp(&in, FV_RESIZE_PIL, &view, mirror_it, 20, 20, &out), FV_OK);
        for (int i = 0; i < 20 * 20; i++) black += sample(&out, i % 20, i / 20, 0) < 255;
        assert_true(mirror_it ? black == 0 : black > 20);
        fv_image_free(&out);
    }
}

static void survives_failing_allocations(void **state) {
    (void)state;
    const fv_view views[] = {turn(20, 8, 8), {{{1, 0, 2}, {0, 1, 0}}}};
    for (size_t v = 0; v < sizeof views / sizeof *views; v++)
        for (long i = 0;; i++) {
            fv_image in = picture(20, 20, 3, 8), out;
            fv_memory_fail_after(i);
            fv_status status = fv_warp(&in, FV_RESIZE_PIL, &views[v], v % 2, 8, 8, &out);
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
        cmocka_unit_test(identity),
        cmocka_unit_test(mirror),
        cmocka_unit_test(upside_down),
        cmocka_unit_test(whole_pixels),
        cmocka_unit_test(far_away),
        cmocka_unit_test(transposed),
        cmocka_unit_test(quarter_turn),
        cmocka_unit_test(parts),
        cmocka_unit_test(shows_what_lies_there),
        cmocka_unit_test(a_turn_and_back_is_nothing),
        cmocka_unit_test(shrinks_without_aliases),
        cmocka_unit_test(mirrors_beyond_the_edges),
        cmocka_unit_test(mirrors_what_a_turn_brings_in),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
