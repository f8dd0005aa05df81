/* A run that was tuned goes on by the kernels in its state: with the bits of never having stopped, whatever has become of the
 * table since. Contests are decided by who is named, not by a clock. */
#include "core/memory.h"
#include "engine/model.h"
#include "engine/tuning.h"
#include "support/unit.h"
#include "train/small.h"

#include <stdio.h>
#include <string.h>

enum { STEPS_AN_EPOCH = 4 }; /* the last batch has 12 images instead of 16: other shapes, other contests */

/* Wide enough for kernels to compete. */
static fv_model *make(void) {
    fv_value *x = fv_input(fv_graph_new("wide"), 1, SIDE, SIDE);
    x = fv_relu(fv_batch_norm(fv_conv2d(x, "first", 64, 3, .pad = 1), "bn1"));
    x = fv_relu(fv_batch_norm(fv_conv2d(x, "second", 64, 3, .pad = 1), "bn2"));
    x = fv_relu(fv_conv2d(x, "third", 64, 3, .pad = 1));
    fv_model *model =
        fv_model_new(fv_linear(fv_dropout(fv_flatten(fv_max_pool(x, 2)), 0.2f), "fc", CLASSES), .seed = 3);
    if (!model) fail_msg("%s", fv_error());
    return model;
}

/* Kernels with this word in their name win; of several, the first. */
static double favour(void *user, const fv_trial *trial) { return strstr(trial->what, user) ? 1 : 2; }

static fv_tuning *tuning_for(const char *favourite) {
    fv_tuning *tuning = fv_tuning_new();
    assert_non_null(tuning);
    tuning->time = favour;
    tuning->user = (void *)favourite;
    return tuning;
}

static fv_fit_args args_for(const char *folder, fv_tuning *tuning) {
    return (fv_fit_args){.optimizer = fv_adam(.lr = 0.01f),
                         .epochs = 3,
                         .seed = 9,
                         .augment = "crop:1 flip",
                         .ema = 0.9f,
                         .save_every = 1,
                         .save_dir = folder,
                         .tuning = tuning};
}

static fv_model *run(fv_fit_args args, uint64_t stop_at) {
    fv_model *model = make();
    fv_status status = small_fit(model, args, &(watch){.stop_at = stop_at});
    if (status != (stop_at ? FV_STOPPED : FV_OK)) fail_msg("%s", fv_error());
    return model;
}

static bool same_weights(const fv_model *a, const fv_model *b) {
    bool same = true;
    for (int i = 0; i < a->n_params; i++) {
        size_t count = fv_shape_count(&a->params[i].info.shape);
        float *x = fv_alloc(2 * count, sizeof(float));
        assert_int_equal(fv_param_read(&a->params[i], x), FV_OK);
        assert_int_equal(fv_param_read(&b->params[i], x + count), FV_OK);
        same = same && memcmp(x, x + count, count * sizeof(float)) == 0;
        fv_free(x);
    }
    return same;
}

/* The table as it was; gone; another in its place, whose kernels round otherwise. */
static void test_resuming(void **state) {
    (void)state;
    if (!FOVEA_ONEDNN) skip();
    fv_tuning *tuning = tuning_for("F(4x4,3x3)"), *other = tuning_for("F(6x6,3x3)");
    fv_model *whole = run(args_for(NULL, tuning), 0), *adverse = run(args_for(NULL, other), 0);
    assert_true(tuning->n > 0 && tuning->n == other->n);
    assert_false(same_weights(whole, adverse)); /* else what follows shows nothing */
    fv_tuning *const later[] = {tuning, NULL, other};
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        fv_fit_args args = args_for(temporary("resumed-%zu", i), tuning);
        fv_model_free(run(args, STEPS_AN_EPOCH + 2)); /* within the second epoch */
        args.tuning = later[i];
        args.resume = true;
        int contests = fv_tuning_contests(other);
        fv_model *resumed = run(args, 0);
        assert_int_equal(fv_tuning_contests(other), contests);
        assert_same_weights(resumed, whole);
        fv_model_free(resumed);
    }
    fv_tuning_free(tuning);
    fv_tuning_free(other);
    fv_model_free(whole);
    fv_model_free(adverse);
}

/* Two epochs and a resume by way of epochs alone; and a run by the rule stays one by the rule. */
static void test_resuming_by_the_rule(void **state) {
    (void)state;
    fv_tuning *other = tuning_for("F(4x4,3x3)");
    fv_model *whole = run(args_for(NULL, NULL), 0);
    fv_fit_args args = args_for(temporary("rule"), NULL);
    args.save_every = 0;
    fv_model_free(run(args, 2 * STEPS_AN_EPOCH));
    args.tuning = other;
    args.resume = true;
    fv_model *resumed = run(args, 0);
    assert_int_equal(fv_tuning_contests(other), 0);
    assert_same_weights(resumed, whole);
    fv_tuning_free(other);
    fv_model_free(whole);
    fv_model_free(resumed);
}

/* Frozen first, then thawed: plans that are made in the middle of a run were foreseen. */
static void test_resuming_what_thaws(void **state) {
    (void)state;
    if (!FOVEA_ONEDNN) skip();
    static const fv_part_options parts[] = {{.name = "first", .frozen = true}, {.name = "second", .frozen = true}};
    fv_tuning *tuning = tuning_for("F(6x6,3x3)");
    fv_fit_args args = args_for(NULL, tuning);
    args.parts = parts, args.n_parts = 2, args.unfreeze_at = 2, args.augment = NULL;
    fv_model *whole = run(args, 0);
    args.save_dir = temporary("thawed");
    for (uint64_t step = 2; step < 10; step += 5) {
        fv_model_free(run(args, step));
        args.resume = true;
        args.tuning = NULL;
    }
    fv_model *resumed = run(args, 0);
    assert_same_weights(resumed, whole);
    fv_tuning_free(tuning);
    fv_model_free(whole);
    fv_model_free(resumed);
}

/* Evaluation and prediction by other kernels answer the same, within rounding. */
static void test_other_uses(void **state) {
    (void)state;
    if (!FOVEA_ONEDNN) skip();
    fv_tuning *tuning = tuning_for("F(6x6,3x3)");
    fv_model *model = make();
    fv_dataset *set = small_set(CLASSES);
    fv_evaluation by_rule, tuned;
    assert_int_equal(fv_evaluate(model, set, &by_rule, .threads = 2), FV_OK);
    assert_int_equal(fv_evaluate_with(model, set, &tuned, &(fv_evaluate_args){.threads = 2, .tuning = tuning}), FV_OK);
    assert_true(fv_tuning_contests(tuning) > 0);
    assert_true(by_rule.loss - tuned.loss < 1e-4 && tuned.loss - by_rule.loss < 1e-4);
    int before = fv_tuning_contests(tuning);
    fv_predictor *predictor = fv_predictor_new(model, .threads = 2, .tuning = tuning);
    float probabilities[CLASSES];
    assert_int_equal(fv_predict_pixels(predictor, small_pixels, 1, SIDE, SIDE, probabilities), FV_OK);
    assert_true(fv_tuning_contests(tuning) > before);
    fv_predictor_free(predictor);
    fv_tuning_free(tuning);
    fv_dataset_free(set);
    fv_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resuming),
        cmocka_unit_test(test_resuming_by_the_rule),
        cmocka_unit_test(test_resuming_what_thaws),
        cmocka_unit_test(test_other_uses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
