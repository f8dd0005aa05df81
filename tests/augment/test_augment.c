/* The grammar, what transforms draw, and their order. */
#include "augment/augment.h"

#include "core/memory.h"
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DRAWS = 4000 };

static const fv_frame frame = {60, 40, 300, 250};

static fv_augment parsed(const char *text) {
    fv_augment augment;
    if (fv_augment_parse(text, &augment) != FV_OK) fail_msg("%s", fv_error());
    return augment;
}

static fv_distortion draw(const fv_augment *augment, size_t index) {
    return fv_augment_draw(augment, 5, 1, index, &frame);
}

/* ---- Grammar ----------------------------------------------------------------------------------------------------- */

static void reads_lists(void **state) {
    (void)state;
    fv_augment a = parsed("  crop:4 flip\trotate:15 brightness:0.8-1.3\n resized_crop:0.25,0.5-2 hue ");
    static const char *const names[] = {"crop", "flip", "rotate", "brightness", "resized_crop", "hue"};
    static const double spans[][4] = {{4, 4, 0, 0},    {.5, .5, 0, 0},  {-15, 15, 0, 0},
                                      {.8, 1.3, 0, 0}, {.25, 1, .5, 2}, {-.05, .05, 0, 0}};
    assert_int_equal(a.n, 6);
    for (int i = 0; i < a.n; i++) {
        assert_string_equal(a.step[i].transform->name, names[i]);
        for (int k = 0; k < 2; k++) {
            assert_float_equal(a.step[i].value[k].low, spans[i][2 * k], 1e-12);
            assert_float_equal(a.step[i].value[k].high, spans[i][2 * k + 1], 1e-12);
        }
    }
    a = parsed("resized_crop:1e-1-0.5 scale:0.2 contrast:3 rotate:-20--10");
    assert_float_equal(a.step[0].value[0].low, 0.1, 1e-12);
    assert_float_equal(a.step[0].value[1].low, 0.75, 1e-12);
    assert_float_equal(a.step[1].value[0].low, 0.8, 1e-12);
    assert_float_equal(a.step[2].value[0].low, 0, 0);
    assert_float_equal(a.step[2].value[0].high, 4, 0);
    assert_float_equal(a.step[3].value[0].high, -10, 0);
    assert_int_equal(parsed(NULL).n, 0);
    assert_int_equal(parsed(" ").n, 0);
}

static void every_default_is_allowed(void **state) {
    (void)state;
    const fv_transform *t;
    int n = 0;
    for (; (t = fv_transform_at(n)); n++) {
        fv_augment a = parsed(t->name);
        assert_ptr_equal(a.step[0].transform, t);
        assert_int_equal(!!t->geometry + !!t->color + !!t->draw, 1);
    }
    assert_int_equal(n, 20);
    assert_null(fv_transform_at(-1));
}

static void refuses_in_one_line(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"flip crpo:4", "no transform named \"crpo\": did you mean \"crop\"?"},
        {"xyzzy",
         "no transform named \"xyzzy\": there are flip, alternate, vflip, crop, resized_crop, shift, scale, rotate, "
         "brightness, "
         "contrast, saturation, hue, gray, posterize, solarize, autocontrast, equalize, reflect, randaugment, erase"},
        {"rotate:500", "rotate:500: the angle must be from 0 to 180 degrees"},
        {"rotate:-5", "rotate:-5: the angle must be from 0 to 180 degrees"},
        {"rotate:-5-181", "rotate:-5-181: the angle must be from -180 to 180 degrees"},
        {"crop:1.5", "crop:1.5: the padding must be a whole number from 0 to 4096 pixels"},
        {"crop:nan", "crop:nan: the padding must be a whole number from 0 to 4096 pixels"},
        {"flip:0.2-0.3", "flip:0.2-0.3: the probability must be a number from 0 to 1"},
        {"flip:", "flip:: the probability must be a number from 0 to 1"},
        {"flip:0.5x", "flip:0.5x: the probability must be a number from 0 to 1"},
        {"hue:1/0", "hue:1/0: the turn must be from 0 to 0.5 of the circle"},
        {"hue:left", "hue:left: the turn must be a number, or two as LOW-HIGH, from -0.5 to 0.5 of the circle"},
        {"scale:2-1", "scale:2-1: 2 is above 1: the lower one comes first"},
        {"flip:0.5,1", "flip:0.5,1: too many values: flip[:P]"},
        {"resized_crop:0.5,1-2,3", "resized_crop:0.5,1-2,3: too many values: resized_crop[:AREA[,RATIO]]"},
        {"flip flip flip flip flip flip flip flip flip flip flip flip flip flip flip flip gray",
         "gray: one too many: at most 16 transforms, randaugment counting as N"},
        {"randaugment:8 flip hue randaugment:7",
         "randaugment:7: one too many: at most 16 transforms, randaugment counting as N"},
        {"randaugment:0", "randaugment:0: the number of changes must be a whole number from 1 to 8"},
        {"randaugment:2,31", "randaugment:2,31: the strength must be a whole number from 0 to 30"},
        {"erase:0.5,2", "erase:0.5,2: the area must be from 0.0001 to 1 of the input"},
        {"erase:1.5", "erase:1.5: the probability must be from 0 to 1"},
        {"posterize:0", "posterize:0: the bits must be a whole number from 1 to 8"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "aaaaaaaaaaaaaaaaaaaa...: longer than any transform"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fv_augment a;
        assert_int_equal(fv_augment_parse(cases[i][0], &a), FV_BAD_ARGUMENT);
        assert_string_equal(fv_error(), cases[i][1]);
    }
}

