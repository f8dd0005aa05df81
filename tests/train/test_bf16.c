/* Runs in bf16: they learn, go on with the bits of one that nobody disturbed, and do not change their precision on the way. */
#include "core/memory.h"
#include "kernels/cpu.h"
#include "support/unit.h"
#include "train/small.h"
#include "train/trainer.h"

#include <math.h>

enum { STEPS_AN_EPOCH = 4 };

/* Maps on the vector width, of channels enough for bf16 to pay: a residual block, running statistics, random masks. */
static fv_model *wide_model(void) {
    fv_graph *g = fv_graph_new("wide");
    fv_value *x = fv_input(g, 1, SIDE, SIDE);
    x = fv_relu(fv_batch_norm(fv_conv2d(x, "conv1", 64, 3, .pad = 1, .no_bias = true), "bn1"));
    fv_value *y = fv_relu(fv_batch_norm(fv_conv2d(x, "conv2", 64, 1), "bn2"));
    y = fv_batch_norm(fv_conv2d(y, "conv3", 64, 3, .pad = 1, .no_bias = true), "bn3");
    x = fv_dropout(fv_flatten(fv_max_pool(fv_relu(fv_add(x, y)), 2)), 0.2f);
    fv_model *model = fv_model_new(fv_linear(x, "fc", CLASSES), .seed = 3);
    if (!model) fail_msg("%s", fv_error());
    return model;
}

static fv_fit_args standard_args(const char *folder) {
    return (fv_fit_args){.optimizer = fv_adam(.lr = 3e-3f),
                         .precision = FV_BF16,
                         .epochs = 3,
                         .seed = 9,
                         .ema = 0.9f,
                         .accumulate = 2,
                         .augment = "crop:1 flip",
                         .save_dir = folder};
}

static bool missing(void) { return fv_precision_check(FV_BF16) != FV_OK; }

static void test_the_plan_is_in_bf16(void **state) {
    (void)state;
    if (missing()) skip();
    fv_model *model = wide_model();
    for (int precision = FV_F32; precision <= FV_BF16; precision++) {
        fv_trainer *trainer =
            fv_trainer_new(model, .batch_size = 16, .threads = 2, .precision = (fv_precision)precision);
        if (!trainer) fail_msg("%s", fv_error());
        int convolutions = 0, halves = 0;
        fv_step_info step;
        for (int i = 0; fv_plan_step(trainer->last, i, &step); i++) {
            halves += step.out == FV_BLOCKED_BF16;
            convolutions += step.out == FV_BLOCKED_BF16 && step.node->op == fv_op_named("conv2d");
        }
        assert_int_equal(halves > 0, precision == FV_BF16);
        assert_int_equal(convolutions, precision == FV_BF16 ? 3 : 0);
        fv_trainer_free(trainer);
    }
    fv_model_free(model);
}

/* Prediction and evaluation, too: of a network whose convolutions are mostly 1x1. */
static void test_inference_is_in_bf16(void **state) {
    (void)state;
    if (missing()) skip();
    enum { IMAGE = 3 * 64 * 64, LOGITS = 10 };
    fv_model *model = fv_resnet50(.classes = LOGITS, .input = {3, 64, 64});
    float *x = fv_alloc(IMAGE, sizeof(float)), fine[LOGITS], coarse[LOGITS];
    for (int i = 0; i < IMAGE; i++) x[i] = (float)(i % 61) / 30 - 1;
    fv_predictor *a = fv_predictor_new(model, .threads = 2);
    fv_predictor *b = fv_predictor_new(model, .threads = 2, .precision = FV_BF16);
    if (!a || !b) fail_msg("%s", fv_error());
    assert_int_equal(fv_forward(a, x, 1, fine), FV_OK);
    assert_int_equal(fv_forward(b, x, 1, coarse), FV_OK);
    double largest = 0, off = 0;
    for (int k = 0; k < LOGITS; k++) {
        largest = fmax(largest, fabs((double)fine[k]));
        off = fmax(off, fabs((double)coarse[k] - (double)fine[k]));
    }
    if (!(off > 0 && off <= 0.1 * largest)) fail_msg("logits up to %g are off by %g", largest, off);
    fv_predictor_free(a);
    fv_predictor_free(b);
    fv_free(x);
    fv_model_free(model);
}

