/* The moving average of the weights: what it is, who sees it, and that a resume keeps it. */
#include "core/memory.h"
#include "engine/model.h"
#include "support/unit.h"
#include "train/small.h"

#include <math.h>
#include <string.h>

enum { BATCH = 12, STEPS = 25 };

/* All parameters one after the other, plain; the caller frees them. */
static float *weights_of(const fv_model *model, size_t *count) {
    *count = 0;
    for (int i = 0; i < model->n_params; i++) *count += fv_shape_count(&model->params[i].info.shape);
    float *all = fv_alloc(*count, sizeof(float)), *at = all;
    for (int i = 0; i < model->n_params; i++) {
        assert_int_equal(fv_param_read(&model->params[i], at), FV_OK);
        at += fv_shape_count(&model->params[i].info.shape);
    }
    return all;
}

/* The formula, in double, on the weights that are seen after each step; running statistics are no average. */
static void follow(const fv_model *model, const float *weights, double *average, int step, double decay) {
    double keep = fmin(decay, step / (9.0 + step));
    for (int i = 0; i < model->n_params; i++)
        for (size_t n = fv_shape_count(&model->params[i].info.shape); n > 0; n--, average++, weights++)
            *average = model->params[i].info.state ? *weights : keep * *average + (1 - keep) * *weights;
}

static void check_steps(float decay, int threads) {
    static float images[COUNT * SIDE * SIDE];
    int labels[BATCH];
    size_t count;
    fv_model *model = small_model();
    fv_trainer *t = fv_trainer_new(model, .batch_size = BATCH, .threads = threads, .ema = decay,
                                   .optimizer = fv_momentum(.lr = 0.1f));
    assert_non_null(t);
    fv_free(weights_of(model, &count));
    double *average = FV_NEW_N(double, count);
    fv_trainer_show_average(t, true); /* there is none yet */
    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < BATCH * SIDE * SIDE; i++) images[i] = (float)((i * 31 + step * 17) % 61) / 60;
        for (int i = 0; i < BATCH; i++) labels[i] = (i + step) % CLASSES;
        assert_int_equal(fv_trainer_step(t, images, labels, BATCH, 0, NULL), FV_OK);
        float *weights = weights_of(model, &count);
        follow(model, weights, average, step, (double)decay);
        fv_trainer_show_average(t, true);
        fv_trainer_show_average(t, true);
        float *shown = weights_of(model, &count);
        for (size_t i = 0; i < count; i++)
            if (!(fabs(shown[i] - average[i]) <= 1e-6 * fmax(1, fabs(average[i]))))
                fail_msg("step %d, number %zu: %.9g, not %.9g", step, i, shown[i], average[i]);
        if (step % 2) fv_trainer_show_average(t, false); /* or the next step does */
        float *again = weights_of(model, &count);
        assert_memory_equal(again, step % 2 ? weights : shown, count * sizeof(float));
        assert_true(step == 0 || memcmp(weights, shown, count * sizeof(float)) != 0);
        fv_free(weights);
        fv_free(shown);
        fv_free(again);
    }
    fv_free(average);
    fv_trainer_free(t);
    fv_model_free(model);
}

static void test_steps(void **state) {
    (void)state;
    check_steps(0.9f, 2);
    check_steps(0.999f, 1);
}

/* Validated, saved and left in the model is the average; trained are the weights, as if there was no average. */
static void test_fit(void **state) {
    (void)state;
    const char *folder = temporary("ema");
    fv_fit_args args = {.optimizer = fv_adam(.lr = 0.02f), .epochs = 3, .seed = 5, .save_dir = folder, .ema = 0.8f};
    fv_model *averaged = small_model(), *plain = small_model();
    watch w = {0}, without = {0};
    assert_int_equal(small_fit(averaged, args, &w), FV_OK);
    fv_model *last = fv_model_load(temporary("ema/last.safetensors"));
    if (!last) fail_msg("%s", fv_error());
    assert_same_weights(averaged, last);
    fv_dataset *set = small_set(CLASSES);
    fv_evaluation result;
    assert_int_equal(fv_evaluate(averaged, set, &result), FV_OK);
    assert_true(fabs(result.loss - w.loss) < 1e-6);
    args.ema = 0;
    args.save_dir = NULL;
    assert_int_equal(small_fit(plain, args, &without), FV_OK);
    assert_true(without.trained == w.trained && without.loss != w.loss);
    fv_dataset_free(set);
    fv_model_free(last);
    fv_model_free(plain);
    fv_model_free(averaged);
}

/* A run that does not end leaves the weights that were trained. */
static void test_stopped_runs_leave_weights(void **state) {
    (void)state;
    fv_fit_args args = {.optimizer = fv_adam(.lr = 0.02f), .epochs = 3, .seed = 5};
    fv_model *averaged = small_model(), *plain = small_model();
    for (uint64_t stop = 3; stop <= 4; stop++) { /* within an epoch, and at its end */
        args.ema = 0;
        assert_int_equal(small_fit(plain, args, &(watch){.stop_at = stop}), FV_STOPPED);
        args.ema = 0.8f;
        assert_int_equal(small_fit(averaged, args, &(watch){.stop_at = stop}), FV_STOPPED);
        assert_same_weights(averaged, plain);
    }
    fv_model_free(plain);
    fv_model_free(averaged);
}

static void test_refusals(void **state) {
    (void)state;
    static const float wrong[] = {1, -0.5f, NAN, INFINITY};
    fv_model *model = small_model();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(small_fit(model, (fv_fit_args){.ema = wrong[i]}, &(watch){0}), FV_BAD_ARGUMENT);
        assert_contains(fv_error(), "must be at least 0 and below 1");
    }
    fv_trainer_show_average(NULL, true);
    fv_model_free(model);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_stopped_runs_leave_weights),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests_name("averages", tests, NULL, NULL);
}
