/* Groups of batches that make a step: as one batch of them all, up to rounding. */
#include "core/memory.h"
#include "engine/model.h"
#include "support/unit.h"
#include "train/small.h"

#include <math.h>

enum { MOST = 24, PIXELS = SIDE * SIDE };

static float images[MOST * PIXELS];
static int labels[MOST];
static const float weights[CLASSES] = {1, 0.25f, 2};

static void fill(int step) {
    for (int i = 0; i < MOST * PIXELS; i++) images[i] = (float)((i * 31 + i / PIXELS * 7 + step * 17) % 61) / 60;
    for (int i = 0; i < MOST; i++) labels[i] = (i * i + step) % CLASSES;
}

static void assert_close_weights(const fv_model *a, const fv_model *b) {
    for (int i = 0; i < a->n_params; i++) {
        size_t count = fv_shape_count(&a->params[i].info.shape);
        float *x = fv_alloc(2 * count, sizeof(float)), *y = x + count;
        assert_int_equal(fv_param_read(&a->params[i], x), FV_OK);
        assert_int_equal(fv_param_read(&b->params[i], y), FV_OK);
        for (size_t k = 0; k < count; k++)
            if (!(fabsf(x[k] - y[k]) <= 2e-6f * fmaxf(1, fabsf(y[k]))))
                fail_msg("%s[%zu]: %.9g, all at once %.9g", a->params[i].name, k, x[k], y[k]);
        fv_free(x);
    }
}

/* Convolution and two layers, without what looks at a batch as a whole. */
static fv_model *network(void) {
    fv_value *x = fv_relu(fv_conv2d(fv_input(fv_graph_new("net"), 1, SIDE, SIDE), "conv", 16, 3, .pad = 1));
    fv_model *model = fv_model_new(fv_linear(fv_flatten(fv_max_pool(x, 2)), "fc", CLASSES), .seed = 3);
    if (!model) fail_msg("%s", fv_error());
    return model;
}

/* Six steps, the batch of each cut into these sizes. */
static fv_model *train(const int *sizes, const fv_trainer_args *args) {
    fv_model *model = network();
    fv_trainer *t = fv_trainer_new_with(model, args);
    if (!t) fail_msg("%s", fv_error());
    for (int step = 0; step < 6; step++) {
        int at = 0;
        fill(step);
        for (const int *n = sizes; *n; at += *n++) {
            fv_status status = n[1] ? fv_trainer_accumulate(t, images + at * PIXELS, labels + at, *n, NULL)
                                    : fv_trainer_step(t, images + at * PIXELS, labels + at, *n, 0, NULL);
            if (status != FV_OK) fail_msg("%s", fv_error());
        }
    }
    fv_trainer_free(t);
    return model;
}

static void test_groups_are_batches(void **state) {
    (void)state;
    static const int whole[] = {24, 0}, groups[][6] = {{6, 6, 6, 6}, {12, 12}, {7, 1, 9, 7}, {23, 1}, {24}};
    const fv_optimizer optimizers[] = {fv_momentum(.lr = 0.1f, .weight_decay = 0.01f),
                                       fv_sgd(.lr = 0.5f, .clip_norm = 0.1f), fv_sgd(.lr = 0.5f, .clip_each = 0.05f),
                                       fv_sgd(.lr = 0.5f, .clip_value = 0.001f), fv_adagrad(.epsilon = 0.1f)};
    for (size_t o = 0; o < sizeof optimizers / sizeof *optimizers; o++) {
        fv_trainer_args args = {.optimizer = optimizers[o], .batch_size = MOST, .threads = o % 2 ? 1 : 2};
        if (o % 2) args.loss = fv_cross_entropy(.class_weights = weights);
        fv_model *once = train(whole, &args);
        args.accumulate = true;
        for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
            fv_model *model = train(groups[g], &args);
            assert_close_weights(model, once);
            fv_model_free(model);
        }
        fv_model_free(once);
    }
}

/* By definition, and by the kernels. */
static void test_reference(void **state) {
    (void)state;
    static const int sizes[] = {10, 4, 10, 0};
    fv_trainer_args args = {.optimizer = fv_momentum(.lr = 0.1f), .batch_size = 10, .threads = 2, .accumulate = true};
    fv_model *fast = train(sizes, &args);
    args.reference = true;
    fv_model *slow = train(sizes, &args);
    assert_close_weights(fast, slow);
    fv_model_free(fast);
    fv_model_free(slow);
}

