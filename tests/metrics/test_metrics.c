/* Metrics against scikit-learn's numbers and, for intervals, the formulas' own definition (make_metrics.py); what is
 * undefined says why; and a tally says what the arrays say. */
#include "fovea/metrics.h"
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_CLASSES = 10, MOST_IMAGES = 1000 };

static const struct {
    uint32_t seed;
    int made[4]; /* images, one positive in so many, distinct scores, lead of positives */
    float threshold;
    double auc[3], average_precision[3], sensitivity[3], specificity[3];
    double reached[3]; /* Youden's index; specificity at a sensitivity of 0.9; the other way round */
} two[] = {
#include "two.inc"
};

static const struct {
    uint32_t seed;
    int made[4]; /* images, classes of labels, classes, how often the answer is right */
    double precision[MOST_CLASSES], recall[MOST_CLASSES], f1[MOST_CLASSES];
    size_t support[MOST_CLASSES];
    double macro[3], weighted[3], top[3];
    size_t confusion[MOST_CLASSES * MOST_CLASSES];
} many[] = {
#include "many.inc"
};
enum { TWO = sizeof two / sizeof *two, MANY = sizeof many / sizeof *many };

static int labels[MOST_IMAGES];
static float scores[MOST_IMAGES * MOST_CLASSES];

/* As class Random of make_metrics.py. */
static uint32_t below(uint32_t *state, uint32_t n) {
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % n;
}

static size_t make_two(int i) {
    const int *m = two[i].made;
    uint32_t state = two[i].seed;
    for (int j = 0; j < m[0]; j++) labels[j] = j > 1 ? below(&state, (uint32_t)m[1]) == 0 : j;
    for (int j = 0; j < m[0]; j++) scores[j] = (float)((int)below(&state, (uint32_t)m[2]) + m[3] * labels[j]) / 131072;
    return (size_t)m[0];
}

static size_t make_many(int i) {
    const int *m = many[i].made;
    uint32_t state = many[i].seed;
    for (int j = 0; j < m[0]; j++) labels[j] = (int)below(&state, (uint32_t)m[1]);
    for (int j = 0; j < m[0]; j++)
        for (int c = 0; c < m[2]; c++)
            scores[j * m[2] + c] =
                (float)(below(&state, 1u << 20) + ((uint32_t)m[3] << 18) * (c == labels[j])) / (1 << 21);
    return (size_t)m[0];
}

static void assert_near(double value, double expected) {
    if (isnan(expected) ? !isnan(value) : !(fabs(value - expected) < 1e-9))
        fail_msg("%.17g, expected %.17g", value, expected);
}

static void assert_measure(fv_measure m, const double expected[3]) {
    assert_null(m.undefined);
    assert_near(m.value, expected[0]);
    assert_near(m.low, expected[1]);
    assert_near(m.high, expected[2]);
}

/* ---- Two classes --------------------------------------------------------------------------------------------------------- */

static void test_areas(void **state) {
    (void)state;
    for (int i = 0; i < TWO; i++) {
        size_t n = make_two(i);
        fv_measure m;
        assert_int_equal(fv_roc_auc(scores, labels, n, 1, &m), FV_OK);
        assert_measure(m, two[i].auc);
        assert_int_equal(fv_average_precision(scores, labels, n, 1, &m), FV_OK);
        assert_measure(m, two[i].average_precision);
    }
}

static double sensitivity_at(fv_operating_point p) { return p.sensitivity.value; }
static double specificity_at(fv_operating_point p) { return p.specificity.value; }
static double youden_at(fv_operating_point p) { return p.sensitivity.value + p.specificity.value - 1; }

/* What the point promises is what its threshold does. */
static void check_promise(size_t n, fv_operating_point p) {
    size_t hits[2] = {0}, of[2] = {0};
    for (size_t i = 0; i < n; i++) {
        hits[labels[i]] += (scores[i] >= p.threshold) == (labels[i] == 1);
        of[labels[i]]++;
    }
    assert_near(p.sensitivity.value, (double)hits[1] / (double)of[1]);
    assert_near(p.specificity.value, (double)hits[0] / (double)of[0]);
}

