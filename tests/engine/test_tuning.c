/* Tuning: whatever kernels a contest picks, for each pass by itself, results are those of the rule within rounding; what was
 * picked is remembered; and what a table says that is no kernel here is as if it said nothing. Contests are timed by a judge
 * who makes the figures up. */
#include "core/memory.h"
#include "core/random.h"
#include "engine/build.h"
#include "support/unit.h"
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 5, SIDE = 12, CLASSES = 4, STEPS = 3, IMAGE = 3 * SIDE * SIDE };

/* Two layers that several kernels can run, of one shape, and a first one. */
static fv_model *make(void) {
    fv_value *x = fv_input(fv_graph_new("tuned"), 3, SIDE, SIDE);
    x = fv_relu(fv_conv2d(x, "first", 64, 3, .pad = 1));
    x = fv_relu(fv_conv2d(x, "second", 64, 3, .pad = 1));
    x = fv_relu(fv_conv2d(x, "third", 64, 3, .pad = 1));
    fv_model *model = fv_model_new(fv_linear(fv_flatten(fv_max_pool(x, 2)), "fc", CLASSES), .seed = 5);
    if (!model) fail_msg("%s", fv_error());
    return model;
}

static const char *const passes[] = {"conv2d", "conv2d_backward_data", "conv2d_backward_weights"};
enum { PASSES = sizeof passes / sizeof *passes };

/* Favours a kernel for each pass. */
typedef struct judge {
    const char *favourites[PASSES];
    double reorder; /* seconds; a favourite takes 1, others 2 */
    int asked;
} judge;

static double time_it(void *user, const fv_trial *trial) {
    const char *what = trial->what;
    judge *j = user;
    j->asked++;
    trial->run(trial->context);
    if (strcmp(what, "reorder") == 0) return j->reorder;
    for (int p = 0; p < PASSES; p++) {
        size_t length = strlen(passes[p]);
        if (strncmp(what, passes[p], length) == 0 && what[length] == ' ')
            return strcmp(what + length + 1, j->favourites[p]) == 0 ? 1 : 2;
    }
    fail_msg("%s takes part in a contest", what);
    return 0;
}

static fv_tuning *tuning_by(judge *j) {
    fv_tuning *tuning = fv_tuning_new();
    assert_non_null(tuning);
    if (j) tuning->time = time_it, tuning->user = j;
    return tuning;
}

/* ---- Training by it ------------------------------------------------------------------------------------------------- */

/* Some steps; the trainer is the caller's to free. */
static fv_trainer *train(fv_model *model, fv_tuning *tuning) {
    static const int labels[BATCH] = {0, 1, 2, 3, 1};
    float x[BATCH * IMAGE];
    fv_random random = fv_random_stream(3, 0, 0);
    for (int i = 0; i < BATCH * IMAGE; i++) x[i] = fv_random_normal(&random);
    fv_trainer *trainer =
        fv_trainer_new(model, .batch_size = BATCH, .threads = 2, .optimizer = fv_sgd(.lr = 0.01f), .tuning = tuning);
    if (!trainer) fail_msg("%s", fv_error());
    for (int i = 0; i < STEPS; i++)
        if (fv_trainer_step(trainer, x, labels, BATCH, 0, NULL) != FV_OK) fail_msg("%s", fv_error());
    return trainer;
}

/* Of all weights, relative to each parameter's largest. */
static double distance(const fv_model *a, const fv_model *b) {
    double worst = 0;
    for (int i = 0; i < a->n_params; i++) {
        size_t count = fv_shape_count(&a->params[i].info.shape);
        float *x = fv_alloc(2 * count, sizeof(float)), *y = x + count;
        double difference = 0, largest = 1e-3;
        assert_int_equal(fv_param_read(&a->params[i], x), FV_OK);
        assert_int_equal(fv_param_read(&b->params[i], y), FV_OK);
        for (size_t k = 0; k < count; k++) {
            difference = fmax(difference, fabs((double)x[k] - (double)y[k]));
            largest = fmax(largest, fabs((double)y[k]));
        }
        worst = fmax(worst, difference / largest);
        fv_free(x);
    }
    return worst;
}

