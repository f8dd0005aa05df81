/* Which epoch is the best, by any measure, and when early stopping loses its patience. */
#include "train/criterion.h"

#include "support/unit.h"
#include "train/small.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const fv_criterion *find(const char *name, const fv_model *model) {
    const fv_criterion *found = NULL;
    if (fv_criterion_find(name, model, &found) != FV_OK) fail_msg("%s", fv_error());
    return found;
}

/* Epochs of these measures and losses: '*' for a best one, and how many were stale after each: "*0 *1 .2". */
static const char *course_of(const char *name, const double *values, const double *losses, int n, double min_delta) {
    static char text[256];
    fv_progress progress = {0};
    fv_model *model = flat_model(1);
    const fv_criterion *criterion = find(name, model);
    *text = '\0';
    for (int i = 0; i < n; i++) {
        fv_evaluation e = {.loss = losses[i], .top1 = values[i], .auc = values[i]};
        fv_epoch_report report = {.epoch = i + 1};
        assert_int_equal(fv_compare_epoch(&progress, criterion, &e, min_delta, &report), FV_OK);
        assert_true(report.val_best == fv_criterion_value(criterion, &e));
        snprintf(text + strlen(text), sizeof text - strlen(text), "%c%d ", report.best ? '*' : '.', progress.stale);
    }
    fv_model_free(model);
    return text;
}

static void test_courses(void **state) {
    (void)state;
    const double values[] = {0.5, 0.505, 0.51, 0.508, 0.52, 0.52, 0.52}, losses[] = {1, 2, 3, 0.9, 4, 3, 5};
    assert_string_equal(course_of("top1", values, losses, 7, 0), "*0 *0 *0 .1 *0 *0 .1 "); /* the loss decides a tie */
    assert_string_equal(course_of("auc", values, losses, 7, 0), "*0 *0 *0 .1 *0 *0 .1 ");
    assert_string_equal(course_of("loss", values, losses, 7, 0), "*0 .1 .2 *0 .1 .2 .3 ");
    /* improvements of 0.005 are the best, but not enough to wait for; small steps add up */
    assert_string_equal(course_of("top1", values, losses, 7, 0.015), "*0 *1 *2 .3 *0 *1 .2 ");
    assert_string_equal(course_of("loss", values, losses, 7, 0.2), "*0 .1 .2 *3 .4 .5 .6 ");
}

static void test_undefined(void **state) {
    (void)state;
    fv_model *model = flat_model(2);
    fv_epoch_report report = {.epoch = 1};
    fv_progress progress = {0};
    fv_evaluation e = {.auc = NAN};
    assert_int_equal(fv_compare_epoch(&progress, find("auc", model), &e, 0, &report), FV_BAD_DATA);
    assert_contains(fv_error(), "best auc: is undefined on the validation set");
    fv_model_free(model);
}

static void test_names(void **state) {
    (void)state;
    const fv_criterion *found;
    fv_model *two = flat_model(1), *three = flat_model(3);
    assert_string_equal(find(NULL, three)->name, "top1");
    for (int i = 0; fv_best_name(i); i++) {
        bool for_two = strcmp(fv_best_name(i), "top5") != 0;
        assert_int_equal(fv_criterion_find(fv_best_name(i), two, &found), for_two ? FV_OK : FV_BAD_ARGUMENT);
    }
    assert_int_equal(fv_criterion_find("auc", three, &found), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "best auc: is for 2 classes, and flat has 3");
    assert_int_equal(fv_criterion_find("top5", three, &found), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "best top5: is for 5 classes or more, and flat has 3");
    assert_int_equal(fv_criterion_find("acu", two, &found), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "best: no measure named \"acu\": did you mean \"auc\"?");
    fv_model_free(two);
    fv_model_free(three);
}

/* A run tells, logs and keeps what its measure says. */
static fv_status on_epoch(void *user, const fv_epoch_report *report) {
    fv_epoch_report *best = user;
    assert_true(report->val_auc == report->val_best);
    assert_true(report->best == (best->epoch == 0 || report->val_auc > best->val_auc ||
                                 (report->val_auc == best->val_auc && report->val_loss < best->val_loss)));
    if (report->best) *best = *report;
    return FV_OK;
}

static void test_a_run(void **state) {
    (void)state;
    fv_dataset *set = two_classes();
    fv_model *model = flat_model(1);
    fv_epoch_report best = {0};
    fv_status status = fv_fit(model, set, set, .epochs = 8, .batch_size = 20, .threads = 1, .best = "auc",
                              .optimizer = fv_sgd(.lr = 1), .save_dir = temporary("run"), .topk = {1, 2},
                              .callback = {.user = &best, .on_epoch = on_epoch});
    if (status != FV_OK) fail_msg("%s", fv_error());
    fv_model_free(model);
    model = fv_model_load(temporary("run/best.safetensors"));
    fv_evaluation e;
    assert_int_equal(fv_evaluate(model, set, &e, .threads = 1), FV_OK);
    assert_true(e.auc == best.val_auc && fabs(e.loss - best.val_loss) < 1e-6);
    char *log = file_bytes(temporary("run/metrics.jsonl"), NULL);
    assert_contains(log, "\"val_auc\":");
    assert_contains(log, "\"val_sensitivity\":");
    assert_contains(log, "\"val_top2\":1}");
    assert_null(strstr(log, "val_top5"));
    free(log);
    fv_model_free(model);
    fv_dataset_free(set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_courses),
        cmocka_unit_test(test_undefined),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_a_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