/* ---- Draws ------------------------------------------------------------------------------------------------------- */

static void depends_on_seed_epoch_and_index_alone(void **state) {
    (void)state;
    fv_augment a = parsed("resized_crop flip rotate hue contrast randaugment erase:1");
    fv_distortion first = fv_augment_draw(&a, 5, 1, 7, &frame), other;
    other = fv_augment_draw(&a, 5, 1, 7, &frame);
    assert_memory_equal(&first.view, &other.view, sizeof first.view);
    assert_int_equal(first.steps, other.steps);
    for (int i = 0; i < first.steps; i++) assert_true(first.step[i].amount == other.step[i].amount);
    assert_int_equal(first.erased, 1);
    assert_memory_equal(first.erase, other.erase, sizeof *first.erase);
    for (int i = 0; i < 3; i++) {
        other = fv_augment_draw(&a, 5 + (i == 0), 1 + (i == 1), 7 + (i == 2), &frame);
        assert_memory_not_equal(&first.view, &other.view, sizeof first.view);
    }
}

/* Of any two epochs that follow each other one has the mirror image, and in each epoch half of the samples are mirrored. */
static void alternates(void **state) {
    (void)state;
    const double sides[2] = {1, -1};
    fv_augment a = parsed("alternate");
    int mirrored[3] = {0};
    for (size_t i = 0; i < DRAWS; i++) {
        double last = 0;
        for (int epoch = 0; epoch < 3; epoch++) {
            double now = fv_augment_draw(&a, 5, (uint64_t)epoch, i, &frame).view.m[0][0];
            assert_true(now == sides[0] || now == sides[1]);
            assert_true(now == -last || epoch == 0);
            mirrored[epoch] += now == sides[1];
            last = now;
        }
    }
    assert_int_equal(mirrored[0], mirrored[2]);
    assert_int_equal(mirrored[0] + mirrored[1], DRAWS);
    assert_in_range(mirrored[0], DRAWS / 2 - 200, DRAWS / 2 + 200); /* 6 sigma */
}

/* The numbers that a transform draws: lowest, highest, mean. */
typedef struct summary {
    double low, high, mean;
} summary;

static summary summarise(const char *text, double (*number)(const fv_distortion *d)) {
    fv_augment a = parsed(text);
    summary s = {INFINITY, -INFINITY, 0};
    for (size_t i = 0; i < DRAWS; i++) {
        fv_distortion d = draw(&a, i);
        double x = number(&d);
        s.low = fmin(s.low, x), s.high = fmax(s.high, x), s.mean += x / DRAWS;
    }
    return s;
}

/* Within the bounds, and close to them and to the middle. */
static void assert_uniform(const char *text, double (*number)(const fv_distortion *d), double low, double high) {
    summary s = summarise(text, number);
    double slack = (high - low) * 0.01;
    if (s.low < low - 1e-6 || s.high > high + 1e-6 || s.low > low + slack || s.high < high - slack ||
        fabs(s.mean - (low + high) / 2) > 2 * slack)
        fail_msg("%s: from %g to %g, mean %g; expected %g to %g", text, s.low, s.high, s.mean, low, high);
}

