/* A profile as Chrome's trace: valid JSON, an event a step, durations that add up. */
#include "core/memory.h"
#include "formats/json.h"
#include "formats/trace.h"
#include "fovea/model.h"
#include "support/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 32, RUNS = 3, PIXELS = 28 * 28 };

/* LeNet at inference, and what some runs took. */
typedef struct bench {
    fv_model *model;
    fv_team *team;
    fv_plan *plan;
    fv_profile *profile;
} bench;

static bench open_bench(void) {
    bench b = {.model = fv_lenet(), .team = fv_team_new(2)};
    float *x = fv_alloc(BATCH * PIXELS, sizeof *x);
    b.plan = fv_plan_new(b.model, &(fv_plan_args){.batch = BATCH, .team = b.team});
    if (!b.plan || !x || fv_plan_profile(b.plan) != FV_OK) fail_msg("%s", fv_error());
    for (int i = 0; i < RUNS; i++) assert_int_equal(fv_plan_run(b.plan, &(fv_plan_input){.x = x}), FV_OK);
    b.profile = fv_profile_new(b.plan, (fv_peak){.flops = 1e11, .bytes = 1e10});
    if (!b.profile) fail_msg("%s", fv_error());
    fv_free(x);
    return b;
}

static void close_bench(bench *b) {
    fv_profile_free(b->profile);
    fv_plan_free(b->plan);
    fv_team_free(b->team);
    fv_model_free(b->model);
}

static const char *text_of(const json_t *object, const char *key) {
    const char *text = NULL;
    if (fv_json_string("trace", object, key, &text) != FV_OK) fail_msg("%s", fv_error());
    return text;
}

static double number_of(const json_t *object, const char *key) {
    double number = 0;
    if (fv_json_number("trace", object, key, 0, 1e9, &number) != FV_OK) fail_msg("%s", fv_error());
    return number;
}

/* One step after another: none begins before the last has ended, and all of them took what the profile says. */
static void check_events(const json_t *events, const fv_profile *p) {
    double end = 0, sum = 0, took = 0;
    assert_int_equal(json_array_size(events), 1 + p->n_steps);
    for (int i = 0; i < p->n_steps; i++) {
        const json_t *event = json_array_get(events, (size_t)i + 1), *args = json_object_get(event, "args");
        double begin = number_of(event, "ts"), length = number_of(event, "dur");
        assert_string_equal(text_of(event, "ph"), "X");
        assert_string_equal(text_of(args, "layer"), p->steps[i].layer);
        assert_string_equal(text_of(args, "op"), p->steps[i].op);
        assert_true(strncmp(text_of(args, "algorithm"), p->steps[i].kernel, strlen(p->steps[i].kernel)) == 0);
        assert_true(strcmp(text_of(args, "algorithm"), "ref") != 0);
        assert_int_equal(json_object_get(args, "GFLOP/s") != NULL, p->steps[i].cost.operations > 0);
        assert_true(begin >= end - 0.002); /* both rounded to a nanosecond */
        end = begin + length, sum += length, took += 1e6 * p->steps[i].took;
    }
    assert_true(fabs(sum - took) <= 1e-3 * p->n_steps);
    assert_true(sum <= end + 1e-3 * p->n_steps);
}

static void test_trace(void **state) {
    (void)state;
    bench b = open_bench();
    const char *path = temporary("trace.json");
    size_t bytes;
    assert_int_equal(fv_trace_save(b.profile, path), FV_OK);
    char *text = file_bytes(path, &bytes);
    json_t *trace = fv_json_parse(text, bytes, "trace.json");
    if (!trace) fail_msg("%s", fv_error());
    const json_t *events = json_object_get(trace, "traceEvents"), *first = json_array_get(events, 0);
    assert_string_equal(text_of(first, "ph"), "M");
    assert_string_equal(text_of(json_object_get(first, "args"), "name"), "lenet");
    assert_string_equal(text_of(trace, "displayTimeUnit"), "ms");
    check_events(events, b.profile);
    json_decref(trace);
    free(text);
    close_bench(&b);
}

static void test_trace_that_cannot_be_written(void **state) {
    (void)state;
    bench b = open_bench();
    assert_int_equal(fv_trace_save(b.profile, temporary("no/such/folder.json")), FV_IO_ERROR);
    assert_contains(fv_error(), "folder.json");
    close_bench(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trace),
        cmocka_unit_test(test_trace_that_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
