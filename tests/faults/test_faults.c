/* Whatever allocation fails, in whatever an application does: an error in one line, nothing leaked (the address sanitizer
 * sees to that), and a run that is resumed ends as if nothing had happened. */
#include "core/memory.h"
#include "engine/tuning.h"
#include "fovea/explain.h"
#include "fovea/report.h"
#include "support/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char SPEC[] = "synthetic:fundus,size=16,count=6,seed=3";
enum { IMAGES = 6, BATCH = 4, SIDE = 16, CLASSES = 2, WEIGHTS = CLASSES * 4 * 4 * 4 };

/* ---- The world, which is made while no allocation fails ------------------------------------------------------------ */

static fv_dataset *dataset;
static fv_model *model;
static char saved[4200], folder[4200], csv[4200], jsonl[4200], board[4200], picture[4200], overlay[4200], table[4200];
static float undisturbed[WEIGHTS]; /* the last layer's, after the run */

/* With everything that training keeps: running statistics, dropout's stream, a skip connection. */
static fv_model *network(void) {
    fv_value *x = fv_input(fv_graph_new("tiny"), 3, SIDE, SIDE);
    x = fv_relu(fv_batch_norm(fv_conv2d(x, "conv1", 4, 3, .pad = 1, .no_bias = true), "bn"));
    x = fv_max_pool(fv_add(x, fv_conv2d(x, "conv2", 4, 1)), 4);
    return fv_model_new(fv_linear(fv_dropout(fv_flatten(x), 0.5f), "fc", CLASSES), .seed = 2);
}

static void make_model(void) { assert_non_null(model = network()); }

/* Wide enough for kernels to compete, and no table of who won. */
static void make_wide(void) {
    fv_value *x = fv_conv2d(fv_input(fv_graph_new("wide"), 64, 4, 4), "conv", 64, 3, .pad = 1);
    assert_non_null(model = fv_model_new(fv_linear(fv_flatten(x), "fc", CLASSES)));
    unlink(table);
}

