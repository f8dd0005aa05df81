/* The trainer, evaluation and the predictor, called wrongly: one line says what is wrong, and nothing has changed. */
#include "support/unit.h"
#include "train/small.h"

#include <math.h>

static float images[2 * COUNT * SIDE * SIDE];
static const int labels[4] = {0, 1, 2, 1};

/* ---- The trainer ---------------------------------------------------------------------------------------------------- */

static void test_a_trainer_that_cannot_be(void **state) {
    (void)state;
    fv_model *model = small_model();
    assert_null(fv_trainer_new(model, .batch_size = -1));
    assert_contains(fv_error(), "batch size -1: must be at least 1");
    assert_null(fv_trainer_new(model, .threads = -1));
    assert_contains(fv_error(), "-1 threads");
    assert_null(fv_trainer_new(model, .optimizer = fv_sgd(.momentum = 0.5f)));
    assert_contains(fv_error(), "momentum: sgd has no such option");
    assert_null(fv_trainer_new(model, .loss = fv_cross_entropy(.label_smoothing = 1)));
    assert_contains(fv_error(), "label_smoothing 1");
    assert_null(fv_trainer_new(NULL));
    assert_contains(fv_error(), "label_smoothing 1"); /* a NULL passes the failure on */
    fv_model_free(model);
}

static void test_steps_that_cannot_be(void **state) {
    (void)state;
    static const int wrong[4] = {0, 1, CLASSES, 1}, negative[4] = {-1, 1, 2, 1};
    fv_model *model = small_model(), *untouched = small_model();
    fv_trainer *t = fv_trainer_new(model, .batch_size = 4, .threads = 1);
    const struct {
        const float *x;
        const int *labels;
        int n;
        float lr;
        fv_status status;
        const char *why;
    } cases[] = {
        {images, labels, 0, 0, FV_BAD_ARGUMENT, "a batch of 0 images: must be from 1 to batch_size 4"},
        {images, labels, 5, 0, FV_BAD_ARGUMENT, "a batch of 5 images"},
        {NULL, labels, 4, 0, FV_BAD_ARGUMENT, "a step without images"},
        {images, NULL, 4, 0, FV_BAD_ARGUMENT, "a step without labels"},
        {images, labels, 4, -1, FV_BAD_ARGUMENT, "lr -1: must be above 0"},
        {images, labels, 4, NAN, FV_BAD_ARGUMENT, "lr nan"},
        {images, wrong, 4, 0, FV_BAD_DATA, "label 3 of image 2: must be from 0 to 2"},
        {images, negative, 4, 0, FV_BAD_DATA, "label -1 of image 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float loss = -7;
        assert_int_equal(fv_trainer_step(t, cases[i].x, cases[i].labels, cases[i].n, cases[i].lr, &loss),
                         cases[i].status);
        assert_contains(fv_error(), cases[i].why);
        assert_true(loss == -7);
    }
    assert_same_weights(model, untouched);
    assert_int_equal(fv_trainer_step(t, images, labels, 3, 0, NULL), FV_OK); /* a short batch */
    fv_trainer_free(t);
    fv_trainer_free(NULL);
    fv_model_free(model);
    fv_model_free(untouched);
}

/* ---- Evaluation ------------------------------------------------------------------------------------------------------- */

static void test_evaluation(void **state) {
    (void)state;
    fv_model *model = small_model();
    fv_dataset *set = small_set(CLASSES), *other = small_set(CLASSES + 1);
    fv_evaluation small = {0}, large = {0}, untouched = {.n = 5};
    assert_int_equal(fv_evaluate(model, set, &small, .batch_size = 7), FV_OK);    /* the last batch has 4 */
    assert_int_equal(fv_evaluate(model, set, &large, .batch_size = 1000), FV_OK); /* larger than the set */
    assert_int_equal(small.n, COUNT);
    assert_int_equal(large.n, COUNT);
    assert_true(small.top1 == large.top1 && fabs(small.loss - large.loss) < 1e-6 && isnan(small.top5));
    assert_int_equal(fv_evaluate(model, set, &untouched, .batch_size = -1), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "batch size -1");
    assert_int_equal(fv_evaluate(model, set, &untouched, .workers = -1), FV_BAD_ARGUMENT);
    assert_int_equal(fv_evaluate(model, other, &untouched), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "4 classes");
    assert_int_equal(fv_evaluate(model, NULL, &untouched), FV_BAD_ARGUMENT);
    assert_int_equal(fv_evaluate(NULL, set, &untouched), FV_BAD_ARGUMENT);
    assert_int_equal(untouched.n, 5);
    fv_dataset_free(set);
    fv_dataset_free(other);
    fv_model_free(model);
}

/* ---- Prediction --------------------------------------------------------------------------------------------------------- */

static void test_any_number_of_images(void **state) {
    (void)state;
    enum { N = 2 * COUNT };
    static float many[N * CLASSES], single[CLASSES];
    fv_model *model = small_model();
    for (int i = 0; i < N * SIDE * SIDE; i++) images[i] = (float)(i % 97) / 97;
    fv_predictor *p = fv_predictor_new(model, .batch_size = 7, .threads = 1);
    assert_int_equal(fv_forward(p, images, N, many), FV_OK);
    for (int i = 0; i < N; i++) {
        assert_int_equal(fv_forward(p, images + i * SIDE * SIDE, 1, single), FV_OK);
        for (int c = 0; c < CLASSES; c++) assert_true(fabsf(single[c] - many[i * CLASSES + c]) < 1e-5f);
    }
    assert_int_equal(fv_forward(p, images, 0, single), FV_OK);
    fv_predictor_free(p);
    fv_model_free(model);
}

static void test_predictions_that_cannot_be(void **state) {
    (void)state;
    float probabilities[CLASSES] = {-7};
    static const uint8_t pixels[16];
    fv_model *model = small_model();
    assert_null(fv_predictor_new(model, .batch_size = -1));
    assert_contains(fv_error(), "batch size -1");
    assert_null(fv_predictor_new(model, .threads = -1));
    fv_predictor *p = fv_predictor_new(model, .threads = 1);
    assert_int_equal(fv_predict_pixels(p, pixels, 5, 1, 1, probabilities), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "pixels of 5 channels");
    assert_int_equal(fv_predict_pixels(p, pixels, 1, 0, 1, probabilities), FV_BAD_ARGUMENT);
    assert_int_equal(fv_predict_bytes(p, pixels, sizeof pixels, "nothing.png", probabilities), FV_BAD_DATA);
    assert_contains(fv_error(), "nothing.png");
    assert_int_equal(fv_predict_file(p, temporary("none.png"), probabilities), FV_IO_ERROR);
    assert_true(probabilities[0] == -7);
    fv_predictor_free(p);
    fv_predictor_free(NULL);
    fv_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_trainer_that_cannot_be),
        cmocka_unit_test(test_steps_that_cannot_be),
        cmocka_unit_test(test_evaluation),
        cmocka_unit_test(test_any_number_of_images),
        cmocka_unit_test(test_predictions_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