/* Maps that the backward pass makes again are those that it would have kept, also between batch norms whose sides differ. */
static void test_maps_made_again(void **state) {
    (void)state;
    if (missing()) skip();
    enum { BATCH = 4, FLOATS = BATCH * 3 * 64 * 64 };
    static const int labels[BATCH] = {0, 1, 2, 1};
    static const fv_maps maps[] = {FV_MAPS_KEPT, FV_MAPS_AGAIN};
    float *x = fv_alloc(FLOATS, sizeof(float)), loss[2][2];
    fv_model *models[2];
    for (int i = 0; i < FLOATS; i++) x[i] = (float)(i % 61) / 30 - 1;
    for (int which = 0; which < 2; which++) {
        models[which] = fv_resnet50(.classes = CLASSES, .input = {3, 64, 64});
        fv_trainer *trainer =
            fv_trainer_new(models[which], .batch_size = BATCH, .threads = 2, .precision = FV_BF16, .maps = maps[which]);
        if (!trainer) fail_msg("%s", fv_error());
        for (int i = 0; i < 2; i++)
            if (fv_trainer_step(trainer, x, labels, BATCH, 0, &loss[which][i])) fail_msg("%s", fv_error());
        fv_trainer_free(trainer);
    }
    assert_memory_equal(loss[0], loss[1], sizeof loss[0]);
    assert_same_weights(models[0], models[1]);
    fv_model_free(models[0]);
    fv_model_free(models[1]);
    fv_free(x);
}

static void test_learns(void **state) {
    (void)state;
    if (missing()) skip();
    fv_model *model = wide_model();
    watch w = {0};
    fv_fit_args args = standard_args(NULL);
    args.accumulate = 1, args.ema = 0;
    args.epochs = 6;
    assert_int_equal(small_fit(model, args, &w), FV_OK);
    if (!(w.top1 >= 0.95)) fail_msg("top-1 %g", w.top1);
    /* The same weights by themselves, in either precision. */
    fv_dataset *set = small_set(CLASSES);
    fv_evaluation coarse, fine;
    assert_int_equal(fv_evaluate(model, set, &coarse, .precision = FV_BF16), FV_OK);
    assert_int_equal(fv_evaluate(model, set, &fine), FV_OK);
    assert_true(coarse.top1 == w.top1);
    assert_true(fabs(coarse.loss - fine.loss) <= 0.02 * fine.loss + 0.005);
    fv_dataset_free(set);
    fv_model_free(model);
}

static void test_stopped(void **state) {
    (void)state;
    if (missing()) skip();
    fv_model *whole = wide_model(), *resumed = wide_model();
    fv_fit_args args = standard_args(NULL);
    assert_int_equal(small_fit(whole, args, &(watch){0}), FV_OK);
    args.save_dir = temporary("bf16");
    assert_int_equal(small_fit(resumed, args, &(watch){.stop_at = STEPS_AN_EPOCH / 2 + 1}), FV_STOPPED);
    fv_model_free(resumed);
    resumed = wide_model();
    args.resume = true;
    args.precision = FV_F32;
    assert_int_equal(small_fit(resumed, args, &(watch){0}), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "started with precision \"bf16\", not none");
    args.precision = FV_BF16;
    if (small_fit(resumed, args, &(watch){0}) != FV_OK) fail_msg("%s", fv_error());
    assert_same_weights(resumed, whole);
    fv_model_free(whole);
    fv_model_free(resumed);
}

/* A processor that lacks it: nothing is planned, nothing written. */
static void test_refused(void **state) {
    (void)state;
    if (!missing()) skip();
    fv_model *model = wide_model();
    assert_int_equal(small_fit(model, standard_args(NULL), &(watch){0}), FV_UNSUPPORTED);
    assert_contains(fv_error(), "precision bf16: needs ");
    assert_null(fv_trainer_new(model, .precision = FV_BF16));
    fv_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_plan_is_in_bf16),
        cmocka_unit_test(test_inference_is_in_bf16),
        cmocka_unit_test(test_maps_made_again),
        cmocka_unit_test(test_learns),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