static void assert_reaches(size_t n, fv_goal goal, double (*what)(fv_operating_point), double best) {
    fv_operating_point p;
    fv_status status = fv_choose_threshold(scores, labels, n, 1, goal, &p);
    if (status == FV_BAD_DATA && best == 0) return; /* taking nothing for positive, which is no answer, would do it */
    assert_int_equal(status, FV_OK);
    assert_near(what(p), best);
    check_promise(n, p);
}

static void test_thresholds(void **state) {
    (void)state;
    for (int i = 0; i < TWO; i++) {
        size_t n = make_two(i);
        assert_reaches(n, (fv_goal){.kind = FV_YOUDEN}, youden_at, two[i].reached[0]);
        assert_reaches(n, (fv_goal){FV_SENSITIVITY, 0.9}, specificity_at, two[i].reached[1]);
        assert_reaches(n, (fv_goal){FV_SPECIFICITY, 0.9}, sensitivity_at, two[i].reached[2]);
    }
}

/* Half way between scores; the lowest score, where there is none below. */
static void test_threshold_lies_between(void **state) {
    (void)state;
    const float s[] = {0.25f, 0.5f, 0.75f, 1};
    const int l[] = {0, 0, 1, 1};
    fv_operating_point p;
    assert_int_equal(fv_choose_threshold(s, l, 4, 1, (fv_goal){.kind = FV_YOUDEN}, &p), FV_OK);
    assert_true(p.threshold == 0.625f);
    assert_int_equal(fv_choose_threshold(s, l, 4, 0, (fv_goal){FV_SENSITIVITY, 1}, &p), FV_OK);
    assert_true(p.threshold == 0.25f);
    const float neighbours[] = {1, nextafterf(1, 2)};
    assert_int_equal(fv_choose_threshold(neighbours, l + 1, 2, 1, (fv_goal){.kind = FV_YOUDEN}, &p), FV_OK);
    assert_true(p.threshold == neighbours[1]);
}

static void test_thresholds_that_cannot_be(void **state) {
    (void)state;
    const float s[] = {1, 2, NAN};
    const int l[] = {1, 0, 1};
    fv_operating_point p;
    assert_int_equal(fv_choose_threshold(s, l, 2, 1, (fv_goal){FV_SPECIFICITY, 1}, &p), FV_BAD_DATA);
    assert_contains(fv_error(), "no threshold reaches a specificity of 1");
    assert_int_equal(fv_choose_threshold(s, l, 1, 1, (fv_goal){.kind = FV_YOUDEN}, &p), FV_BAD_DATA);
    assert_contains(fv_error(), "no negative images");
    assert_int_equal(fv_choose_threshold(s, l, 3, 1, (fv_goal){.kind = FV_YOUDEN}, &p), FV_BAD_DATA);
    assert_contains(fv_error(), "NaN");
    for (int i = 0; i < 3; i++) {
        const double bad[] = {0, 1.5, NAN};
        assert_int_equal(fv_choose_threshold(s, l, 2, 1, (fv_goal){FV_SENSITIVITY, bad[i]}, &p), FV_BAD_ARGUMENT);
    }
}

static void assert_undefined(const float *s, const int *l, size_t n, const char *why) {
    fv_measure m[2];
    assert_int_equal(fv_roc_auc(s, l, n, 1, &m[0]), FV_OK);
    assert_int_equal(fv_average_precision(s, l, n, 1, &m[1]), FV_OK);
    for (int i = 0; i < 2; i++) {
        assert_non_null(m[i].undefined);
        assert_string_equal(m[i].undefined, why);
        assert_true(isnan(m[i].value) && isnan(m[i].low) && isnan(m[i].high));
    }
}