static double offset_x(const fv_distortion *d) { return d->view.m[0][2]; }
static double offset_y(const fv_distortion *d) { return d->view.m[1][2]; }
static double zoom(const fv_distortion *d) { return 1 / d->view.m[0][0]; }
static double angle(const fv_distortion *d) { return atan2(d->view.m[1][0], d->view.m[0][0]) * 180 / 3.14159265358979; }
static double amount(const fv_distortion *d) { return (double)d->step[0].amount; }
static double turn(const fv_distortion *d) {
    double sixths = (double)d->step[0].amount;
    return (sixths > 3 ? sixths - 6 : sixths) / 6;
}
static double mirrored(const fv_distortion *d) { return d->view.m[0][0] < 0; }
static double upside_down(const fv_distortion *d) { return d->view.m[1][1] < 0; }
static double grayed(const fv_distortion *d) { return d->steps; }
static double erased(const fv_distortion *d) { return d->erased; }

static void spans_are_filled_and_kept(void **state) {
    (void)state;
    assert_uniform("crop:4", offset_x, -4, 4);
    assert_uniform("crop:4", offset_y, -4, 4);
    assert_uniform("shift:0.25", offset_x, -15, 15);
    assert_uniform("shift:0.25", offset_y, -10, 10);
    assert_uniform("scale:0.3", zoom, 0.7, 1.3);
    assert_uniform("scale:0.5-3", zoom, 0.5, 3);
    assert_uniform("rotate:40", angle, -40, 40);
    assert_uniform("rotate:90-120", angle, 90, 120);
    assert_uniform("brightness:0.4", amount, 0.6, 1.4);
    assert_uniform("contrast:2", amount, 0, 3);
    assert_uniform("saturation:0.5-0.9", amount, 0.5, 0.9);
    assert_uniform("hue:0.3", turn, -0.3, 0.3);
}

static void probabilities_are_kept(void **state) {
    (void)state;
    static const struct {
        const char *name;
        double (*happened)(const fv_distortion *d);
    } transforms[] = {{"flip", mirrored},       {"vflip", upside_down}, {"gray", grayed},
                      {"autocontrast", grayed}, {"equalize", grayed},   {"erase", erased}};
    for (size_t i = 0; i < sizeof transforms / sizeof *transforms; i++)
        for (int tenths = 0; tenths <= 10; tenths += 2) {
            char text[32];
            snprintf(text, sizeof text, "%s:%g", transforms[i].name, tenths / 10.0);
            assert_float_equal(summarise(text, transforms[i].happened).mean, tenths / 10.0,
                               (tenths % 10 ? 0.03 : 0)); /* 4 deviations */
        }
}

/* Whole pixels of padding only, every offset as often as another. */
static void crops_by_whole_pixels(void **state) {
    (void)state;
    fv_augment a = parsed("crop:2");
    int times[5][5] = {{0}};
    for (size_t i = 0; i < DRAWS; i++) {
        fv_distortion d = draw(&a, i);
        assert_true(offset_x(&d) == rint(offset_x(&d)) && offset_y(&d) == rint(offset_y(&d)));
        times[(int)offset_x(&d) + 2][(int)offset_y(&d) + 2]++;
    }
    for (int i = 0; i < 25; i++) assert_in_range(times[i / 5][i % 5], DRAWS / 25 * 6 / 10, DRAWS / 25 * 14 / 10);
}

