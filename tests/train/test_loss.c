/* What training makes small is what evaluation measures, with every option of every loss; soft labels; several heads. */
#include "data/dataset.h"
#include "support/unit.h"
#include "train/small.h"

#include <math.h>
#include <string.h>

static float images[COUNT * SIDE * SIDE];
static int labels[COUNT];

/* The set, and its images as a network gets them. */
static fv_dataset *made(int classes) {
    fv_dataset *set = classes == 2 ? two_classes() : small_set(CLASSES);
    for (size_t i = 0; i < COUNT; i++) {
        fv_image image;
        assert_int_equal(fv_dataset_read(set, i, NULL, &image, &labels[i]), FV_OK);
        for (size_t p = 0; p < SIDE * SIDE; p++)
            images[i * SIDE * SIDE + p] = (float)((const uint8_t *)image.pixels)[p] / 255;
        fv_image_free(&image);
    }
    return set;
}

static fv_trainer *trainer_of(fv_model *model, fv_loss loss) {
    fv_trainer *t = fv_trainer_new(model, .loss = loss, .batch_size = COUNT, .threads = 2);
    if (!t) fail_msg("%s", fv_error());
    return t;
}

/* ---- Training and evaluation ---------------------------------------------------------------------------------------- */

static const float three[] = {0.5f, 2, 0.25f}, two[] = {0.25f, 3};

static const struct {
    int outputs;
    fv_loss loss;
} cases[] = {
    {3, {.kind = FV_CROSS_ENTROPY}},
    {3, {.class_weights = three}},
    {3, {.class_weights = three, .label_smoothing = 0.2f, .weight = 2}},
    {3, {.kind = FV_FOCAL}},
    {3, {.kind = FV_FOCAL, .gamma = 0.5f, .class_weights = three, .label_smoothing = 0.1f}},
    {3, {.kind = FV_FOCAL, .gamma = FV_ZERO}},
    {3, {.ignore = true, .ignore_index = 1}},
    {3, {.ignore = true, .ignore_index = 0, .class_weights = three, .label_smoothing = 0.1f, .gamma = 3}},
    {3, {.kind = FV_BCE, .pos_weight = 2, .label_smoothing = 0.1f, .gamma = 1}},
    {3, {.kind = FV_BCE, .ignore = true, .ignore_index = 2}},
    {1, {.kind = FV_BCE}},
    {1, {.class_weights = two}},
    {1, {.class_weights = two, .label_smoothing = 0.2f, .pos_weight = 0.5f, .weight = 3}},
    {1, {.kind = FV_FOCAL, .alpha = 0.25f}},
    {1, {.kind = FV_BCE, .gamma = 2, .class_weights = two, .label_smoothing = 0.1f}},
    {1, {.ignore = true, .ignore_index = 1, .class_weights = two}},
};

/* The mean of a batch that is the whole set, before an update of rate 0, is the set's. */
static void check_case(fv_loss loss, int outputs, int positive) {
    static const char *const names[] = {"0", "1"};
    fv_dataset *set = made(outputs == 1 ? 2 : CLASSES);
    fv_model *model = flat_model(outputs);
    fv_preprocess plain = {0};
    assert_int_equal(fv_model_set_preprocess(model, &plain), FV_OK);
    if (outputs == 1) assert_int_equal(fv_model_set_classes(model, names, 2, positive), FV_OK);
    fv_trainer *t = trainer_of(model, loss);
    fv_evaluation e;
    float mean;
    assert_int_equal(fv_trainer_step(t, images, labels, COUNT, FV_ZERO, &mean), FV_OK);
    assert_int_equal(fv_evaluate(model, set, &e, .loss = loss, .batch_size = 7, .threads = 1), FV_OK);
    assert_int_equal(e.n, loss.ignore ? COUNT - COUNT / (outputs == 1 ? 2 : 3) : COUNT);
    if (!(fabs(e.loss - (double)mean) < 1e-5 * fmax(1, e.loss)))
        fail_msg("%d logits, positive %d, gamma %g: evaluation %.8g, training %.8g", outputs, positive,
                 (double)loss.gamma, e.loss, (double)mean);
    fv_trainer_free(t);
    fv_model_free(model);
    fv_dataset_free(set);
}

