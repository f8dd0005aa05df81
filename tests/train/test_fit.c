/* fv_fit: it learns, stops and goes on with the same bits, and says in one line what it cannot do. */
#include "core/memory.h"
#include "support/unit.h"
#include "train/small.h"

#include <math.h>
#include <string.h>

/* ---- Tests ---------------------------------------------------------------------------------------------------------- */

static void test_learns(void **state) {
    (void)state;
    watch w = {0};
    fv_model *model = small_model();
    assert_int_equal(small_fit(model, (fv_fit_args){.epochs = 12}, &w), FV_OK);
    assert_true(w.top1 == 1);
    fv_dataset *set = small_set(CLASSES);
    fv_evaluation result;
    assert_int_equal(fv_evaluate(model, set, &result), FV_OK);
    assert_int_equal(result.n, COUNT);
    assert_true(result.top1 == w.top1 && fabs(result.loss - w.loss) < 1e-6);
    fv_dataset_free(set);
    fv_model_free(model);
}

static void test_early_stop(void **state) {
    (void)state;
    watch w = {0};
    fv_model *model = small_model();
    fv_fit_args args = {.optimizer = fv_sgd(.lr = 1e-12f), .epochs = 50, .early_stop = 3};
    assert_int_equal(small_fit(model, args, &w), FV_OK);
    assert_in_range(w.epochs, 3, 49);
    fv_model_free(model);
}

/* Black images to learn from, those of the set to validate on. */
static void test_only_training_is_augmented(void **state) {
    (void)state;
    watch w = {0};
    fv_model *model = small_model(), *plain = small_model();
    fv_fit_args args = {.optimizer = fv_sgd(.lr = 1e-3f), .epochs = 1};
    assert_int_equal(small_fit(plain, args, &w), FV_OK);
    double loss = w.loss;
    args.augment = "brightness:0-0";
    assert_int_equal(small_fit(model, args, &w), FV_OK);
    assert_true(fabs(w.loss - loss) > 1e-6);
    fv_dataset *set = small_set(CLASSES);
    fv_evaluation result;
    assert_int_equal(fv_evaluate(model, set, &result), FV_OK);
    assert_true(fabs(result.loss - w.loss) < 1e-6);
    fv_dataset_free(set);
    fv_model_free(model);
    fv_model_free(plain);
}

/* Images moved by one pixel, to the right and down, by hand and by `augment`. */
static void test_evaluation_on_moved_images(void **state) {
    (void)state;
    static uint8_t moved[COUNT * SIDE * SIDE];
    int labels[COUNT];
    fv_model *model = small_model();
    fv_dataset *set = small_set(CLASSES);
    for (int i = 0; i < COUNT; i++) {
        labels[i] = i % CLASSES;
        for (int p = 0; p < SIDE * SIDE; p++)
            if (p / SIDE && p % SIDE) moved[i * SIDE * SIDE + p] = small_pixels[i * SIDE * SIDE + p - SIDE - 1];
    }
    fv_dataset *by_hand = fv_dataset_from_memory(moved, labels, COUNT, 1, SIDE, SIDE, CLASSES, NULL);
    fv_evaluation unmoved, result, expected;
    assert_int_equal(fv_evaluate(model, set, &unmoved), FV_OK);
    assert_int_equal(fv_evaluate(model, by_hand, &expected), FV_OK);
    assert_int_equal(fv_evaluate(model, set, &result, .augment = "shift:1/8-1/8", .workers = 2), FV_OK);
    assert_true(result.loss == expected.loss && result.loss != unmoved.loss);
    assert_int_equal(fv_evaluate(model, set, &result, .augment = "brightness", .seed = 1), FV_OK);
    assert_int_equal(fv_evaluate(model, set, &expected, .augment = "brightness", .seed = 2), FV_OK);
    assert_true(result.loss != expected.loss);
    assert_int_equal(fv_evaluate(model, set, &result, .augment = "turn"), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "augment: no transform named \"turn\"");
    fv_dataset_free(set);
    fv_dataset_free(by_hand);
    fv_model_free(model);
}

/* ---- Schedules ------------------------------------------------------------------------------------------------------- */

enum { BATCHES = 4, EPOCHS = 5 };
typedef struct rates {
    float lr[BATCHES * EPOCHS];
    double loss[EPOCHS], lacking[EPOCHS]; /* to a top-1 of 1 */
} rates;

static fv_status note_rate(void *user, const fv_step_report *report) {
    ((rates *)user)->lr[report->step - 1] = report->lr;
    return FV_OK;
}

static fv_status note_loss(void *user, const fv_epoch_report *report) {
    ((rates *)user)->loss[report->epoch - 1] = report->val_loss;
    ((rates *)user)->lacking[report->epoch - 1] = 1 - report->val_top1;
    return FV_OK;
}

