/* The learning rate finder, where the answer is known: gradient descent on a linear classifier, done by hand in double. */
#include "support/unit.h"
#include "train/small.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PIXELS = SIDE * SIDE, STEPS = 60 };

/* Labels that have little to do with the images: no line parts the classes, and large rates diverge. */
static int label_of(int image) { return image * 7 / 5 % CLASSES; }

static fv_dataset *inseparable_set(void) {
    int labels[COUNT];
    fv_dataset_free(small_set(CLASSES)); /* fills small_pixels */
    for (int i = 0; i < COUNT; i++) labels[i] = label_of(i);
    fv_dataset *set = fv_dataset_from_memory(small_pixels, labels, COUNT, 1, SIDE, SIDE, CLASSES, NULL);
    assert_non_null(set);
    return set;
}

/* One step on the whole set: the mean loss before it. */
static double descend(double weight[CLASSES][PIXELS], double bias[CLASSES], double lr) {
    static double dw[CLASSES][PIXELS];
    double db[CLASSES] = {0}, loss = 0;
    memset(dw, 0, sizeof dw);
    for (int i = 0; i < COUNT; i++) {
        const uint8_t *x = small_pixels + i * PIXELS;
        double z[CLASSES], sum = 0;
        for (int c = 0; c < CLASSES; c++) {
            z[c] = bias[c];
            for (int p = 0; p < PIXELS; p++) z[c] += weight[c][p] * x[p] / 255;
        }
        for (int c = 0; c < CLASSES; c++) sum += exp(z[c]);
        loss += log(sum) - z[label_of(i)];
        for (int c = 0; c < CLASSES; c++) {
            double d = (exp(z[c]) / sum - (label_of(i) == c)) / COUNT;
            db[c] += d;
            for (int p = 0; p < PIXELS; p++) dw[c][p] += d * x[p] / 255;
        }
    }
    for (int c = 0; c < CLASSES; c++) {
        bias[c] -= lr * db[c];
        for (int p = 0; p < PIXELS; p++) weight[c][p] -= lr * dw[c][p];
    }
    return loss / COUNT;
}

/* Losses smoothed as the header says: weighted means, the last with 1, each before it with 0.9 times as much. */
static double smooth(const double *loss, int n) {
    double sum = 0, weights = 0;
    for (int i = 0; i <= n; i++) {
        sum += pow(0.9, n - i) * loss[i];
        weights += pow(0.9, n - i);
    }
    return sum / weights;
}

static fv_status find(fv_model *model, fv_lr_search *search, fv_fit_args args) {
    fv_dataset *set = inseparable_set();
    args.batch_size = args.batch_size ? args.batch_size : COUNT;
    args.threads = 1;
    fv_status status = fv_find_lr_with(model, set, search, &args);
    fv_dataset_free(set);
    return status;
}

static void test_known_answer(void **state) {
    (void)state;
    static double weight[CLASSES][PIXELS];
    float w[CLASSES * PIXELS], b[CLASSES];
    double bias[CLASSES], raw[STEPS], curve[STEPS], lowest = INFINITY, steepest = 0;
    fv_lr_search search = {.low = 1e-4f, .high = 1000, .steps = STEPS};
    fv_model *model = flat_model(CLASSES);
    fv_model_get(model, "fc.weight", w, CLASSES * PIXELS);
    fv_model_get(model, "fc.bias", b, CLASSES);
    for (int c = 0; c < CLASSES; c++) {
        bias[c] = (double)b[c];
        for (int p = 0; p < PIXELS; p++) weight[c][p] = (double)w[c * PIXELS + p];
    }
    if (find(model, &search, (fv_fit_args){.optimizer = fv_sgd(0)}) != FV_OK) fail_msg("%s", fv_error());
    int n = 0, at = 0;
    do {
        double lr = 1e-4 * pow(1e7, (double)n / (STEPS - 1));
        raw[n] = descend(weight, bias, lr);
        curve[n] = smooth(raw, n);
        lowest = fmin(lowest, curve[n]);
        assert_true(fabs((double)search.lr[n] - lr) < 1e-5 * lr);
        if (fabs(search.loss[n] - curve[n]) > 1e-3 * curve[n])
            fail_msg("step %d: %g, not %g", n, search.loss[n], curve[n]);
    } while (curve[n++] <= 4 * lowest && n < STEPS);
    assert_int_equal(search.n, n);
    assert_in_range(n, 10, STEPS - 1); /* it diverges */
    const int half = 4;                /* of the steps of a decade: 59 steps for 7 */
    int end = 0;
    while (curve[end] > lowest) end++;
    for (int i = half; i + half <= end; i++)
        if (curve[i + half] - curve[i - half] < steepest) steepest = curve[i + half] - curve[i - half], at = i;
    assert_true(search.suggestion == search.lr[at]);
    fv_model_free(model);
}

