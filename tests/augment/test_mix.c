/* Mixing batches: what is drawn, what becomes of pixels and labels. */
#include "augment/mix.h"

#include "core/memory.h"
#include "support/unit.h"

#include <math.h>
#include <string.h>

enum { DRAWS = 4000, HEIGHT = 20, WIDTH = 30 };

static void depends_on_seed_epoch_and_batch_alone(void **state) {
    (void)state;
    fv_mix first = fv_mix_draw(0.2, 1, 5, 1, 7, HEIGHT, WIDTH), same = fv_mix_draw(0.2, 1, 5, 1, 7, HEIGHT, WIDTH);
    assert_true(first.share == same.share && first.cut == same.cut);
    for (uint64_t i = 0; i < 3; i++) {
        fv_mix other = fv_mix_draw(0.2, 1, 5 + (i == 0), 1 + (i == 1), 7 + (i == 2), HEIGHT, WIDTH);
        assert_true(first.share != other.share);
    }
}

/* One kind where one is wanted, both about equally often where both are. */
static void kinds_are_drawn(void **state) {
    (void)state;
    int cuts = 0;
    for (size_t i = 0; i < DRAWS; i++) {
        assert_false(fv_mix_draw(0.2, 0, 0, 0, i, HEIGHT, WIDTH).cut);
        assert_true(fv_mix_draw(0, 1, 0, 0, i, HEIGHT, WIDTH).cut);
        cuts += fv_mix_draw(0.2, 1, 0, 0, i, HEIGHT, WIDTH).cut;
    }
    assert_in_range(cuts, DRAWS / 2 - 130, DRAWS / 2 + 130); /* 4 deviations */
}

/* Inside the image; the share is exactly what is left. Of a uniform area the middle is 1/2, less what the borders cut off. */
static void rectangles_leave_the_share(void **state) {
    (void)state;
    double sum = 0, largest = 0;
    for (size_t i = 0; i < DRAWS; i++) {
        fv_mix mix = fv_mix_draw(0, 1, 3, 0, i, HEIGHT, WIDTH);
        const fv_rectangle *r = &mix.cutout;
        assert_true(r->left >= 0 && r->top >= 0 && r->width >= 0 && r->height >= 0);
        assert_true(r->left + r->width <= WIDTH && r->top + r->height <= HEIGHT);
        double area = (double)r->width * r->height / (HEIGHT * WIDTH);
        assert_float_equal(mix.share, 1 - area, 1e-12);
        sum += area, largest = fmax(largest, area);
    }
    assert_true(sum / DRAWS > 0.2 && sum / DRAWS < 0.4 && largest > 0.8);
}

/* ---- Pixels --------------------------------------------------------------------------------------------------------- */

enum { N = 5, C = 2, H = 7, W = 300, SIZE = C * H * W }; /* more than a stretch wide */

static bool inside(const fv_rectangle *r, int y, int x) {
    return y >= r->top && y < r->top + r->height && x >= r->left && x < r->left + r->width;
}

static void check_pixels(const fv_mix *mix, int n, int nthreads) {
    static float before[N * SIZE], after[N * SIZE];
    for (int i = 0; i < n * SIZE; i++) before[i] = (float)((i * 37 + 11) % 101) / 7;
    memcpy(after, before, sizeof after);
    for (int thread = 0; thread < nthreads; thread++) fv_mix_images(mix, after, n, C, H, W, thread, nthreads);
    for (int i = 0; i < n * SIZE; i++) {
        float own = before[i], neighbour = before[i >= SIZE ? i - SIZE : i + (n - 1) * SIZE];
        double blended = mix->share * (double)own + (1 - mix->share) * (double)neighbour;
        if (!mix->cut)
            assert_float_equal(after[i], blended, 1e-5f);
        else
            assert_true(after[i] == (inside(&mix->cutout, i / W % H, i % W) ? neighbour : own));
    }
}

static void pixels_are_mixed(void **state) {
    (void)state;
    const fv_mix mixes[] = {{.share = 0.3},
                            {.share = 1},
                            {.cut = true, .cutout = {10, 2, 270, 3}},
                            {.cut = true, .cutout = {0, 0, W, H}},
                            {.cut = true, .cutout = {5, 3, 0, 4}},
                            {.cut = true, .cutout = {5, 3, 4, 0}}};
    for (size_t i = 0; i < sizeof mixes / sizeof *mixes; i++)
        for (int n = 1; n <= N; n += 2)
            for (int nthreads = 1; nthreads <= 4; nthreads++) check_pixels(&mixes[i], n, nthreads);
}

/* ---- Labels --------------------------------------------------------------------------------------------------------- */

static void labels_are_mixed(void **state) {
    (void)state;
    static const int labels[] = {2, 0, 0, 1};
    float targets[4 * 3];
    int strongest[4];
    fv_mix_labels(&(fv_mix){.share = 0.75}, labels, 4, 3, targets, strongest);
    static const float expected[] = {0, .25f, .75f, .75f, 0, .25f, 1, 0, 0, .25f, .75f, 0};
    assert_memory_equal(targets, expected, sizeof targets);
    assert_memory_equal(strongest, labels, sizeof labels);
    static const int neighbours[] = {1, 2, 0, 0};
    fv_mix_labels(&(fv_mix){.share = 0.25}, labels, 4, 3, targets, strongest);
    assert_memory_equal(strongest, neighbours, sizeof neighbours);
    assert_true(targets[1] == 0.75f && targets[2] == 0.25f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(depends_on_seed_epoch_and_batch_alone),
        cmocka_unit_test(kinds_are_drawn),
        cmocka_unit_test(rectangles_leave_the_share),
        cmocka_unit_test(pixels_are_mixed),
        cmocka_unit_test(labels_are_mixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