/* "dnn", or with its variant "winograd F(4x4,3x3)": what runs this pass of this layer. */
static void assert_runs(const fv_trainer *trainer, const char *layer, const char *pass, const char *kernel) {
    fv_step_info step;
    char name[64];
    for (int i = 0; fv_plan_step(trainer->last, i, &step); i++) {
        if (strcmp(step.node->name, layer) != 0 || strcmp(step.node->op->name, pass) != 0) continue;
        bool variant = strcmp(step.kernel, "winograd") == 0;
        snprintf(name, sizeof name, "%s%s%s", step.kernel, variant ? " " : "", variant ? step.detail : "");
        assert_string_equal(name, kernel);
        return;
    }
    fail_msg("%s has no %s", layer, pass);
}

/* The weights that the rule's kernels come to. */
static fv_model *by_rule(void) {
    fv_model *model = make();
    fv_trainer_free(train(model, NULL));
    return model;
}

#define F4 "winograd F(4x4,3x3)"
#define F6 "winograd F(6x6,3x3)"

/* ---- Tests ------------------------------------------------------------------------------------------------------------ */

static void test_every_pick_computes_the_same(void **state) {
    (void)state;
    if (!FOVEA_ONEDNN) skip();
    static const char *const picks[][PASSES] = {{"dnn", "dnn", "dnn"}, {F4, F4, F4},    {F6, F6, F6},
                                                {"dnn", F4, F6},       {F6, "dnn", F4}, {F4, F6, "dnn"}};
    fv_model *rule = by_rule();
    for (size_t i = 0; i < sizeof picks / sizeof *picks; i++) {
        judge j = {.favourites = {picks[i][0], picks[i][1], picks[i][2]}};
        fv_tuning *tuning = tuning_by(&j);
        fv_model *model = make();
        fv_trainer *trainer = train(model, tuning);
        assert_int_equal(fv_tuning_contests(tuning),
                         1); /* both layers are of one shape; the first has but one kernel */
        for (int p = 0; p < PASSES; p++) {
            assert_runs(trainer, "second", passes[p], picks[i][p]);
            assert_runs(trainer, "third", passes[p], picks[i][p]);
        }
        double off = distance(model, rule);
        if (off > 2e-5) fail_msg("%s | %s | %s: off by %g", picks[i][0], picks[i][1], picks[i][2], off);
        fv_trainer_free(trainer);
        fv_model_free(model);
        fv_tuning_free(tuning);
    }
    fv_model_free(rule);
}

/* By the real clock: whoever wins. */
static void test_a_real_contest(void **state) {
    (void)state;
    if (!FOVEA_ONEDNN) skip();
    fv_tuning *tuning = tuning_by(NULL);
    fv_model *rule = by_rule(), *model = make(), *again = make();
    fv_trainer_free(train(model, tuning));
    assert_int_equal(fv_tuning_contests(tuning), 1);
    assert_true(fv_tuning_seconds(tuning) > 0);
    assert_true(distance(model, rule) <= 2e-5);
    fv_trainer_free(train(again, tuning)); /* remembered: the same bits */
    assert_int_equal(fv_tuning_contests(tuning), 1);
    assert_true(distance(model, again) == 0);
    fv_model_free(rule);
    fv_model_free(model);
    fv_model_free(again);
    fv_tuning_free(tuning);
}