static void test_evaluation_is_trainings(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int positive = 0; positive < (cases[i].outputs == 1 ? 2 : 1); positive++)
            check_case(cases[i].loss, cases[i].outputs, positive);
}

/* Labels of no class are the caller's to leave out; a batch of nothing else moves nothing. */
static void test_left_out(void **state) {
    (void)state;
    static const int none[] = {-100, -100}, wrong[] = {-100, -1};
    fv_model *model = flat_model(CLASSES), *untouched = flat_model(CLASSES);
    const fv_loss loss = {.ignore = true, .ignore_index = -100};
    fv_trainer *t = fv_trainer_new(model, .loss = loss, .batch_size = 2, .threads = 1, .optimizer = fv_sgd(.lr = 1));
    float mean = 7;
    assert_int_equal(fv_trainer_step(t, images, wrong, 2, 0, &mean), FV_BAD_DATA);
    assert_contains(fv_error(), "label -1 of image 1: must be from 0 to 2");
    assert_int_equal(fv_trainer_step(t, images, none, 2, 0, &mean), FV_OK);
    assert_true(mean == 0);
    assert_same_weights(model, untouched);
    fv_trainer_free(t);
    fv_model_free(model);
    fv_model_free(untouched);
}

/* ---- Soft labels ------------------------------------------------------------------------------------------------------ */

/* One step; returns the loss. */
static float soft_loss(int outputs, fv_loss loss, const float *targets) {
    fv_model *model = flat_model(outputs);
    fv_trainer *t = trainer_of(model, loss);
    float mean;
    if (fv_trainer_step_soft(t, images, targets, COUNT, FV_ZERO, &mean)) fail_msg("%s", fv_error());
    fv_trainer_free(t);
    fv_model_free(model);
    return mean;
}

static void one_hot(int classes, int turn, float *targets) {
    memset(targets, 0, (size_t)(COUNT * classes) * sizeof *targets);
    for (int i = 0; i < COUNT; i++) targets[i * classes + (labels[i] + turn) % classes] = 1;
}

/* The loss is linear in the targets; those of one image's label are the label. */
static void test_soft_labels(void **state) {
    (void)state;
    static float a[COUNT * CLASSES], b[COUNT * CLASSES], mixed[COUNT * CLASSES];
    for (int outputs = 1; outputs <= CLASSES; outputs += 2) {
        int classes = outputs == 1 ? 2 : CLASSES;
        fv_dataset *set = made(classes);
        const fv_loss losses[] = {{0}, {.kind = FV_FOCAL, .label_smoothing = 0.1f}};
        one_hot(classes, 0, a);
        one_hot(classes, 1, b);
        for (int i = 0; i < COUNT * classes; i++) mixed[i] = 0.75f * a[i] + 0.25f * b[i];
        for (int k = 0; k < 2; k++) {
            fv_model *model = flat_model(outputs);
            fv_trainer *t = trainer_of(model, losses[k]);
            float hard;
            assert_int_equal(fv_trainer_step(t, images, labels, COUNT, FV_ZERO, &hard), FV_OK);
            float same = soft_loss(outputs, losses[k], a), other = soft_loss(outputs, losses[k], b);
            assert_true(same == hard);
            assert_float_equal(soft_loss(outputs, losses[k], mixed), 0.75f * same + 0.25f * other, 1e-5f);
            fv_trainer_free(t);
            fv_model_free(model);
        }
        fv_dataset_free(set);
    }
}