static void make_run(void) {
    static const char *const names[] = {"config.recipe",    "metrics.jsonl",     "best.safetensors",
                                        "last.safetensors", "state.safetensors", "epoch-0001.safetensors"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlink(temporary("run/%s", names[i]));
    assert_true(entries(folder) <= 0); /* nothing is left that was being written */
    make_model();
}

static void make_picture(void) {
    unlink(overlay);
    make_model();
}

static void make_nothing(void) {}

/* ---- What is done, once for each of its allocations ---------------------------------------------------------------- */

static fv_status outcome(bool done) { return done ? FV_OK : fv_last_status(); }

static fv_status build(void) {
    fv_model *lenet = fv_lenet(.classes = 3, .seed = 1);
    fv_model_free(lenet);
    return outcome(lenet);
}

static fv_status open_data(void) {
    fv_dataset *opened = fv_dataset_open(SPEC, FV_TRAIN);
    fv_dataset_free(opened);
    return outcome(opened);
}

static fv_status train(void) {
    static const float x[BATCH * 3 * SIDE * SIDE];
    static const int labels[BATCH] = {0, 1, 1, 0};
    fv_trainer *t = fv_trainer_new(model, .batch_size = BATCH, .threads = 1);
    fv_status status = outcome(t);
    if (status == FV_OK) status = fv_trainer_step(t, x, labels, BATCH, 0, NULL);
    if (status == FV_OK) status = fv_trainer_step(t, x, labels, BATCH - 1, 0, NULL); /* another plan */
    fv_trainer_free(t);
    return status;
}

static double no_time(void *user, const fv_trial *trial) { return (void)user, (void)trial, 1; }

static fv_status tune(void) {
    fv_tuning *tuning = fv_tuning_new(), *again = NULL;
    if (tuning) tuning->time = no_time;
    fv_trainer *t = tuning ? fv_trainer_new(model, .batch_size = BATCH, .threads = 1, .tuning = tuning) : NULL;
    fv_status status = outcome(t);
    if (status == FV_OK) status = fv_tuning_save(tuning, table);
    if (status == FV_OK) again = fv_tuning_new();
    if (status == FV_OK) status = outcome(again);
    if (status == FV_OK) status = fv_tuning_load(again, table);
    fv_trainer_free(t);
    fv_tuning_free(tuning);
    fv_tuning_free(again);
    return status;
}

static fv_status evaluate(void) {
    fv_evaluation result;
    return fv_evaluate(model, dataset, &result, .batch_size = BATCH, .threads = 1, .tta = FV_TTA_FLIP);
}

static fv_status save(void) { return fv_model_save(model, saved); }

static fv_status load(void) {
    fv_model *loaded = fv_model_load(saved);
    fv_model_free(loaded);
    return outcome(loaded);
}

static fv_status predict(void) {
    float probabilities[IMAGES * CLASSES];
    fv_predictor *p = fv_predictor_new(model, .threads = 1);
    fv_status status = outcome(p);
    if (status == FV_OK) status = fv_predict(p, dataset, probabilities);
    fv_predictor_free(p);
    return status;
}

static fv_status explain(void) {
    fv_explanation why;
    fv_explainer *e = fv_explainer_new(model, .threads = 1);
    fv_status status = outcome(e);
    if (status == FV_OK) status = fv_explain_overlay(e, picture, FV_PREDICTED, overlay, &why, .largest = 8);
    fv_explainer_free(e);
    return status;
}

static fv_status fit_as(bool resume) {
    return fv_fit(model, dataset, dataset, .epochs = 1, .batch_size = BATCH, .threads = 1, .seed = 4,
                  .save_dir = folder, .save_every = 1, .resume = resume,
                  .callbacks = {fv_csv_log(csv), fv_json_log(jsonl), fv_tensorboard(board), fv_checkpoint_every(1)});
}

static fv_status report(void) { return fv_report(folder, saved, .data = dataset, .train = dataset, .threads = 1); }

static fv_status fit(void) { return fit_as(false); }

static fv_status find(void) {
    fv_lr_search search = {.steps = 10};
    return fv_find_lr(model, dataset, &search, .batch_size = BATCH, .threads = 1);
}

/* ---- What must hold afterwards ------------------------------------------------------------------------------------- */

static void check_nothing(void) {}

static void check_run(void) {
    float weights[WEIGHTS];
    fv_model_free(model);
    make_model();
    bool begun = entries(folder) > 0 && access(temporary("run/config.recipe"), F_OK) == 0;
    if (fit_as(begun) != FV_OK) fail_msg("%s", fv_error());
    assert_int_equal(fv_model_get(model, "fc.weight", weights, WEIGHTS), FV_OK);
    assert_memory_equal(weights, undisturbed, sizeof weights);
}

/* There is no overlay, or a whole one. */
static void check_overlay(void) {
    size_t count;
    if (access(overlay, F_OK) != 0) return;
    char *bytes = file_bytes(overlay, &count);
    assert_true(count > 57 && memcmp(bytes + count - 8, "IEND\xae\x42\x60\x82", 8) == 0);
    free(bytes);
}

/* Whatever becomes of the search, the model is as it was. */
static void check_weights(void) {
    float weights[WEIGHTS], before[WEIGHTS];
    fv_model *untouched = network();
    assert_int_equal(fv_model_get(model, "fc.weight", weights, WEIGHTS), FV_OK);
    assert_int_equal(fv_model_get(untouched, "fc.weight", before, WEIGHTS), FV_OK);
    assert_memory_equal(weights, before, sizeof weights);
    fv_model_free(untouched);
}

static void sweep(void (*make)(void), fv_status (*run)(void), void (*check)(void)) {
    fv_status status = FV_NO_MEMORY;
    for (long i = 0; status != FV_OK; i++) {
        make();
        fv_memory_fail_after(i);
        status = run();
        long made = fv_memory_fail_after(-1);
        if (status != (i < made ? FV_NO_MEMORY : FV_OK))
            fail_msg("allocation %ld of %ld: status %d: %s", i, made, (int)status, fv_error());
        if (status != FV_OK) assert_null(strchr(fv_error(), '\n'));
        check();
        fv_model_free(model);
        model = NULL;
    }
}

static void building(void **s) { (void)s, sweep(make_nothing, build, check_nothing); }
static void opening_data(void **s) { (void)s, sweep(make_nothing, open_data, check_nothing); }
static void training(void **s) { (void)s, sweep(make_model, train, check_nothing); }
static void tuning(void **s) { (void)s, sweep(make_wide, tune, check_nothing); }
static void evaluating(void **s) { (void)s, sweep(make_model, evaluate, check_nothing); }
static void saving(void **s) { (void)s, sweep(make_model, save, check_nothing); }
static void loading(void **s) { (void)s, sweep(make_nothing, load, check_nothing); }
static void predicting(void **s) { (void)s, sweep(make_model, predict, check_nothing); }

static void explaining(void **s) { (void)s, sweep(make_picture, explain, check_overlay); }
static void finding(void **s) { (void)s, sweep(make_model, find, check_weights); }

static void fitting_and_resuming(void **s) {
    (void)s;
    make_run();
    assert_int_equal(fit(), FV_OK);
    assert_int_equal(fv_model_get(model, "fc.weight", undisturbed, WEIGHTS), FV_OK);
    fv_model_free(model);
    sweep(make_run, fit, check_run);
}

static void reporting(void **s) {
    (void)s;
    make_run();
    assert_int_equal(fit(), FV_OK);
    sweep(make_nothing, report, check_nothing);
}

static int begin(void **state) {
    (void)state;
    snprintf(saved, sizeof saved, "%s", temporary("model.safetensors"));
    snprintf(folder, sizeof folder, "%s", temporary("run"));
    snprintf(csv, sizeof csv, "%s", temporary("log.csv"));
    snprintf(jsonl, sizeof jsonl, "%s", temporary("log.jsonl"));
    snprintf(board, sizeof board, "%s", temporary("board"));
    snprintf(picture, sizeof picture, "%s", temporary("picture.ppm"));
    snprintf(overlay, sizeof overlay, "%s", temporary("overlay.png"));
    snprintf(table, sizeof table, "%s", temporary("tuning.json"));
    put_text(picture, "P3 3 2 255  9 8 7  200 100 0  0 0 0  255 255 255  1 2 3  50 60 70\n");
    dataset = fv_dataset_open(SPEC, FV_TRAIN);
    return dataset ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    fv_dataset_free(dataset);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(building),   cmocka_unit_test(opening_data),
        cmocka_unit_test(training),   cmocka_unit_test(evaluating),
        cmocka_unit_test(saving),     cmocka_unit_test(loading),
        cmocka_unit_test(predicting), cmocka_unit_test(fitting_and_resuming),
        cmocka_unit_test(finding),    cmocka_unit_test(reporting),
        cmocka_unit_test(explaining), cmocka_unit_test(tuning),
    };
    return cmocka_run_group_tests_name("faults", tests, begin, end);
}
