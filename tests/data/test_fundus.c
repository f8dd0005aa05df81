#include "data/fundus.h"

#include "core/memory.h"
#include "data/dataset.h"
#include "support/unit.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- The same bits with every compiler, flag and processor ---- */

/* FNV-1a. */
static uint64_t hash(uint64_t sum, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) sum = (sum ^ bytes[i]) * 0x100000001b3u;
    return sum;
}

static uint64_t checksum(const fv_dataset *d) {
    uint64_t sum = 0xcbf29ce484222325u;
    for (size_t i = 0; i < fv_dataset_count(d); i++) {
        fv_image image;
        int label;
        assert_int_equal(fv_dataset_read(d, i, NULL, &image, &label), FV_OK);
        sum = hash(sum, image.pixels, fv_image_samples(&image));
        sum = hash(sum, (const uint8_t[]){(uint8_t)label}, 1);
        fv_image_free(&image);
    }
    return sum;
}

static void pixels_are_the_same_everywhere(void **state) {
    (void)state;
    static const struct {
        fv_fundus_args args;
        uint64_t sum;
    } cases[] = {
        {{.count = 40}, 0x98e4926938515f41},
        {{.count = 6, .size = 224}, 0x17c10caadb6db3de},
        {{.count = 2, .size = 1024, .seed = 7}, 0x1fdaba9963590acf},
        {{.count = 20, .size = 16, .split = FV_TEST}, 0x535a64514509059a},
        {{.count = 10, .size = 61, .split = FV_VAL, .seed = 0xfedcba9876543210}, 0x079f5db499752c72},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fv_dataset *d = fv_fundus_with(&cases[i].args);
        uint64_t sum = checksum(d);
        if (sum != cases[i].sum) fail_msg("case %zu: 0x%016llx", i, (unsigned long long)sum);
        assert_true(checksum(d) == sum); /* once more, from the cache */
        fv_dataset_free(d);
    }
}

static void *checksum_thread(void *dataset) { return (void *)(uintptr_t)checksum(dataset); }

static void threads_see_the_same(void **state) {
    (void)state;
    fv_dataset *d = fv_fundus(.count = 30, .size = 32), *again = fv_fundus(.count = 30, .size = 32);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, checksum_thread, d), 0);
    uint64_t expected = checksum(again);
    for (int i = 0; i < 4; i++) {
        void *sum;
        pthread_join(threads[i], &sum);
        assert_true((uintptr_t)sum == (uintptr_t)expected);
    }
    fv_dataset_free(d);
    fv_dataset_free(again);
}

/* ---- The set ---- */

static void describes_itself(void **state) {
    (void)state;
    fv_dataset *d = fv_fundus();
    int c, h, w;
    fv_dataset_image_size(d, &c, &h, &w);
    assert_int_equal(c * 10000 + h * 100 + w, 3 * 10000 + 32 * 100 + 32);
    assert_int_equal(fv_dataset_count(d), 800);
    assert_int_equal(fv_dataset_classes(d), 2);
    assert_int_equal(fv_dataset_positive(d), 1);
    assert_string_equal(fv_dataset_class_name(d, 1), "pathologic_myopia");
    fv_dataset_free(d);
    d = fv_fundus(.split = FV_VAL);
    assert_int_equal(fv_dataset_count(d), 200);
    assert_int_equal(fv_dataset_split(d), FV_VAL);
    fv_dataset_free(d);
}

static void half_are_positive_in_no_pattern(void **state) {
    (void)state;
    fv_dataset *d = fv_fundus();
    int positive = 0, same_as_last = 0, last = 0, label;
    for (size_t i = 0; i < 800; i++) {
        assert_int_equal(fv_dataset_label(d, i, &label), FV_OK);
        positive += label;
        same_as_last += label == last;
        last = label;
    }
    assert_int_equal(positive, 400);
    assert_in_range(same_as_last, 150, 250); /* pairs: a quarter repeats on average */
    fv_dataset_free(d);
}

static void splits_seeds_and_indices_differ(void **state) {
    (void)state;
    static const fv_fundus_args args[] = {
        {.split = FV_TRAIN, .count = 50, .size = 16},
        {.split = FV_VAL, .count = 50, .size = 16},
        {.split = FV_TEST, .count = 50, .size = 16},
        {.split = FV_TRAIN, .count = 50, .size = 16, .seed = 1},
    };
    uint64_t sums[200];
    for (size_t i = 0; i < 200; i++) {
        fv_dataset *d = fv_fundus_with(&args[i / 50]);
        fv_image image;
        int label;
        assert_int_equal(fv_dataset_read(d, i % 50, NULL, &image, &label), FV_OK);
        sums[i] = hash(0, image.pixels, fv_image_samples(&image));
        for (size_t j = 0; j < i; j++) assert_true(sums[j] != sums[i]);
        fv_image_free(&image);
        fv_dataset_free(d);
    }
}

static void refuses_bad_arguments(void **state) {
    (void)state;
    assert_null(fv_fundus(.size = 15));
    assert_contains(fv_error(), "size 15: must be 16..2048");
    assert_null(fv_fundus(.size = 2049));
}

