/* Profiles of LeNet's training step: sums, bounds, what is marked. */
#include "core/memory.h"
#include "core/random.h"
#include "engine/profile.h"
#include "support/unit.h"
#include "train/trainer.h"

#include <math.h>
#include <string.h>

enum { BATCH = 32, RUNS = 3, PIXELS = 28 * 28 };
static const fv_peak peak = {.flops = 1e11, .bytes = 1e10};

typedef struct bench {
    fv_model *model;
    fv_trainer *trainer;
    float *x;
    int labels[BATCH];
} bench;

static bench open_bench(bool reference) {
    bench b = {.model = fv_lenet(), .x = fv_alloc(BATCH * PIXELS, sizeof(float))};
    b.trainer = fv_trainer_new(b.model, .batch_size = BATCH, .threads = 2, .reference = reference);
    if (!b.trainer || !b.x) fail_msg("%s", fv_error());
    fv_random random = fv_random_stream(3, 0, 0);
    for (int i = 0; i < BATCH * PIXELS; i++) b.x[i] = fv_random_normal(&random);
    for (int i = 0; i < BATCH; i++) b.labels[i] = i % 10;
    return b;
}

static void close_bench(bench *b) {
    fv_trainer_free(b->trainer);
    fv_model_free(b->model);
    fv_free(b->x);
}

/* After some steps that are not timed and some that are. */
static fv_profile *profile(bench *b, int runs) {
    for (int i = 0; i < 1 + runs; i++) {
        if (i == 1) assert_int_equal(fv_plan_profile(b->trainer->last), FV_OK);
        assert_int_equal(fv_trainer_step(b->trainer, b->x, b->labels, BATCH, 0, NULL), FV_OK);
    }
    fv_profile *made = fv_profile_new(b->trainer->last, peak);
    if (!made) fail_msg("%s", fv_error());
    return made;
}

static void assert_near(double got, double want) {
    if (!(fabs(got - want) <= 1e-9 * fabs(want))) fail_msg("%.17g instead of %.17g", got, want);
}

static void test_sums(void **state) {
    (void)state;
    bench b = open_bench(false);
    fv_profile *p = profile(&b, RUNS);
    fv_cost steps = {0}, ops = {0};
    int counted = 0;
    for (int i = 0; i < p->n_steps; i++) {
        const fv_cost *c = &p->steps[i].cost;
        steps.seconds += c->seconds, steps.operations += c->operations, steps.bytes += c->bytes,
            steps.bound += c->bound;
    }
    for (int i = 0; i < p->n_ops; i++) {
        const fv_cost *c = &p->ops[i].cost;
        ops.seconds += c->seconds, ops.operations += c->operations, ops.bytes += c->bytes, ops.bound += c->bound;
        counted += p->ops[i].steps;
        if (i > 0) assert_true(c->seconds <= p->ops[i - 1].cost.seconds);
    }
    assert_int_equal(p->runs, RUNS);
    assert_int_equal(counted, p->n_steps);
    const fv_cost *sums[] = {&steps, &ops};
    for (int i = 0; i < 2; i++) {
        assert_near(sums[i]->seconds, p->total.seconds);
        assert_near(sums[i]->operations, p->total.operations);
        assert_near(sums[i]->bytes, p->total.bytes);
        assert_near(sums[i]->bound, p->total.bound);
    }
    assert_true(p->by_reference.seconds == 0);
    fv_profile_free(p);
    close_bench(&b);
}

static const fv_step_profile *find(const fv_profile *p, const char *layer, const char *op) {
    for (int i = 0; i < p->n_steps; i++)
        if (strcmp(p->steps[i].layer, layer) == 0 && strcmp(p->steps[i].op, op) == 0) return &p->steps[i];
    fail_msg("no step %s %s", layer, op);
    return NULL;
}

/* By hand: conv1 is 1 to 6 channels, 5x5, 24x24, whose F(4x4,5x5) takes 64 products for 16 outputs, of which the backward pass
 * visits a quarter; fc1 is 120 to 64. */
static void test_bounds(void **state) {
    (void)state;
    bench b = open_bench(false);
    fv_profile *p = profile(&b, 1);
    const fv_step_profile *conv = find(p, "conv1", "conv2d_max_pool"), *fc = find(p, "fc1", "linear");
    const fv_step_profile *weights = find(p, "conv1", "conv2d_max_pool_backward_weights");
    assert_near(conv->cost.operations, 2.0 * BATCH * 6 * 24 * 24 * 25);
    assert_near(conv->cost.bound - conv->cost.bytes / peak.bytes, 2.0 * BATCH * 6 * 6 * 6 * 64 / peak.flops);
    assert_near(weights->cost.bound - weights->cost.bytes / peak.bytes, 2.0 * BATCH * 6 * 12 * 12 * 25 / peak.flops);
    assert_near(fc->cost.bound, 2.0 * BATCH * 120 * 64 / peak.flops + fc->cost.bytes / peak.bytes);
    fv_profile_free(p);
    close_bench(&b);
}

static void test_reference_is_marked(void **state) {
    (void)state;
    bench b = open_bench(true);
    fv_profile *p = profile(&b, 1);
    int marked = 0;
    for (int i = 0; i < p->n_steps; i++) marked += p->steps[i].reference;
    assert_int_equal(marked, p->n_steps);
    assert_near(p->by_reference.seconds, p->total.seconds);
    fv_profile_free(p);
    close_bench(&b);
}

static void test_nothing_to_profile(void **state) {
    (void)state;
    bench b = open_bench(false);
    assert_int_equal(fv_trainer_step(b.trainer, b.x, b.labels, BATCH, 0, NULL), FV_OK);
    assert_null(fv_profile_new(b.trainer->last, peak));
    assert_contains(fv_error(), "lenet: nothing to profile");
    assert_int_equal(fv_plan_profile(b.trainer->last), FV_OK);
    assert_null(fv_profile_new(b.trainer->last, peak));
    close_bench(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_reference_is_marked),
        cmocka_unit_test(test_nothing_to_profile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