/* Sides in pixels of the image, whole, inside it; area and ratio as asked but for rounding. */
static void resized_crops_are_parts(void **state) {
    (void)state;
    fv_augment a = parsed("resized_crop:0.2-0.6,0.5-1.5");
    double low = 1, high = 0, narrow = 9, wide = 0;
    for (size_t i = 0; i < DRAWS; i++) {
        fv_distortion d = draw(&a, i);
        double w = d.view.m[0][0] * 300, h = d.view.m[1][1] * 250, x = d.view.m[0][2] * 300 / 60,
               y = d.view.m[1][2] * 250 / 40;
        assert_true(fabs(w - rint(w)) < 1e-9 && fabs(h - rint(h)) < 1e-9 && fabs(x - rint(x)) < 1e-9);
        assert_true(x >= 0 && y >= 0 && x + w < 300 + 1e-9 && y + h < 250 + 1e-9);
        low = fmin(low, w * h / 75000), high = fmax(high, w * h / 75000);
        narrow = fmin(narrow, w / h), wide = fmax(wide, w / h);
    }
    assert_true(low > 0.195 && low < 0.21 && high < 0.605 && high > 0.59);
    assert_true(narrow > 0.49 && narrow < 0.52 && wide < 1.52 && wide > 1.46);
    fv_augment none = parsed("resized_crop:1,4"); /* never fits: the largest part of that shape, in the middle */
    fv_distortion d = draw(&none, 0);
    assert_float_equal(d.view.m[0][0], 1, 1e-12);
    assert_float_equal(d.view.m[1][1], 75.0 / 250, 1e-12);
    assert_float_equal(d.view.m[1][2], 87 * 40 / 250.0, 1e-9);
}

/* Rectangles of the network's input; areas as asked but for rounding, every ratio allowed. */
static void erases_rectangles(void **state) {
    (void)state;
    fv_augment a = parsed("erase:1,0.05-0.2");
    double low = 1, high = 0, narrow = 9, wide = 0, x = 0, y = 0;
    int n = 0;
    for (size_t i = 0; i < DRAWS; i++) {
        fv_distortion d = draw(&a, i);
        if (d.erased == 0) continue; /* ten times too high for 60x40: rare */
        const fv_rectangle *p = &d.erase[0];
        assert_true(p->left >= 0 && p->top >= 0 && p->left + p->width <= 60 && p->top + p->height <= 40);
        double area = (double)p->width * p->height / 2400, ratio = (double)p->width / p->height;
        low = fmin(low, area), high = fmax(high, area), narrow = fmin(narrow, ratio), wide = fmax(wide, ratio);
        x += p->left + p->width / 2.0, y += p->top + p->height / 2.0, n++;
    }
    assert_true(n > DRAWS * 99 / 100);
    assert_true(low > 0.045 && low < 0.055 && high > 0.195 && high < 0.21);
    assert_true(narrow > 0.26 && narrow < 0.32 && wide > 3.1 && wide < 3.8);
    assert_true(fabs(x / n - 30) < 1 && fabs(y / n - 20) < 1);
}

/* What the network gets is 0 there, after normalisation, and as it would be elsewhere. */
static void erased_is_zero(void **state) {
    (void)state;
    enum { W = 12, H = 9, C = 3 };
    uint8_t pixels[W * H * C];
    float x[C * H * W], y[C * H * W];
    for (int i = 0; i < W * H * C; i++) pixels[i] = (uint8_t)(i * 37 + 11);
    fv_image in = {.width = W, .height = H, .channels = C, .depth = 8, .pixels = pixels};
    fv_preprocess p = {.mean = {.1f, .2f, .3f}, .std = {.4f, .5f, .6f}};
    fv_distortion d = {.view = FV_VIEW_IDENTITY, .erased = 2, .erase = {{2, 1, 4, 3}, {5, 2, 7, 7}}};
    assert_int_equal(fv_prepare(&in, &p, C, H, W, x), FV_OK);
    assert_int_equal(fv_prepare_distorted(&in, &p, C, H, W, &d, y), FV_OK);
    for (int k = 0; k < C; k++)
        for (int i = 0; i < H; i++)
            for (int j = 0; j < W; j++) {
                bool gone = (i >= 1 && i < 4 && j >= 2 && j < 6) || (i >= 2 && i < 9 && j >= 5 && j < 12);
                int at = (k * H + i) * W + j;
                assert_true(y[at] == (gone ? 0 : x[at]));
            }
}