static void test_undefined_areas(void **state) {
    (void)state;
    const float s[] = {1, 2, NAN, INFINITY, -INFINITY};
    const int l[] = {1, 1, 0, 1, 0};
    assert_undefined(s, l, 0, "no images");
    assert_undefined(s, l, 2, "no negative images");
    assert_undefined(s, l + 2, 1, "no positive images");
    assert_undefined(s, l, 3, "a score is NaN");
    fv_measure m;
    assert_int_equal(fv_roc_auc(s + 3, l + 3, 2, 1, &m), FV_OK); /* infinities rank like other numbers */
    assert_true(m.value == 1 && isnan(m.low) && !m.undefined);
}

/* ---- Counts --------------------------------------------------------------------------------------------------------------- */

static void test_proportions(void **state) {
    (void)state;
    fv_measure m = fv_proportion(0, 10);
    assert_true(m.value == 0 && m.low == 0);
    assert_near(m.high, 0.27753279986288926); /* z^2 / (n + z^2) */
    m = fv_proportion(10, 10);
    assert_true(m.value == 1 && m.high == 1);
    assert_near(m.low, 1 - 0.27753279986288926);
    m = fv_proportion(0, 0);
    assert_true(isnan(m.value));
    assert_string_equal(m.undefined, "no images");
}

static void test_top_k(void **state) {
    (void)state;
    for (int i = 0; i < MANY; i++) {
        int classes = many[i].made[2], ks[] = {1, 2, classes - 1};
        size_t n = make_many(i);
        for (int j = 0; j < 3; j++) {
            fv_measure m;
            assert_int_equal(fv_top_k(scores, labels, n, classes, ks[j], &m), FV_OK);
            assert_near(m.value, many[i].top[j]);
        }
    }
    fv_measure m;
    assert_int_equal(fv_top_k(scores, labels, 5, 3, 4, &m), FV_BAD_ARGUMENT);
    assert_int_equal(fv_top_k(scores, labels, 5, 3, 0, &m), FV_BAD_ARGUMENT);
    assert_int_equal(fv_top_k(scores, (const int[]){0, 3}, 2, 3, 1, &m), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "label 3 of image 1: must be from 0 to 2");
}

/* ---- A tally ---------------------------------------------------------------------------------------------------------------- */

static void assert_averages(const fv_averages *a, const double expected[3]) {
    assert_near(a->precision.value, expected[0]);
    assert_near(a->recall.value, expected[1]);
    assert_near(a->f1.value, expected[2]);
}

/* 0 of scikit-learn's where nothing can be said. */
static double or_zero(fv_measure m) { return m.undefined ? 0 : m.value; }

static void check_many(int i, const fv_measures *m) {
    int classes = many[i].made[2];
    assert_near(m->accuracy.value, many[i].top[0]);
    for (int c = 0; c < classes; c++) {
        assert_near(or_zero(m->of_class[c].precision), many[i].precision[c]);
        assert_near(or_zero(m->of_class[c].recall), many[i].recall[c]);
        assert_near(or_zero(m->of_class[c].f1), many[i].f1[c]);
        assert_int_equal(m->of_class[c].support, many[i].support[c]);
        assert_true(!m->of_class[c].recall.undefined == (many[i].support[c] > 0));
    }
    assert_averages(&m->macro, many[i].macro);
    assert_averages(&m->weighted, many[i].weighted);
    assert_memory_equal(m->confusion, many[i].confusion, (size_t)(classes * classes) * sizeof(size_t));
    assert_int_equal(m->positive, -1);
    assert_string_equal(m->roc_auc.undefined, "not a question of two classes");
}

