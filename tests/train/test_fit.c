/* fv_fit: it learns, stops and goes on with the same bits, and says in one line what it cannot do. */
#include "core/file.h"
#include "core/memory.h"
#include "engine/model.h"
#include "fovea/fovea.h"
#include "support/unit.h"

#include <math.h>
#include <string.h>

enum { COUNT = 60, SIDE = 8, CLASSES = 3 };

/* ---- Images whose brightest third tells the class ---------------------------------------------------------------- */

static uint8_t pixels[COUNT * SIDE * SIDE];
static int labels[COUNT];

static fv_dataset *make_dataset(int classes) {
    for (int i = 0; i < COUNT; i++) {
        labels[i] = i % CLASSES;
        for (int p = 0; p < SIDE * SIDE; p++) {
            bool bright = p / SIDE * CLASSES / SIDE == labels[i];
            pixels[i * SIDE * SIDE + p] = (uint8_t)((bright ? 160 : 40) + (i * 31 + p * 17) % 60);
        }
    }
    fv_dataset *set = fv_dataset_from_memory(pixels, labels, COUNT, 1, SIDE, SIDE, classes, NULL);
    assert_non_null(set);
    return set;
}

/* Batch norm and dropout: running statistics and random masks are part of what a resume has to get right. */
static fv_model *make_model(void) {
    fv_graph *g = fv_graph_new("small");
    fv_value *x = fv_input(g, 1, SIDE, SIDE);
    x = fv_relu(fv_batch_norm(fv_conv2d(x, "conv", 16, 3, .pad = 1), "bn"));
    x = fv_dropout(fv_flatten(fv_max_pool(x, 2)), 0.2f);
    fv_model *model = fv_model_new(fv_linear(x, "fc", CLASSES), .seed = 3);
    if (!model) fail_msg("%s", fv_error());
    return model;
}

/* ---- A run that stops itself ---------------------------------------------------------------------------------------- */

typedef struct watch {
    uint64_t stop_at, fail_at; /* steps; 0: never */
    double loss, top1;
    int epochs;
} watch;

static fv_status on_step(void *user, const fv_step_report *report) {
    const watch *w = user;
    if (w->stop_at && report->step == w->stop_at) fv_stop_request();
    return w->fail_at && report->step == w->fail_at ? FV_UNSUPPORTED : FV_OK;
}

static fv_status on_epoch(void *user, const fv_epoch_report *report) {
    watch *w = user;
    w->loss = report->val_loss, w->top1 = report->val_top1;
    w->epochs = report->epoch;
    return FV_OK;
}

static fv_status fit(fv_model *model, fv_fit_args args, watch *w) {
    fv_dataset *set = make_dataset(CLASSES);
    args.callback = (fv_callback){.user = w, .on_step = on_step, .on_epoch = on_epoch};
    args.batch_size = args.batch_size ? args.batch_size : 16;
    args.threads = 2;
    fv_status status = fv_fit_with(model, set, set, &args);
    fv_stop_clear();
    fv_dataset_free(set);
    return status;
}

static void assert_same_weights(const fv_model *a, const fv_model *b) {
    for (int i = 0; i < a->n_params; i++) {
        size_t count = fv_shape_count(&a->params[i].info.shape);
        float *x = fv_alloc(2 * count, sizeof(float));
        assert_int_equal(fv_param_read(&a->params[i], x), FV_OK);
        assert_int_equal(fv_param_read(&b->params[i], x + count), FV_OK);
        assert_memory_equal(x, x + count, count * sizeof(float));
        fv_free(x);
    }
}

/* ---- Tests ---------------------------------------------------------------------------------------------------------- */

static void test_learns(void **state) {
    (void)state;
    watch w = {0};
    fv_model *model = make_model();
    assert_int_equal(fit(model, (fv_fit_args){.epochs = 12}, &w), FV_OK);
    assert_true(w.top1 == 1);
    fv_dataset *set = make_dataset(CLASSES);
    fv_evaluation result;
    assert_int_equal(fv_evaluate(model, set, &result), FV_OK);
    assert_int_equal(result.n, COUNT);
    assert_true(result.top1 == w.top1 && fabs(result.loss - w.loss) < 1e-6);
    fv_dataset_free(set);
    fv_model_free(model);
}

/* Stopped in the middle of the second epoch and taken up again: as if nothing had happened. */
static void test_resumes_with_the_same_bits(void **state) {
    (void)state;
    const fv_optimizer optimizers[] = {fv_adam(.lr = 0.01f), fv_momentum(.lr = 0.05f, .weight_decay = 1e-3f),
                                       fv_sgd(.lr = 0.1f), fv_adamw(.clip_norm = 0.5f)};
    for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; i++) {
        fv_fit_args args = {.optimizer = optimizers[i], .schedule = fv_cosine(.warmup = 3), .epochs = 4, .seed = 9};
        fv_model *whole = make_model(), *stopped = make_model(), *resumed = make_model();
        args.workers = i % 2 ? 2 : 0;
        args.save_dir = temporary("whole-%zu", i);
        assert_int_equal(fit(whole, args, &(watch){0}), FV_OK);
        args.save_dir = temporary("stopped-%zu", i);
        assert_int_equal(fit(stopped, args, &(watch){.stop_at = 6}), FV_STOPPED);
        args.resume = true;
        args.workers = i % 2 ? 0 : 2;
        if (fit(resumed, args, &(watch){0}) != FV_OK) fail_msg("%s", fv_error());
        assert_same_weights(resumed, whole);
        fv_model_free(whole);
        fv_model_free(stopped);
        fv_model_free(resumed);
    }
}

