/* Norms of gradients: against hand and against what a step of SGD takes from the weights, whatever the threads; their mean
 * over an epoch in reports and metrics.jsonl, also of a run that was stopped; and weights that do not know they are watched. */
#include "core/memory.h"
#include "support/unit.h"
#include "train/gradients.h"
#include "train/small.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PARAMETERS = 8, BATCH = 16 }; /* of small_model */

static float images[BATCH * SIDE * SIDE];
static int labels[BATCH];

static void make_batch(void) {
    for (int i = 0; i < BATCH; i++) labels[i] = i % CLASSES;
    for (int i = 0; i < BATCH * SIDE * SIDE; i++) images[i] = (float)((i * 37 + i / 7) % 101) / 101;
}

static bool near(double a, double b) { return fabs(a - b) <= 1e-5 * fabs(b); }

/* ---- One step ---------------------------------------------------------------------------------------------------------- */

/* Two inputs, two logits: dW = mean of (softmax(W x) - y) x', db = mean of softmax(W x) - y. */
static void test_by_hand(void **state) {
    (void)state;
    static const float x[3][2] = {{1, 2}, {-1, 0.5f}, {3, -2}}, w[2][2] = {{0.5f, -0.25f}, {-1, 0.75f}};
    static const int y[3] = {0, 1, 1};
    double weight = 0, bias = 0, dw[2][2] = {{0}}, db[2] = {0};
    for (int i = 0; i < 3; i++) {
        double z[2], norms = 0;
        for (int k = 0; k < 2; k++)
            norms += z[k] = exp((double)w[k][0] * (double)x[i][0] + (double)w[k][1] * (double)x[i][1]);
        for (int k = 0; k < 2; k++) {
            double d = (z[k] / norms - (y[i] == k)) / 3;
            db[k] += d;
            for (int j = 0; j < 2; j++) dw[k][j] += d * (double)x[i][j];
        }
    }
    for (int k = 0; k < 4; k++) weight += dw[k / 2][k % 2] * dw[k / 2][k % 2];
    for (int k = 0; k < 2; k++) bias += db[k] * db[k];
    for (int reference = 0; reference < 2; reference++) {
        double norm[2];
        fv_graph *g = fv_graph_new("line");
        fv_model *model = fv_model_new(fv_linear(fv_flatten(fv_input(g, 1, 1, 2)), "fc", 2));
        assert_int_equal(fv_model_set(model, "fc.weight", w[0], 4), FV_OK);
        assert_int_equal(fv_model_set(model, "fc.bias", (float[2]){0}, 2), FV_OK);
        fv_trainer *t = fv_trainer_new(model, .batch_size = 3, .threads = 2, .reference = reference);
        assert_int_equal(fv_trainer_step(t, x[0], y, 3, 0, NULL), FV_OK);
        assert_int_equal(fv_trainer_gradient_norms(t, norm, 2), FV_OK);
        assert_true(near(norm[0], sqrt(weight)) && near(norm[1], sqrt(bias)));
        fv_trainer_free(t);
        fv_model_free(model);
    }
}

/* The parameters' values, one behind the other; how many of each. */
static void read_all(const fv_model *model, float *values, size_t counts[PARAMETERS]) {
    fv_parameter_info info;
    for (int i = 0; fv_model_parameter(model, i, &info); i++) {
        counts[i] = fv_shape_count(&model->params[i].info.shape);
        assert_int_equal(fv_model_get(model, info.name, values, counts[i]), FV_OK);
        values += counts[i];
    }
}

static void norms_after_a_step(const fv_optimizer *optimizer, int threads, double norms[PARAMETERS],
                               double taken[PARAMETERS]) {
    static float before[10000], after[10000];
    size_t counts[PARAMETERS];
    fv_model *model = small_model();
    assert_int_equal(model->n_params, PARAMETERS);
    fv_trainer *t = fv_trainer_new(model, .batch_size = BATCH, .threads = threads, .optimizer = *optimizer);
    read_all(model, before, counts);
    assert_int_equal(fv_trainer_step(t, images, labels, BATCH, 0, NULL), FV_OK);
    assert_int_equal(fv_trainer_gradient_norms(t, norms, PARAMETERS), FV_OK);
    read_all(model, after, counts);
    for (size_t p = 0, at = 0; p < PARAMETERS; at += counts[p++]) {
        taken[p] = 0;
        for (size_t i = at; i < at + counts[p]; i++) taken[p] += pow((double)before[i] - (double)after[i], 2);
        taken[p] = sqrt(taken[p]);
    }
    fv_trainer_free(t);
    fv_model_free(model);
}