static fv_status fit_rates(fv_schedule schedule, rates *r) {
    fv_model *model = small_model();
    fv_dataset *set = small_set(CLASSES);
    fv_status status =
        fv_fit(model, set, set, .optimizer = fv_sgd(.lr = 0.5f), .schedule = schedule, .epochs = EPOCHS,
               .batch_size = 16, .threads = 1, .callback = {.user = r, .on_step = note_rate, .on_epoch = note_loss});
    fv_dataset_free(set);
    fv_model_free(model);
    return status;
}

/* The rate of each epoch follows from the validation losses before it, or from the measures that name the best one. */
static void test_plateau(void **state) {
    (void)state;
    rates r[2];
    for (int i = 0; i < 2; i++) {
        fv_schedule schedule = fv_plateau(.patience = 1, .threshold = 0.1f, .gamma = 0.5f, .by_best = i);
        assert_int_equal(fit_rates(schedule, &r[i]), FV_OK);
        const double *watched = i ? r[i].lacking : r[i].loss;
        fv_plateau_state plateau = {0};
        for (int step = 0; step < BATCHES * EPOCHS; step++) {
            assert_true(r[i].lr[step] == 0.5f * (float)fv_plateau_share(&schedule, &plateau));
            if (step % BATCHES == BATCHES - 1) fv_plateau_next(&schedule, &plateau, watched[step / BATCHES]);
        }
        assert_true(plateau.falls > 0);
    }
    assert_memory_not_equal(r[0].lr, r[1].lr, sizeof r[0].lr);
}

static double by_epoch(void *user, uint64_t t, uint64_t total) {
    assert_int_equal(total, EPOCHS);
    return *(float *)user * (float)t;
}

static void test_own_schedule(void **state) {
    (void)state;
    rates r;
    float factor = 0.25f;
    fv_schedule schedule = fv_own_schedule(.share = by_epoch, .user = &factor, .by_epoch = true);
    assert_int_equal(fit_rates(schedule, &r), FV_OK);
    for (int step = 0; step < BATCHES * EPOCHS; step++) assert_true(r.lr[step] == 0.125f * (float)(step / BATCHES));
    factor = NAN;
    assert_int_equal(fit_rates(schedule, &r), FV_BAD_ARGUMENT);
    assert_string_equal(fv_error(), "lr nan: must be above 0");
}

/* It learns from mixed batches, and from balanced ones; what validation counts is not touched. */
static void test_learns_from_mixtures(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        watch w = {0};
        fv_model *model = small_model();
        fv_fit_args args = {.epochs = 20, .mixup = i == 1 ? 0 : 0.4f, .cutmix = i == 0 ? 0 : 1, .balanced = true};
        assert_int_equal(small_fit(model, args, &w), FV_OK);
        assert_true(w.top1 > 0.9);
        fv_model_free(model);
    }
}

static fv_status fit_within(size_t bytes, float mixup) {
    fv_model *model = small_model();
    fv_memory_pretend(bytes);
    fv_status status = small_fit(model, (fv_fit_args){.epochs = 1, .mixup = mixup}, &(watch){0});
    fv_memory_pretend(SIZE_MAX);
    fv_model_free(model);
    return status;
}

/* In as much memory as a run needs there is none left to mix its batches of 16 in. */
static void test_mixing_takes_memory(void **state) {
    (void)state;
    size_t low = 0, high = 1 << 26;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (fit_within(middle, 0) == FV_OK)
            high = middle;
        else
            low = middle;
    }
    assert_int_equal(fit_within(high, 0), FV_OK);
    size_t mixtures = 16 * (CLASSES * sizeof(float) + sizeof(int));
    assert_int_equal(fit_within(high + mixtures - 1, 0.5f), FV_NO_MEMORY);
    assert_contains(fv_error(), "small: batch size 16 needs ");
    assert_int_equal(fit_within(high + mixtures, 0.5f), FV_OK);
}