/* A backward kernel is worth what it saves only if that is more than reordering the weights costs. */
static void test_what_reordering_costs(void **state) {
    (void)state;
    if (!FOVEA_ONEDNN) skip();
    judge j = {.favourites = {"dnn", F4, F4}, .reorder = 1.5};
    fv_tuning *tuning = tuning_by(&j);
    fv_model *model = make();
    fv_trainer *trainer = train(model, tuning);
    /* A second slower than dnn, beside which a pass would take 2 instead of 1, or a reorder of 1.5; the first of those that are. */
    assert_runs(trainer, "second", "conv2d", F6);
    assert_runs(trainer, "second", "conv2d_backward_data", F4);
    assert_runs(trainer, "second", "conv2d_backward_weights", F4);
    fv_trainer_free(trainer);
    fv_model_free(model);
    fv_tuning_free(tuning);
}

/* Sixty bytes are not enough for a contest: the rule decides, and nothing is remembered. */
static void test_no_memory_for_a_contest(void **state) {
    (void)state;
    judge j = {.favourites = {F4, F4, F4}};
    fv_tuning *tuning = tuning_by(&j);
    fv_model *model = make();
    fv_team *team = fv_team_new(2);
    fv_memory_pretend(60);
    fv_plan *plan = fv_plan_new(model, &(fv_plan_args){.batch = BATCH, .team = team, .tuning = tuning});
    fv_memory_pretend(SIZE_MAX);
    assert_non_null(plan);
    assert_int_equal(j.asked, 0);
    assert_int_equal(tuning->n, 0);
    fv_plan_free(plan);
    fv_team_free(team);
    fv_model_free(model);
    fv_tuning_free(tuning);
}

static void test_names_of_no_kernels(void **state) {
    (void)state;
    if (!FOVEA_ONEDNN) skip();
    static const char *const wrong[] = {"",
                                        "dnn",
                                        "dnn | dnn",
                                        "dnn | dnn | dnn | dnn",
                                        "dnn | dnn | dnn ",
                                        "batch | batch | batch", /* of other layouts */
                                        "winograd | winograd | winograd",
                                        "winograd F(4x4,5x5) | dnn | dnn", /* which refuses */
                                        "ref | ref | ref",
                                        " |  | ",
                                        "\xff | % | \n"};
    judge j = {.favourites = {F4, F4, F4}};
    fv_tuning *told = tuning_by(&j);
    fv_model *rule = by_rule(), *model = make();
    fv_trainer_free(train(model, told));
    assert_int_equal(told->n, 1);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        fv_tuning table = {0}; /* without contests */
        fv_model *other = make();
        assert_int_equal(fv_tuning_put(&table, told->picks[0].layer, wrong[i]), FV_OK);
        fv_trainer_free(train(other, &table));
        if (distance(other, rule) != 0) fail_msg("\"%s\" is taken for something", wrong[i]);
        fv_tuning_clear(&table);
        fv_model_free(other);
    }
    fv_model_free(rule);
    fv_model_free(model);
    fv_tuning_free(told);
}

/* What a source tells is kept, and holds when there is no source any more. */
static void test_a_source(void **state) {
    (void)state;
    if (!FOVEA_ONEDNN) skip();
    judge j = {.favourites = {F6, F4, "dnn"}};
    fv_tuning *source = tuning_by(&j), own = {.source = source};
    fv_model *first = make(), *second = make();
    fv_trainer_free(train(first, &own));
    assert_int_equal(own.n, 1);
    assert_string_equal(own.picks[0].kernels, F6 " | " F4 " | dnn");
    assert_string_equal(fv_tuning_find(source, own.picks[0].layer), own.picks[0].kernels);
    own.source = NULL;
    fv_trainer_free(train(second, &own));
    assert_true(distance(first, second) == 0);
    fv_tuning_clear(&own);
    fv_tuning_free(source);
    fv_model_free(first);
    fv_model_free(second);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pick_computes_the_same), cmocka_unit_test(test_a_real_contest),
        cmocka_unit_test(test_what_reordering_costs),        cmocka_unit_test(test_no_memory_for_a_contest),
        cmocka_unit_test(test_names_of_no_kernels),          cmocka_unit_test(test_a_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