static void test_soft_labels_that_cannot_be(void **state) {
    (void)state;
    fv_model *model = flat_model(CLASSES), *untouched = flat_model(CLASSES);
    fv_trainer *t = trainer_of(model, (fv_loss){0}), *independent = trainer_of(model, fv_bce());
    const struct {
        float targets[2 * CLASSES];
        const char *why;
    } bad[] = {
        {{1, 0, 0, 0.5f, 0.5f, 0.5f}, "the targets of image 1 sum to 1.5: must be 1"},
        {{0, 0, 0, 1, 0, 0}, "the targets of image 0 sum to 0: must be 1"},
        {{1, 0, 0, 2, -1, 0}, "target 2 of class 0, image 1: must be from 0 to 1"},
        {{1, 0, NAN, 1, 0, 0}, "target nan of class 2, image 0: must be from 0 to 1"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(fv_trainer_step_soft(t, images, bad[i].targets, 2, 0, NULL), FV_BAD_DATA);
        assert_contains(fv_error(), bad[i].why);
    }
    assert_int_equal(fv_trainer_step_soft(t, images, NULL, 2, 0, NULL), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "a step without labels");
    assert_same_weights(model, untouched);
    assert_int_equal(fv_trainer_step_soft(independent, images, bad[0].targets, 2, FV_ZERO, NULL), FV_OK);
    fv_trainer_free(t);
    fv_trainer_free(independent);
    fv_model_free(model);
    fv_model_free(untouched);
}

/* ---- Several heads ---------------------------------------------------------------------------------------------------- */

/* Logits of 0 cost log K, times what the loss makes of it, in each head by its weight; all heads learn. */
static void test_heads(void **state) {
    (void)state;
    const fv_loss losses[] = {{0}, {.class_weights = three}, {.kind = FV_FOCAL, .weight = 0.5f}};
    const double share = 1 - 1.0 / CLASSES, factors[] = {1, 1, 0.5 * share * share};
    fv_dataset *set = made(CLASSES);
    for (int i = 0; i < 3; i++) {
        fv_value *x = fv_flatten(fv_input(fv_graph_new("heads"), 1, SIDE, SIDE));
        assert_int_equal(fv_auxiliary(fv_linear(x, "aux1", CLASSES, .init.kind = FV_INIT_ZERO), 0.25f), FV_OK);
        assert_int_equal(fv_auxiliary(fv_linear(x, "aux2", CLASSES, .init.kind = FV_INIT_ZERO), 0.5f), FV_OK);
        fv_model *model = fv_model_new(fv_linear(x, "fc", CLASSES, .init.kind = FV_INIT_ZERO));
        fv_trainer *t = trainer_of(model, losses[i]);
        float first, second;
        assert_int_equal(fv_trainer_step(t, images, labels, COUNT, 0, &first), FV_OK);
        assert_float_equal(first, 1.75 * log(CLASSES) * factors[i], 1e-5f);
        assert_int_equal(fv_trainer_step(t, images, labels, COUNT, 0, &second), FV_OK);
        assert_true(second < first);
        fv_trainer_free(t);
        fv_model_free(model);
    }
    fv_dataset_free(set);
}

/* ---- Balanced weights --------------------------------------------------------------------------------------------------- */

static void test_balanced_weights(void **state) {
    (void)state;
    static const int uneven[] = {0, 2, 2, 1, 2, 2, 0, 2};
    static const uint8_t pixels[8];
    float weights[4];
    fv_dataset *set = fv_dataset_from_memory(pixels, uneven, 8, 1, 1, 1, 3, NULL);
    assert_int_equal(fv_dataset_balanced_weights(set, weights), FV_OK);
    assert_float_equal(weights[0], 8.0 / (3 * 2), 1e-6f);
    assert_float_equal(weights[1], 8.0 / (3 * 1), 1e-6f);
    assert_float_equal(weights[2], 8.0 / (3 * 5), 1e-6f);
    fv_dataset *lacking = fv_dataset_from_memory(pixels, uneven, 8, 1, 1, 1, 4, NULL);
    assert_int_equal(fv_dataset_balanced_weights(lacking, weights), FV_BAD_DATA);
    assert_contains(fv_error(), "no image of class '3' to balance by: give the weights as numbers");
    fv_dataset_free(set);
    fv_dataset_free(lacking);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_evaluation_is_trainings),
        cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_soft_labels),
        cmocka_unit_test(test_soft_labels_that_cannot_be),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_balanced_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