/* With lr 1 SGD takes the gradient itself; clipping and decay come behind it. */
static void test_against_sgd(void **state) {
    (void)state;
    const fv_optimizer plain = fv_sgd(.lr = 1), terms = fv_sgd(.lr = 1, .clip_norm = 1e-3f, .weight_decay = 0.5f);
    double norms[PARAMETERS], clipped[PARAMETERS], taken[PARAMETERS], clipped_taken[PARAMETERS];
    make_batch();
    for (int threads = 1; threads <= 3; threads++) {
        int trained = 0;
        norms_after_a_step(&plain, threads, norms, taken);
        norms_after_a_step(&terms, threads, clipped, clipped_taken);
        for (int p = 0; p < PARAMETERS; p++) {
            if (isnan(norms[p])) continue;
            trained++;
            /* a bias before batch norm has no gradient but that of rounding */
            assert_true(fabs(norms[p] - taken[p]) <= 1e-4 * taken[p] + 1e-6);
            assert_true(norms[p] == clipped[p]);
            assert_true(norms[p] < 1e-6 || fabs(clipped_taken[p] - taken[p]) > 0.01 * taken[p]);
        }
        assert_int_equal(trained, PARAMETERS - 2); /* running_mean and running_var */
    }
}

static void test_wrong_calls(void **state) {
    (void)state;
    double norms[PARAMETERS];
    fv_model *model = small_model();
    fv_trainer *t = fv_trainer_new(model, .batch_size = BATCH, .threads = 1);
    assert_int_equal(fv_trainer_gradient_norms(t, norms, PARAMETERS), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "no step has been done");
    assert_int_equal(fv_trainer_gradient_norms(t, norms, 3), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "norms of 3 gradients: the model has 8 parameters");
    fv_trainer_free(t);
    fv_model_free(model);
}

/* ---- An epoch ------------------------------------------------------------------------------------------------------------ */

static void test_mean(void **state) {
    (void)state;
    double first[PARAMETERS], second[PARAMETERS];
    fv_gradients g, taken_up;
    fv_model *model = small_model();
    fv_trainer *t = fv_trainer_new(model, .batch_size = BATCH, .threads = 2, .optimizer = fv_sgd(.lr = 0.5f));
    make_batch();
    assert_int_equal(fv_gradients_start(&g, t), FV_OK);
    assert_int_equal(fv_gradients_start(&taken_up, t), FV_OK);
    assert_int_equal(fv_trainer_step(t, images, labels, BATCH, 0, NULL), FV_OK);
    fv_gradients_add(&g, t);
    assert_int_equal(fv_trainer_gradient_norms(t, first, PARAMETERS), FV_OK);
    json_t *json = fv_gradients_to_json(&g);
    assert_int_equal(fv_gradients_from_json("state", json, &taken_up), FV_OK);
    json_decref(json);
    assert_int_equal(fv_trainer_step(t, images, labels, BATCH, 0, NULL), FV_OK);
    assert_int_equal(fv_trainer_gradient_norms(t, second, PARAMETERS), FV_OK);
    fv_gradients_add(&g, t);
    fv_gradients_add(&taken_up, t);
    fv_gradients_close(&g);
    fv_gradients_close(&taken_up);
    for (int p = 0; p < PARAMETERS; p++) {
        if (isnan(first[p])) continue;
        assert_true(g.mean[p] == (first[p] + second[p]) / 2 && g.mean[p] == taken_up.mean[p]);
    }
    assert_memory_not_equal(first, second, sizeof first);
    fv_gradients_free(&g);
    fv_gradients_free(&taken_up);
    fv_trainer_free(t);
    fv_model_free(model);
}

static void test_states_that_do_not_fit(void **state) {
    (void)state;
    static const char *const documents[][2] = {
        {"{\"steps\":1,\"sums\":[0,0,0]}", "norms of 3 gradients"},
        {"{\"steps\":1,\"sums\":[0,0,0,0,0,0,0,0,0]}", "sums"},
        {"{\"steps\":1,\"sums\":[0,0,0,-1,0,0,0,0]}", "sums"},
        {"{\"steps\":-1,\"sums\":[0,0,0,0,0,0,0,0]}", "steps"},
        {"{\"steps\":1}", "sums"},
    };
    fv_gradients g;
    fv_model *model = small_model();
    fv_trainer *t = fv_trainer_new(model, .batch_size = BATCH, .threads = 1);
    assert_int_equal(fv_gradients_start(&g, t), FV_OK);
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        json_t *json = fv_json_parse(documents[i][0], strlen(documents[i][0]), "test");
        assert_int_equal(fv_gradients_from_json("state", json, &g), FV_BAD_DATA);
        assert_contains(fv_error(), documents[i][1]);
        json_decref(json);
    }
    fv_gradients_free(&g);
    fv_trainer_free(t);
    fv_model_free(model);
}