static void survives_failing_allocations(void **state) {
    (void)state;
    for (long i = 0;; i++) {
        fv_image image = {0};
        int label;
        fv_memory_fail_after(i);
        fv_dataset *d = fv_fundus(.count = 2, .size = 16);
        fv_status status = d ? fv_dataset_read(d, 0, NULL, &image, &label) : fv_last_status();
        long made = fv_memory_fail_after(-1);
        fv_image_free(&image);
        fv_dataset_free(d);
        if (made <= i) break; /* nothing was left to fail */
        assert_int_equal(status, FV_NO_MEMORY);
    }
}

/* ---- What the pixels must not tell: logistic regression on the channels' means and deviations ---- */

enum { FEATURES = 7, ROUNDS = 25 };

typedef struct table {
    size_t count;
    double (*x)[FEATURES]; /* the last is 1 */
    double *y;
} table;

static void measure(const fv_image *image, double *x) {
    const uint8_t *p = image->pixels;
    size_t pixels = (size_t)image->width * (size_t)image->height;
    for (int c = 0; c < 3; c++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < pixels; i++)
            sum += p[3 * i + (size_t)c], squares += p[3 * i + (size_t)c] * p[3 * i + (size_t)c];
        x[c] = sum / (double)pixels;
        x[3 + c] = sqrt(squares / (double)pixels - x[c] * x[c]);
    }
    x[6] = 1;
}

static table make_table(fv_split split, uint64_t seed) {
    fv_dataset *d = fv_fundus(.split = split, .seed = seed);
    table t = {.count = fv_dataset_count(d)};
    t.x = calloc(t.count, sizeof *t.x);
    t.y = calloc(t.count, sizeof *t.y);
    for (size_t i = 0; i < t.count; i++) {
        fv_image image;
        int label;
        assert_int_equal(fv_dataset_read(d, i, NULL, &image, &label), FV_OK);
        measure(&image, t.x[i]);
        t.y[i] = label;
        fv_image_free(&image);
    }
    fv_dataset_free(d);
    return t;
}

static void free_table(table t) {
    free(t.x);
    free(t.y);
}

/* Shifts and scales both tables by the first one's statistics. */
static void standardise(table train, table val) {
    for (int f = 0; f < FEATURES - 1; f++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < train.count; i++) sum += train.x[i][f], squares += train.x[i][f] * train.x[i][f];
        double mean = sum / (double)train.count, deviation = sqrt(squares / (double)train.count - mean * mean);
        for (size_t i = 0; i < train.count; i++) train.x[i][f] = (train.x[i][f] - mean) / deviation;
        for (size_t i = 0; i < val.count; i++) val.x[i][f] = (val.x[i][f] - mean) / deviation;
    }
}

static double logit(const double *w, const double *x) {
    double z = 0;
    for (int f = 0; f < FEATURES; f++) z += w[f] * x[f];
    return z;
}

/* Gaussian elimination; a is positive definite. */
static void solve(double a[FEATURES][FEATURES], double *b) {
    for (int k = 0; k < FEATURES; k++)
        for (int i = k + 1; i < FEATURES; i++) {
            double factor = a[i][k] / a[k][k];
            for (int j = k; j < FEATURES; j++) a[i][j] -= factor * a[k][j];
            b[i] -= factor * b[k];
        }
    for (int k = FEATURES - 1; k >= 0; k--) {
        for (int j = k + 1; j < FEATURES; j++) b[k] -= a[k][j] * b[j];
        b[k] /= a[k][k];
    }
}

/* Newton's method (iteratively reweighted least squares). */
static void fit(table t, double *w) {
    memset(w, 0, FEATURES * sizeof *w);
    for (int round = 0; round < ROUNDS; round++) {
        double hessian[FEATURES][FEATURES] = {{0}}, step[FEATURES] = {0};
        for (int f = 0; f < FEATURES; f++) hessian[f][f] = 1e-6;
        for (size_t i = 0; i < t.count; i++) {
            double p = 1 / (1 + exp(-logit(w, t.x[i])));
            for (int f = 0; f < FEATURES; f++) {
                step[f] += (t.y[i] - p) * t.x[i][f];
                for (int g = 0; g < FEATURES; g++) hessian[f][g] += p * (1 - p) * t.x[i][f] * t.x[i][g];
            }
        }
        solve(hessian, step);
        for (int f = 0; f < FEATURES; f++) w[f] += step[f];
    }
}

static double accuracy(table t, const double *w) {
    size_t right = 0;
    for (size_t i = 0; i < t.count; i++) right += (logit(w, t.x[i]) > 0) == (t.y[i] > 0.5);
    return (double)right / (double)t.count;
}

static void channel_statistics_tell_little(void **state) {
    (void)state;
    table train = make_table(FV_TRAIN, 0), val = make_table(FV_VAL, 0);
    double w[FEATURES];
    standardise(train, val);
    fit(train, w);
    double right = accuracy(val, w);
    print_message("logistic regression on channel means and deviations: %.3f of val, %.3f of train\n", right,
                  accuracy(train, w));
    if (right > 0.65) fail_msg("logistic regression reaches %.3f", right);
    assert_true(accuracy(train, w) > 0.5); /* it was fitted */
    free_table(train);
    free_table(val);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pixels_are_the_same_everywhere),
        cmocka_unit_test(threads_see_the_same),
        cmocka_unit_test(describes_itself),
        cmocka_unit_test(half_are_positive_in_no_pattern),
        cmocka_unit_test(splits_seeds_and_indices_differ),
        cmocka_unit_test(refuses_bad_arguments),
        cmocka_unit_test(survives_failing_allocations),
        cmocka_unit_test(channel_statistics_tell_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