static void test_refusals(void **state) {
    (void)state;
    fv_model *model = small_model();
    assert_int_equal(small_fit(model, (fv_fit_args){.batch_size = COUNT + 1}, &(watch){0}), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "60");
    assert_int_equal(small_fit(model, (fv_fit_args){.epochs = -1}, &(watch){0}), FV_BAD_ARGUMENT);
    assert_int_equal(small_fit(model, (fv_fit_args){.workers = -1}, &(watch){0}), FV_BAD_ARGUMENT);
    assert_int_equal(small_fit(model, (fv_fit_args){.optimizer = fv_sgd(.lr = NAN)}, &(watch){0}), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "lr nan");
    assert_int_equal(small_fit(model, (fv_fit_args){.best = "auc"}, &(watch){0}), FV_BAD_ARGUMENT);
    assert_int_equal(small_fit(model, (fv_fit_args){.topk = {4}}, &(watch){0}), FV_BAD_ARGUMENT);
    assert_int_equal(small_fit(model, (fv_fit_args){.min_delta = -1}, &(watch){0}), FV_BAD_ARGUMENT);
    assert_int_equal(small_fit(model, (fv_fit_args){.min_delta = NAN}, &(watch){0}), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "min_delta nan: must be 0 or more");
    fv_dataset *alone = small_set(CLASSES);
    assert_int_equal(fv_fit(model, alone, NULL, .schedule = fv_plateau(0)), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "schedule plateau: needs a set to validate on");
    fv_dataset_free(alone);
    assert_int_equal(small_fit(model, (fv_fit_args){.augment = "turn:5"}, &(watch){0}), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "augment: no transform named \"turn\"");
    assert_int_equal(small_fit(model, (fv_fit_args){.mixup = -1}, &(watch){0}), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "mixup -1: must be above 0 and at most 100");
    assert_int_equal(small_fit(model, (fv_fit_args){.cutmix = NAN}, &(watch){0}), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "cutmix nan");
    const fv_loss leaving_out = {.ignore = true, .ignore_index = 1}, none = {.ignore = true, .ignore_index = CLASSES};
    assert_int_equal(small_fit(model, (fv_fit_args){.cutmix = 1, .loss = leaving_out}, &(watch){0}), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "cutmix and ignore_index: an image that is left out cannot be mixed");
    assert_int_equal(small_fit(model, (fv_fit_args){.loss = none}, &(watch){0}), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "ignore_index 3: must be from 0 to 2, the last class of memory");

    fv_dataset *other = small_set(CLASSES + 2);
    assert_int_equal(fv_fit(model, other, NULL, .epochs = 1), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "5 classes");
    fv_dataset_free(other);
    fv_model_free(model);
}

/* Probabilities are the softmax of fv_forward's logits, by whichever way the picture comes in. */
static void test_predictions_agree(void **state) {
    (void)state;
    fv_model *model = small_model();
    fv_predictor *predictor = fv_predictor_new(model, .threads = 1, .batch_size = 7);
    fv_dataset *set = small_set(CLASSES);
    float all[COUNT * CLASSES], one[CLASSES], x[SIDE * SIDE], logits[CLASSES];
    assert_int_equal(fv_predict(predictor, set, all), FV_OK);
    assert_int_equal(fv_predict_pixels(predictor, small_pixels + 5 * SIDE * SIDE, 1, SIDE, SIDE, one), FV_OK);
    assert_memory_equal(one, all + 5 * CLASSES, sizeof one);
    for (int p = 0; p < SIDE * SIDE; p++) x[p] = (float)small_pixels[5 * SIDE * SIDE + p] / 255;
    assert_int_equal(fv_forward(predictor, x, 1, logits), FV_OK);
    double sum = 0;
    for (int c = 0; c < CLASSES; c++) sum += exp((double)logits[c]);
    for (int c = 0; c < CLASSES; c++) assert_true(fabs(exp((double)logits[c]) / sum - (double)one[c]) < 1e-5);
    fv_dataset_free(set);
    fv_predictor_free(predictor);
    fv_model_free(model);
}

/* ---- Measures ------------------------------------------------------------------------------------------------------- */

/* Fills the tally with what the predictor says of the set. */
static void tally_predictions(fv_model *model, const fv_dataset *set, fv_tally *tally) {
    float probabilities[COUNT * CLASSES];
    int truth[COUNT];
    fv_predictor *predictor = fv_predictor_new(model, .threads = 1);
    assert_int_equal(fv_predict(predictor, set, probabilities), FV_OK);
    for (int i = 0; i < COUNT; i++) truth[i] = i % fv_dataset_classes(set);
    assert_int_equal(fv_tally_add(tally, probabilities, truth, COUNT), FV_OK);
    fv_predictor_free(predictor);
}

static void assert_same_measure(fv_measure a, fv_measure b) {
    if (isnan(a.value) ? !isnan(b.value) : !(fabs(a.value - b.value) < 1e-9)) fail_msg("%g and %g", a.value, b.value);
}