static void test_a_failing_callback_ends_the_run(void **state) {
    (void)state;
    fv_model *model = make_model();
    const char *folder = temporary("callback");
    assert_int_equal(fit(model, (fv_fit_args){.save_dir = folder}, &(watch){.fail_at = 2}), FV_UNSUPPORTED);
    assert_true(fv_is_file(temporary("callback/state.safetensors")));
    fv_model_free(model);
}

static void test_early_stop(void **state) {
    (void)state;
    watch w = {0};
    fv_model *model = make_model();
    fv_fit_args args = {.optimizer = fv_sgd(.lr = 1e-12f), .epochs = 50, .early_stop = 3};
    assert_int_equal(fit(model, args, &w), FV_OK);
    assert_in_range(w.epochs, 3, 49);
    fv_model_free(model);
}

/* The run ends, names a node, and leaves the last committed state as it was. */
static void test_not_finite(void **state) {
    (void)state;
    fv_model *model = make_model();
    const char *folder = temporary("nan");
    fv_fit_args args = {.optimizer = fv_sgd(.lr = 1000), .epochs = 200, .save_dir = folder, .save_every = 1};
    float infinite[CLASSES] = {INFINITY, 0, 0};
    assert_int_equal(fv_model_set(model, "fc.bias", infinite, CLASSES), FV_OK);
    assert_int_equal(fit(model, args, &(watch){0}), FV_NOT_FINITE);
    assert_contains(fv_error(), "NaN or infinite");
    assert_contains(fv_error(), "small/");
    fv_model_free(model);
}

static void test_refusals(void **state) {
    (void)state;
    fv_model *model = make_model();
    const char *folder = temporary("held");
    assert_int_equal(fit(model, (fv_fit_args){.epochs = 1, .save_dir = folder}, &(watch){0}), FV_OK);
    assert_int_equal(fit(model, (fv_fit_args){.epochs = 1, .save_dir = folder}, &(watch){0}), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "already holds a run");
    assert_int_equal(fit(model, (fv_fit_args){.epochs = 1, .save_dir = folder, .overwrite = true}, &(watch){0}), FV_OK);

    put_text(temporary("file"), "x");
    assert_int_equal(fit(model, (fv_fit_args){.epochs = 1, .save_dir = temporary("file/run")}, &(watch){0}),
                     FV_IO_ERROR);
    assert_int_equal(fit(model, (fv_fit_args){.batch_size = COUNT + 1}, &(watch){0}), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "60");
    assert_int_equal(fit(model, (fv_fit_args){.epochs = -1}, &(watch){0}), FV_BAD_ARGUMENT);
    assert_int_equal(fit(model, (fv_fit_args){.workers = -1}, &(watch){0}), FV_BAD_ARGUMENT);
    assert_int_equal(fit(model, (fv_fit_args){.optimizer = fv_sgd(.lr = NAN)}, &(watch){0}), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "lr nan");

    fv_dataset *other = make_dataset(CLASSES + 2);
    assert_int_equal(fv_fit(model, other, NULL, .epochs = 1), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "5 classes");
    fv_dataset_free(other);
    fv_model_free(model);
}

/* Probabilities are the softmax of fv_forward's logits, by whichever way the picture comes in. */
static void test_predictions_agree(void **state) {
    (void)state;
    fv_model *model = make_model();
    fv_predictor *predictor = fv_predictor_new(model, .threads = 1, .batch_size = 7);
    fv_dataset *set = make_dataset(CLASSES);
    float all[COUNT * CLASSES], one[CLASSES], x[SIDE * SIDE], logits[CLASSES];
    assert_int_equal(fv_predict(predictor, set, all), FV_OK);
    assert_int_equal(fv_predict_pixels(predictor, pixels + 5 * SIDE * SIDE, 1, SIDE, SIDE, one), FV_OK);
    assert_memory_equal(one, all + 5 * CLASSES, sizeof one);
    for (int p = 0; p < SIDE * SIDE; p++) x[p] = (float)pixels[5 * SIDE * SIDE + p] / 255;
    assert_int_equal(fv_forward(predictor, x, 1, logits), FV_OK);
    double sum = 0;
    for (int c = 0; c < CLASSES; c++) sum += exp((double)logits[c]);
    for (int c = 0; c < CLASSES; c++) assert_true(fabs(exp((double)logits[c]) / sum - (double)one[c]) < 1e-5);
    fv_dataset_free(set);
    fv_predictor_free(predictor);
    fv_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns),
        cmocka_unit_test(test_resumes_with_the_same_bits),
        cmocka_unit_test(test_a_failing_callback_ends_the_run),
        cmocka_unit_test(test_early_stop),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_predictions_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