static fv_status note_step(void *user, const fv_step_report *report) {
    *(uint64_t *)user = report->step;
    return FV_OK;
}

static fv_model *fit(int batch_size, int accumulate, uint64_t *steps) {
    fv_model *model = network();
    fv_dataset *set = small_set(CLASSES);
    fv_status status = fv_fit(model, set, NULL, .optimizer = fv_momentum(.lr = 0.05f), .schedule = fv_cosine(),
                              .epochs = 3, .batch_size = batch_size, .accumulate = accumulate, .threads = 2,
                              .callback = {.user = steps, .on_step = note_step});
    if (status != FV_OK) fail_msg("%s", fv_error());
    fv_dataset_free(set);
    return model;
}

/* 60 images: 24, 24 and 12, or three times eight twice and then 8 and 4. */
static void test_the_last_group_is_short(void **state) {
    (void)state;
    uint64_t steps, steps_once;
    fv_model *model = fit(8, 3, &steps), *once = fit(24, 0, &steps_once);
    assert_close_weights(model, once);
    assert_int_equal(steps, 9);
    assert_int_equal(steps_once, 9);
    fv_model_free(model);
    fv_model_free(once);
}

/* Dropout and batch norm, too; the state lies between groups. */
static void test_resume(void **state) {
    (void)state;
    fv_fit_args args = {.optimizer = fv_adam(.lr = 0.01f), .epochs = 3, .seed = 9, .accumulate = 3, .ema = 0.9f};
    fv_model *whole = small_model(), *resumed = small_model();
    assert_int_equal(small_fit(whole, args, &(watch){0}), FV_OK);
    args.save_dir = temporary("groups");
    assert_int_equal(small_fit(resumed, args, &(watch){.stop_at = 3}), FV_STOPPED);
    fv_model_free(resumed);
    resumed = small_model();
    args.resume = true;
    args.accumulate = 2;
    assert_int_equal(small_fit(resumed, args, &(watch){0}), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "started with accumulate 3, not 2");
    args.accumulate = 3;
    if (small_fit(resumed, args, &(watch){0}) != FV_OK) fail_msg("%s", fv_error());
    assert_same_weights(resumed, whole);
    fv_model_free(whole);
    fv_model_free(resumed);
}

/* What is foreseen counts a copy of the trained parameters for each of these. */
static void test_memory(void **state) {
    (void)state;
    fv_model *models[3] = {network(), network(), network()};
    fv_trainer *plain = fv_trainer_new(models[0], .batch_size = 8, .optimizer = fv_sgd(0)),
               *summed = fv_trainer_new(models[1], .batch_size = 8, .optimizer = fv_sgd(0), .accumulate = true),
               *averaged = fv_trainer_new(models[2], .batch_size = 8, .optimizer = fv_sgd(0), .ema = 0.5f);
    size_t bytes = 0;
    for (int i = 0; i < models[0]->n_params; i++) bytes += models[0]->params[i].bytes;
    assert_true(fv_trainer_bytes(averaged) == fv_trainer_bytes(plain) + bytes);
    assert_true(fv_trainer_bytes(summed) >= fv_trainer_bytes(plain) + bytes);
    fv_trainer_free(plain);
    fv_trainer_free(summed);
    fv_trainer_free(averaged);
    for (int i = 0; i < 3; i++) fv_model_free(models[i]);
}

static void test_refusals(void **state) {
    (void)state;
    fv_model *model = network();
    fv_trainer *t = fv_trainer_new(model, .batch_size = 4);
    fill(0);
    assert_int_equal(fv_trainer_accumulate(t, images, labels, 4, NULL), FV_BAD_ARGUMENT);
    assert_string_equal(fv_error(), "accumulate: the trainer was made for a step with each batch");
    fv_trainer_free(t);
    assert_int_equal(fv_trainer_accumulate(NULL, images, labels, 4, NULL), FV_BAD_ARGUMENT);
    assert_int_equal(small_fit(model, (fv_fit_args){.accumulate = -1}, &(watch){0}), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "accumulate -1: must be from 1 to 65536 batches");
    fv_model_free(model);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups_are_batches),
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_the_last_group_is_short),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests_name("groups of batches", tests, NULL, NULL);
}