/* ---- A run ---------------------------------------------------------------------------------------------------------------- */

typedef struct told {
    double norms[PARAMETERS]; /* of the last epoch */
    uint64_t stop_at;
} told;

static fv_status on_step(void *user, const fv_step_report *report) {
    if (report->step == ((told *)user)->stop_at) fv_stop_request();
    return FV_OK;
}

static fv_status on_epoch(void *user, const fv_epoch_report *report) {
    told *t = user;
    if (report->gradient_norms) memcpy(t->norms, report->gradient_norms, sizeof t->norms);
    return FV_OK;
}

static fv_status run(fv_model *model, const char *folder, bool norms, bool resume, told *t) {
    fv_dataset *set = small_set(CLASSES);
    fv_status status = fv_fit(model, set, NULL, .epochs = 2, .batch_size = 16, .threads = 2, .seed = 9,
                              .save_dir = folder, .resume = resume, .gradient_norms = norms,
                              .callback = {.user = t, .on_step = on_step, .on_epoch = on_epoch});
    fv_stop_clear();
    fv_dataset_free(set);
    return status;
}

/* The part of the last line of metrics.jsonl from the norms on. */
static char *logged(const char *folder) {
    char *text = file_bytes(temporary("%s/metrics.jsonl", strrchr(folder, '/') + 1), NULL), *last = NULL;
    for (char *at = text; (at = strstr(at, "\"gradient_norms\":")); at++) last = at;
    char *copy = last ? strdup(last) : NULL;
    free(text);
    return copy;
}

static void test_a_run_is_not_changed(void **state) {
    (void)state;
    const char *watched = temporary("watched"), *alone = temporary("alone");
    told t = {.stop_at = 0};
    fv_model *a = small_model(), *b = small_model();
    assert_int_equal(run(a, watched, true, false, &t), FV_OK);
    assert_int_equal(run(b, alone, false, false, &(told){.stop_at = 0}), FV_OK);
    assert_same_weights(a, b);
    char *line = logged(watched), name[64];
    assert_null(logged(alone));
    for (int p = 0; p < PARAMETERS; p++) {
        fv_parameter_info info;
        assert_true(fv_model_parameter(a, p, &info));
        snprintf(name, sizeof name, "\"%s\":", info.name);
        const char *at = strstr(line, name);
        assert_int_equal(at != NULL, info.trained);
        assert_int_equal(isnan(t.norms[p]), !info.trained);
        if (at) assert_true(near(strtod(at + strlen(name), NULL), t.norms[p]));
    }
    assert_contains(line, "}}\n");
    free(line);
    fv_model_free(a);
    fv_model_free(b);
}

/* Stopped in the middle of the second epoch, which has 4 steps. */
static void test_a_run_that_was_stopped(void **state) {
    (void)state;
    const char *whole = temporary("whole"), *cut = temporary("cut"), *late = temporary("late");
    told t = {.stop_at = 0}, after = {.stop_at = 0};
    fv_model *models[] = {small_model(), small_model(), small_model()};
    assert_int_equal(run(models[0], whole, true, false, &t), FV_OK);
    assert_int_equal(run(models[1], cut, true, false, &(told){.stop_at = 6}), FV_STOPPED);
    assert_int_equal(run(models[1], cut, true, true, &after), FV_OK);
    assert_memory_equal(t.norms, after.norms, sizeof t.norms);
    char *one = logged(whole), *other = logged(cut);
    assert_string_equal(one, other);
    free(one);
    free(other);

    /* Asked for from there on: the mean is of two steps, the weights are the same. */
    assert_int_equal(run(models[2], late, false, false, &(told){.stop_at = 6}), FV_STOPPED);
    assert_int_equal(run(models[2], late, true, true, &after), FV_OK);
    assert_memory_not_equal(t.norms, after.norms, sizeof t.norms);
    assert_true(after.norms[0] > 0);
    for (int i = 1; i < 3; i++) assert_same_weights(models[0], models[i]);
    for (int i = 0; i < 3; i++) fv_model_free(models[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_against_sgd),
        cmocka_unit_test(test_wrong_calls),
        cmocka_unit_test(test_mean),
        cmocka_unit_test(test_states_that_do_not_fit),
        cmocka_unit_test(test_a_run_is_not_changed),
        cmocka_unit_test(test_a_run_that_was_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
