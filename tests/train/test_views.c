/* Test-time augmentation: the mean of the probabilities of a picture and its views, in prediction and in evaluation. */
#include "support/unit.h"
#include "train/small.h"

#include <math.h>
#include <string.h>

/* One of the pictures mirrored, then moved by pixels to the upper left, in place: by one pixel at most. */
static void change(uint8_t *pixels, bool across, bool down, int move) {
    uint8_t mirrored[SIDE * SIDE];
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            mirrored[y * SIDE + x] = pixels[(down ? SIDE - 1 - y : y) * SIDE + (across ? SIDE - 1 - x : x)];
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            int from_y = y + move == -1 ? 1 : y + move == SIDE ? SIDE - 2 : y + move;
            int from_x = x + move == -1 ? 1 : x + move == SIDE ? SIDE - 2 : x + move;
            pixels[y * SIDE + x] = mirrored[from_y * SIDE + from_x];
        }
}

/* The mean over the views that `tta` has, one by one, by a predictor that knows nothing of them. */
static void mean_over_views(fv_model *model, const uint8_t *pixels, fv_tta tta, double mean[CLASSES]) {
    fv_predictor *plain = fv_predictor_new(model, .threads = 1);
    int views = 0, classes = fv_model_classes(model);
    for (int c = 0; c < CLASSES; c++) mean[c] = 0;
    for (int i = 0; i < 4 * 3; i++) {
        uint8_t copy[SIDE * SIDE];
        float p[CLASSES];
        int how = i / 3, move = i % 3 - 1;
        if ((how & (int)tta) != how || (move && !(tta & FV_TTA_SHIFT))) continue;
        memcpy(copy, pixels, sizeof copy);
        change(copy, how & FV_TTA_FLIP, how & FV_TTA_VFLIP, move);
        assert_int_equal(fv_predict_pixels(plain, copy, 1, SIDE, SIDE, p), FV_OK);
        for (int c = 0; c < classes; c++) mean[c] += (double)p[c];
        views++;
    }
    for (int c = 0; c < classes; c++) mean[c] /= views;
    fv_predictor_free(plain);
}

static void test_mean_of_probabilities(void **state) {
    (void)state;
    fv_dataset_free(small_set(CLASSES)); /* fills small_pixels */
    for (int outputs = 1; outputs <= CLASSES; outputs++) {
        fv_model *model = flat_model(outputs);
        for (int tta = 0; fv_tta_name(tta); tta++) {
            double mean[CLASSES];
            float p[CLASSES];
            const uint8_t *pixels = small_pixels + 7 * SIDE * SIDE;
            fv_predictor *predictor = fv_predictor_new(model, .threads = 1, .tta = (fv_tta)tta);
            assert_int_equal(fv_predict_pixels(predictor, pixels, 1, SIDE, SIDE, p), FV_OK);
            mean_over_views(model, pixels, (fv_tta)tta, mean);
            for (int c = 0; c < fv_model_classes(model); c++)
                if (!(fabs((double)p[c] - mean[c]) < 1e-6)) fail_msg("%g and %g", (double)p[c], mean[c]);
            fv_predictor_free(predictor);
        }
        fv_model_free(model);
    }
}

/* The loss is of the mean: its logarithm, averaged over the images; in any batches. */
static void test_evaluation(void **state) {
    (void)state;
    fv_dataset *set = small_set(CLASSES);
    fv_model *model = flat_model(CLASSES);
    double loss = 0, mean[CLASSES];
    int right = 0;
    for (int i = 0; i < COUNT; i++) {
        int label = i % CLASSES;
        mean_over_views(model, small_pixels + i * SIDE * SIDE, FV_TTA_BOTH, mean);
        loss -= log(mean[label]) / COUNT;
        right += mean[label] > mean[(label + 1) % CLASSES] && mean[label] > mean[(label + 2) % CLASSES];
    }
    for (int batch = 7; batch <= 64; batch += 57) {
        fv_evaluation e;
        assert_int_equal(fv_evaluate(model, set, &e, .tta = FV_TTA_BOTH, .batch_size = batch, .threads = 2), FV_OK);
        assert_true(fabs(e.loss - loss) < 1e-5);
        assert_true(e.top1 == (double)right / COUNT);
    }
    fv_model_free(model);
    fv_dataset_free(set);
}

/* Logits in the thousands, whose probabilities no double holds, average as they should. */
static void test_extreme_logits(void **state) {
    (void)state;
    fv_model *model = flat_model(1);
    float weights[SIDE * SIDE], x[SIDE * SIDE], logit;
    for (int i = 0; i < SIDE * SIDE; i++) weights[i] = x[i] = 0;
    weights[0] = 1;
    x[0] = -3000;
    x[SIDE - 1] = -2000; /* what x[0] is in the mirror */
    assert_int_equal(fv_model_set(model, "fc.weight", weights, SIDE * SIDE), FV_OK);
    assert_int_equal(fv_model_set(model, "fc.bias", (const float[]){0}, 1), FV_OK);
    fv_predictor *predictor = fv_predictor_new(model, .threads = 1, .tta = FV_TTA_FLIP);
    assert_int_equal(fv_forward(predictor, x, 1, &logit), FV_OK);
    assert_true(fabs((double)logit - (-2000 - log(2))) < 1e-3); /* log of (0 + exp(-2000)) / 2 */
    fv_predictor_free(predictor);
    fv_model_free(model);
}

static void test_refusals(void **state) {
    (void)state;
    fv_dataset *set = small_set(CLASSES);
    fv_model *model = flat_model(CLASSES);
    fv_evaluation e;
    assert_null(fv_predictor_new(model, .tta = (fv_tta)8));
    assert_contains(fv_error(), "tta 8: no sum of FV_TTA_FLIP, FV_TTA_VFLIP and FV_TTA_SHIFT");
    assert_int_equal(fv_evaluate(model, set, &e, .tta = (fv_tta)-1), FV_BAD_ARGUMENT);
    fv_model_free(model);
    fv_dataset_free(set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mean_of_probabilities),
        cmocka_unit_test(test_evaluation),
        cmocka_unit_test(test_extreme_logits),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