/* Weights, running statistics, names, preparation, summary: as if nothing had been. */
static void test_the_model_stays(void **state) {
    (void)state;
    fv_model *model = small_model(), *untouched = small_model();
    fv_lr_search search = {0};
    fv_fit_args args = {.batch_size = 16, .accumulate = 2, .augment = "flip", .mixup = 0.2f, .ema = 0.9f};
    static const fv_preprocess half = {.mean = {0.5f}, .std = {0.5f, 1, 1, 1}};
    args.preprocess = &half;
    if (find(model, &search, args) != FV_OK) fail_msg("%s", fv_error());
    assert_in_range(search.n, 20, 100);
    assert_true(search.lr[0] == 1e-7f && search.suggestion > 0);
    assert_same_weights(model, untouched);
    assert_null(fv_model_training(model));
    watch a = {0}, b = {0};
    assert_int_equal(small_fit(model, (fv_fit_args){.epochs = 2}, &a), FV_OK);
    assert_int_equal(small_fit(untouched, (fv_fit_args){.epochs = 2}, &b), FV_OK);
    assert_same_weights(model, untouched);
    assert_true(a.loss == b.loss);
    char *summary = strdup(fv_model_training(model));
    assert_int_equal(find(model, &search, (fv_fit_args){.save_dir = temporary("nothing"), .resume = true}), FV_OK);
    assert_string_equal(fv_model_training(model), summary);
    assert_int_equal(entries(temporary("nothing")), -1);
    free(summary);
    fv_model_free(model);
    fv_model_free(untouched);
}

static void test_refusals(void **state) {
    (void)state;
    static const struct {
        fv_lr_search search;
        const char *why;
    } cases[] = {
        {{.steps = 9}, "find_lr in 9 steps: must be from 10 to 500"},
        {{.steps = FV_LR_STEPS + 1}, "find_lr in 501 steps"},
        {{.low = -1}, "find_lr from -1 to 10: must rise"},
        {{.low = NAN}, "find_lr from nan to 10"},
        {{.low = 2, .high = 1}, "find_lr from 2 to 1: must rise"},
        {{.high = 1001}, "find_lr from 1e-07 to 1001"},
    };
    fv_model *model = small_model();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fv_lr_search search = cases[i].search;
        assert_int_equal(find(model, &search, (fv_fit_args){0}), FV_BAD_ARGUMENT);
        assert_contains(fv_error(), cases[i].why);
    }
    assert_int_equal(find(model, &(fv_lr_search){0}, (fv_fit_args){.batch_size = COUNT + 1}), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "has only 60 training images");
    fv_model_free(model);
}

/* Rates that are too large from the start on. */
static void test_divergence(void **state) {
    (void)state;
    fv_model *model = small_model(), *untouched = small_model();
    fv_lr_search search = {.low = 900, .high = 1000};
    const fv_fit_args args = {.optimizer = fv_sgd(0), .loss = fv_cross_entropy(.weight = 1e30f)};
    assert_int_equal(find(model, &search, args), FV_NOT_FINITE);
    assert_same_weights(model, untouched);
    fv_model_free(model);
    fv_model_free(untouched);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answer),
        cmocka_unit_test(test_the_model_stays),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_divergence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