static void test_many_classes(void **state) {
    (void)state;
    for (int i = 0; i < MANY; i++) {
        int classes = many[i].made[2];
        size_t n = make_many(i), half = n / 2;
        fv_tally *t = fv_tally_new(classes, -1, 0);
        fv_measures m;
        assert_int_equal(fv_tally_add(t, scores, labels, half), FV_OK);
        assert_int_equal(fv_tally_add(t, scores + half * (size_t)classes, labels + half, n - half), FV_OK);
        assert_int_equal(fv_tally_measures(t, &m), FV_OK);
        assert_int_equal(m.n, n);
        check_many(i, &m);
        fv_tally_free(t);
    }
}

static void test_two_classes(void **state) {
    (void)state;
    for (int i = 0; i < TWO; i++) {
        size_t n = make_two(i);
        float *pairs = malloc(2 * n * sizeof(float));
        for (size_t j = 0; j < n; j++) pairs[2 * j] = 1 - scores[j], pairs[2 * j + 1] = scores[j];
        fv_tally *t = fv_tally_new(2, 1, two[i].threshold);
        fv_measures m;
        assert_int_equal(fv_tally_add(t, pairs, labels, n), FV_OK);
        assert_int_equal(fv_tally_measures(t, &m), FV_OK);
        assert_measure(m.roc_auc, two[i].auc);
        assert_measure(m.average_precision, two[i].average_precision);
        assert_measure(m.sensitivity, two[i].sensitivity);
        assert_measure(m.specificity, two[i].specificity);
        fv_operating_point p;
        assert_int_equal(fv_tally_threshold(t, (fv_goal){.kind = FV_YOUDEN}, &p), FV_OK);
        assert_near(youden_at(p), two[i].reached[0]);
        fv_tally_free(t);
        free(pairs);
    }
}

static void test_tallies_that_cannot_be(void **state) {
    (void)state;
    assert_null(fv_tally_new(0, -1, 0));
    assert_null(fv_tally_new(3, 1, 0));
    assert_contains(fv_error(), "positive class 1 of 3: must be 0 or 1 of two, else -1");
    assert_null(fv_tally_new(2, 2, 0));
    assert_null(fv_tally_new(2, 1, 1));
    fv_tally *t = fv_tally_new(3, -1, 0);
    fv_measures m;
    fv_operating_point p;
    assert_int_equal(fv_tally_add(t, scores, (const int[]){0, -1}, 2), FV_BAD_ARGUMENT);
    assert_int_equal(fv_tally_measures(t, &m), FV_OK); /* of nothing */
    assert_int_equal(m.n, 0);
    assert_string_equal(m.accuracy.undefined, "no images");
    assert_string_equal(m.macro.f1.undefined, "no images");
    assert_string_equal(m.of_class[2].precision.undefined, "never predicted");
    assert_int_equal(fv_tally_threshold(t, (fv_goal){.kind = FV_YOUDEN}, &p), FV_BAD_ARGUMENT);
    fv_tally_free(t);
}

/* As many classes as a network can have cost what they must, and no square of it. */
static void test_a_great_many_classes(void **state) {
    (void)state;
    enum { CLASSES = 65535 };
    float *row = calloc(CLASSES, sizeof *row);
    row[65000] = 1;
    fv_tally *t = fv_tally_new(CLASSES, -1, 0);
    fv_measures m;
    assert_int_equal(fv_tally_add(t, row, (const int[]){65000}, 1), FV_OK);
    assert_int_equal(fv_tally_measures(t, &m), FV_OK);
    assert_true(m.accuracy.value == 1 && m.of_class[65000].f1.value == 1 && !m.confusion);
    fv_tally_free(t);
    free(row);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_areas),
        cmocka_unit_test(test_thresholds),
        cmocka_unit_test(test_threshold_lies_between),
        cmocka_unit_test(test_thresholds_that_cannot_be),
        cmocka_unit_test(test_undefined_areas),
        cmocka_unit_test(test_proportions),
        cmocka_unit_test(test_top_k),
        cmocka_unit_test(test_many_classes),
        cmocka_unit_test(test_two_classes),
        cmocka_unit_test(test_tallies_that_cannot_be),
        cmocka_unit_test(test_a_great_many_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