/* How often each of RandAugment's operations is drawn, and how strong: torchvision's table at M of 30. */
static void randaugment_is_torchvisions(void **state) {
    (void)state;
    enum { M = 12, SHEAR_X, SHEAR_Y, SHIFT_X, SHIFT_Y, TURN, NONE, KINDS };
    const double share = M / 30.0;
    fv_augment a = parsed("randaugment:1,12");
    int times[KINDS] = {0}, colors = 0, sides = 0;
    for (size_t i = 0; i < DRAWS; i++) {
        fv_distortion d = draw(&a, i);
        double(*m)[3] = d.view.m;
        bool moved = memcmp(&d.view, &fv_view_identity, sizeof d.view) != 0;
        assert_true(d.steps + moved <= 1);
        colors += d.steps;
        if (m[0][0] != 1) {
            times[TURN]++, sides += m[1][0] > 0;
            assert_float_equal(fabs(angle(&d)), 30 * share, 1e-9);
        } else if (moved) {
            int kind = m[0][1] != 0 ? SHEAR_X : m[1][0] != 0 ? SHEAR_Y : m[0][2] != 0 ? SHIFT_X : SHIFT_Y;
            double size[] = {[SHEAR_X] = m[0][1], [SHEAR_Y] = m[1][0], [SHIFT_X] = m[0][2], [SHIFT_Y] = m[1][2]};
            double expected[] = {[SHEAR_X] = .3 * share,
                                 [SHEAR_Y] = .3 * share,
                                 [SHIFT_X] = floor(150 / 331. * share * 60),
                                 [SHIFT_Y] = floor(150 / 331. * share * 40)};
            times[kind]++;
            assert_float_equal(fabs(size[kind]), expected[kind], 1e-9);
        } else if (d.steps == 0) {
            times[NONE]++;
        }
    }
    for (int kind = SHEAR_X; kind < KINDS; kind++)
        assert_in_range(times[kind], DRAWS / 13 * 7 / 10, DRAWS / 13 * 13 / 10);
    assert_in_range(sides, times[TURN] * 3 / 10, times[TURN] * 7 / 10);
    assert_in_range(colors, DRAWS * 7 / 13 * 9 / 10, DRAWS * 7 / 13 * 11 / 10);
}

/* The colors' amounts at M of 30: factors 1 -+ 0.9 M/30, bits 8 - 4 M/30 rounded, threshold 1 - M/30. */
static void randaugment_colors(void **state) {
    (void)state;
    static const double expected[] = {1 - .9 * .4, 1 + .9 * .4, 6, 0.6, 1};
    fv_augment a = parsed("randaugment:8,12");
    int times[5] = {0};
    for (size_t i = 0; i < DRAWS / 4; i++) {
        fv_distortion d = draw(&a, i);
        for (int s = 0; s < d.steps; s++) {
            int k = 0;
            while (k < 5 && fabs((double)d.step[s].amount - expected[k]) > 1e-6) k++;
            assert_true(k < 5);
            times[k]++;
        }
    }
    /* of 13 operations: three factors either way, posterize, solarize, and two that have no amount */
    static const double halves[] = {3, 3, 2, 2, 4};
    for (int k = 0; k < 5; k++) assert_float_equal(times[k] / (DRAWS / 4 * 8 / 26.0), halves[k], halves[k] * 0.12);
}

/* No draw enlarges more than is told to the decoder. */
static void zoom_is_a_bound(void **state) {
    (void)state;
    static const char *const texts[] = {"flip crop:4 rotate", "resized_crop:0.1-0.5,0.5-3", "scale:0.2-0.5",
                                        "scale:0.7 resized_crop:0.3"};
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        fv_augment a = parsed(texts[t]);
        double most = 1;
        for (size_t i = 0; i < DRAWS; i++) {
            fv_frame square = {64, 64, 3000, 3000};
            fv_distortion d = fv_augment_draw(&a, 0, 0, i, &square);
            for (int r = 0; r < 2; r++) most = fmax(most, 1 / hypot(d.view.m[r][0], d.view.m[r][1]));
        }
        assert_true(most <= fv_augment_zoom(&a) * 1.01);
        assert_true(most >= fv_augment_zoom(&a) * 0.75);
    }
}

/* ---- Order ------------------------------------------------------------------------------------------------------- */

/* The picture after one map. */
static fv_image moved(const fv_image *in, const fv_view *view) {
    fv_image out;
    assert_int_equal(fv_warp(in, FV_RESIZE_PIL, view, false, in->width, in->height, &out), FV_OK);
    return out;
}

/* Transforms that move whole pixels: all at once is one after the other, the first of the text first, but that what left
 * the picture on the way can come back. */