/* Evaluation counts what prediction answers; a network of one logit, of two, of three. */
static void check_evaluation(fv_model *model, const fv_dataset *set) {
    fv_tally *evaluated = fv_tally_for(model), *predicted = fv_tally_for(model);
    fv_evaluation e;
    fv_measures m, p;
    tally_predictions(model, set, predicted);
    assert_int_equal(fv_evaluate(model, set, &e, .tally = evaluated, .threads = 1, .batch_size = 7), FV_OK);
    assert_int_equal(fv_tally_measures(evaluated, &m), FV_OK);
    assert_int_equal(fv_tally_measures(predicted, &p), FV_OK);
    assert_memory_equal(m.confusion, p.confusion, (size_t)(m.classes * m.classes) * sizeof(size_t));
    assert_same_measure(m.roc_auc, p.roc_auc);
    assert_same_measure(m.average_precision, p.average_precision);
    assert_true(m.n == COUNT && e.n == COUNT && m.accuracy.value == e.top1 && e.macro_f1 == m.macro.f1.value);
    assert_true(m.positive < 0 ? isnan(e.auc) : e.auc == m.roc_auc.value && e.sensitivity == m.sensitivity.value);
    fv_tally_free(evaluated);
    fv_tally_free(predicted);
}

static void test_evaluation_measures_predictions(void **state) {
    (void)state;
    fv_dataset *two = two_classes(), *three = small_set(CLASSES);
    const float thresholds[] = {0.5f, 0.45f, 0.55f};
    for (int outputs = 1; outputs <= 3; outputs++)
        for (int i = 0; i < 3; i++) {
            fv_model *model = flat_model(outputs);
            assert_int_equal(fv_model_set_threshold(model, thresholds[i]), FV_OK);
            check_evaluation(model, outputs < 3 ? two : three);
            fv_model_free(model);
        }
    fv_dataset_free(two);
    fv_dataset_free(three);
}

/* A threshold that was chosen does on the same images what it promised. */
static void test_chosen_threshold(void **state) {
    (void)state;
    const fv_goal goals[] = {{.kind = FV_YOUDEN}, {FV_SENSITIVITY, 0.8}, {FV_SPECIFICITY, 0.7}, {FV_SENSITIVITY, 1}};
    fv_dataset *set = two_classes();
    for (int i = 0; i < 8; i++) {
        fv_model *model = flat_model(1 + i / 4);
        fv_tally *tally = fv_tally_for(model);
        fv_operating_point point;
        fv_evaluation e;
        assert_int_equal(fv_evaluate(model, set, &e, .tally = tally), FV_OK);
        if (fv_tally_threshold(tally, goals[i % 4], &point) != FV_OK) fail_msg("%s", fv_error());
        assert_int_equal(fv_model_set_threshold(model, point.threshold), FV_OK);
        assert_int_equal(fv_evaluate(model, set, &e), FV_OK);
        assert_true(e.sensitivity == point.sensitivity.value && e.specificity == point.specificity.value);
        fv_tally_free(tally);
        fv_model_free(model);
    }
    fv_dataset_free(set);
}

static void test_top_k(void **state) {
    (void)state;
    fv_model *model = small_model();
    fv_dataset *set = small_set(CLASSES);
    fv_evaluation e;
    assert_int_equal(fv_evaluate(model, set, &e, .topk = {1, 2, 3}), FV_OK);
    assert_true(e.topk[0] == e.top1 && e.topk[1] >= e.topk[0] && e.topk[2] == 1 && e.k[3] == 0 && isnan(e.top5));
    assert_int_equal(fv_evaluate(model, set, &e), FV_OK);
    assert_true(e.k[0] == 1 && e.k[1] == 0);
    assert_int_equal(fv_evaluate(model, set, &e, .topk = {4}), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "top-4: must be from 1 to 3");
    assert_int_equal(fv_evaluate(model, set, &e, .topk = {2, 1}), FV_BAD_ARGUMENT);
    assert_int_equal(fv_evaluate(model, set, &e, .topk = {-1}), FV_BAD_ARGUMENT);
    static const float weights[CLASSES] = {1, 2, 3}, bad[CLASSES] = {1, -1, 1};
    assert_int_equal(fv_evaluate(model, set, &e, .loss = fv_bce(.class_weights = weights)), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "bce of 3 logits takes no class_weights");
    assert_int_equal(fv_evaluate(model, set, &e, .loss = fv_cross_entropy(.class_weights = bad)), FV_BAD_ARGUMENT);
    fv_tally *tally = fv_tally_new(2, 1, 0);
    assert_int_equal(fv_evaluate(model, set, &e, .tally = tally), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "a tally of 2 classes for a network with 3");
    fv_tally_free(tally);
    fv_dataset_free(set);
    fv_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns),
        cmocka_unit_test(test_early_stop),
        cmocka_unit_test(test_only_training_is_augmented),
        cmocka_unit_test(test_evaluation_on_moved_images),
        cmocka_unit_test(test_plateau),
        cmocka_unit_test(test_own_schedule),
        cmocka_unit_test(test_learns_from_mixtures),
        cmocka_unit_test(test_mixing_takes_memory),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_predictions_agree),
        cmocka_unit_test(test_evaluation_measures_predictions),
        cmocka_unit_test(test_chosen_threshold),
        cmocka_unit_test(test_top_k),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