static void happen_in_their_order(void **state) {
    (void)state;
    fv_augment all = parsed("flip crop:5 vflip rotate:90-90 crop:5 flip");
    const fv_frame square = {24, 24, 24, 24};
    fv_image black_rim;
    assert_int_equal(fv_image_new(&black_rim, 24, 24, 1, 8), FV_OK);
    for (int y = 10; y < 14; y++)
        for (int x = 10; x < 14; x++) ((uint8_t *)black_rim.owned)[y * 24 + x] = (uint8_t)(50 + 13 * x + 29 * y);
    for (size_t index = 0; index < 50; index++) {
        fv_distortion d = fv_augment_draw(&all, 0, 0, index, &square);
        fv_random random = fv_random_stream(0, index, FV_STREAM_SAMPLE);
        fv_image at_once = moved(&black_rim, &d.view), step = moved(&black_rim, &fv_view_identity);
        for (int i = 0; i < all.n; i++) {
            fv_view view = all.step[i].transform->geometry(all.step[i].value, &square, &random);
            fv_image next = moved(&step, &view);
            fv_image_free(&step);
            step = next;
        }
        assert_memory_equal(at_once.pixels, step.pixels, 24 * 24);
        fv_image_free(&at_once);
        fv_image_free(&step);
    }
    fv_image_free(&black_rim);
}

/* Positive angles turn counterclockwise: what was at the right is then above. */
static void turns_counterclockwise(void **state) {
    (void)state;
    fv_augment a = parsed("rotate:90-90");
    fv_image in;
    assert_int_equal(fv_image_new(&in, 9, 9, 1, 8), FV_OK);
    ((uint8_t *)in.owned)[4 * 9 + 7] = 200;
    fv_distortion d = fv_augment_draw(&a, 0, 0, 0, &(fv_frame){9, 9, 9, 9});
    fv_image out = moved(&in, &d.view);
    assert_int_equal(((const uint8_t *)out.pixels)[1 * 9 + 4], 200);
    fv_image_free(&in);
    fv_image_free(&out);
}

/* A list that happens to change nothing gives evaluation's input, to the last bit. */
static void nothing_is_evaluations_input(void **state) {
    (void)state;
    fv_augment a =
        parsed("flip:0 crop:0 vflip:0 gray:0 erase:0 equalize:0 rotate:0 shift:0 scale:1-1 resized_crop:1,6/5");
    fv_image in;
    assert_int_equal(fv_image_new(&in, 300, 250, 3, 8), FV_OK);
    for (size_t i = 0; i < fv_image_samples(&in); i++) ((uint8_t *)in.owned)[i] = (uint8_t)(i * 2654435761u >> 7);
    float *x = FV_NEW_N(float, 3 * 60 * 40), *y = FV_NEW_N(float, 3 * 60 * 40);
    for (int how = FV_RESIZE_PIL; how <= FV_RESIZE_CV2; how++) {
        fv_preprocess p = {.resize = (fv_resize)how, .mean = {.1f, .2f, .3f}, .std = {.4f, .5f, .6f}};
        fv_distortion d = draw(&a, 11);
        assert_int_equal(fv_prepare(&in, &p, 3, 40, 60, x), FV_OK);
        assert_int_equal(fv_prepare_distorted(&in, &p, 3, 40, 60, &d, y), FV_OK);
        assert_memory_equal(x, y, 3 * 60 * 40 * sizeof *x);
    }
    fv_free(x);
    fv_free(y);
    fv_image_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_lists),
        cmocka_unit_test(every_default_is_allowed),
        cmocka_unit_test(refuses_in_one_line),
        cmocka_unit_test(depends_on_seed_epoch_and_index_alone),
        cmocka_unit_test(spans_are_filled_and_kept),
        cmocka_unit_test(probabilities_are_kept),
        cmocka_unit_test(crops_by_whole_pixels),
        cmocka_unit_test(resized_crops_are_parts),
        cmocka_unit_test(erases_rectangles),
        cmocka_unit_test(erased_is_zero),
        cmocka_unit_test(randaugment_is_torchvisions),
        cmocka_unit_test(randaugment_colors),
        cmocka_unit_test(zoom_is_a_bound),
        cmocka_unit_test(alternates),
        cmocka_unit_test(happen_in_their_order),
        cmocka_unit_test(turns_counterclockwise),
        cmocka_unit_test(nothing_is_evaluations_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
