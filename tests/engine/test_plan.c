/* Plans against the reference plan, which runs the unfused graph by every operator's definition: same losses and same
 * parameters after some training steps, same logits at inference; and the choices that make a plan fast. */
#include "core/memory.h"
#include "core/random.h"
#include "engine/build.h"
#include "engine/networks.h"
#include "kernels/cpu.h"
#include "support/unit.h"
#include "train/trainer.h"

#include <math.h>
#include <string.h>

enum { BATCH = 6, CLASSES = ENGINE_CLASSES };

static fv_model *make(int which) {
    fv_graph *g = fv_graph_new("network");
    fv_model *model = fv_model_new(engine_networks[which](g), .seed = 7);
    assert_non_null(model);
    return model;
}

/* ---- Data -------------------------------------------------------------------------------------------------------------- */

static float *make_input(const fv_model *model) {
    int c, h, w;
    fv_model_input(model, &c, &h, &w);
    size_t count = (size_t)BATCH * (size_t)c * (size_t)h * (size_t)w;
    float *x = fv_alloc(count, sizeof(float));
    fv_random random = fv_random_stream(3, 0, 0);
    for (size_t i = 0; i < count; i++) x[i] = fv_random_normal(&random);
    return x;
}

static const int labels[BATCH] = {0, 1, 2, 3, 4, 2};

/* The largest difference of two arrays, relative to the second's largest value, 1e-3 at least: below that, as in the bias
 * of a convolution before batch norm, it is rounding that differs. */
static double distance(const float *a, const float *b, size_t count) {
    double worst = 0, largest = 1e-3;
    for (size_t i = 0; i < count; i++) {
        worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
        largest = fmax(largest, fabs((double)b[i]));
    }
    return worst / largest;
}

static double parameter_distance(const fv_model *a, const fv_model *b) {
    double worst = 0;
    for (int i = 0; i < a->n_params; i++) {
        size_t count = fv_shape_count(&a->params[i].info.shape);
        float *x = fv_alloc(2 * count, sizeof(float));
        assert_int_equal(fv_param_read(&a->params[i], x), FV_OK);
        assert_int_equal(fv_param_read(&b->params[i], x + count), FV_OK);
        worst = fmax(worst, distance(x, x + count, count));
        fv_free(x);
    }
    return worst;
}

/* Trains for some steps; the losses are left in losses[]. */
static void train(fv_model *model, int threads, bool reference, fv_precision precision, int steps, int n,
                  float *losses) {
    float *x = make_input(model);
    fv_trainer *trainer =
        fv_trainer_new(model, .optimizer = fv_momentum(.lr = 0.05f), .batch_size = n, .threads = threads,
                       .precision = precision, .seed = 11, .reference = reference);
    if (!trainer) fail_msg("%s", fv_error());
    for (int i = 0; i < steps; i++) assert_int_equal(fv_trainer_step(trainer, x, labels, n, 0, &losses[i]), FV_OK);
    fv_trainer_free(trainer);
    fv_free(x);
}

/* ---- Tests ------------------------------------------------------------------------------------------------------------- */

static void test_training_follows_the_reference(void **state) {
    (void)state;
    enum { STEPS = 5 };
    for (int which = 0; which < ENGINE_NETWORKS; which++) {
        float expected[STEPS], got[STEPS];
        fv_model *reference = make(which);
        train(reference, 1, true, FV_F32, STEPS, BATCH, expected);
        for (int threads = 1; threads <= 3; threads++) {
            fv_model *model = make(which);
            train(model, threads, false, FV_F32, STEPS, BATCH, got);
            for (int i = 0; i < STEPS; i++)
                if (!(fabsf(got[i] - expected[i]) <= 2e-4f * fmaxf(1, fabsf(expected[i]))))
                    fail_msg("network %d, %d threads, step %d: loss %.7g, reference %.7g", which, threads, i,
                             (double)got[i], (double)expected[i]);
            double far = parameter_distance(model, reference);
            if (!(far <= 2e-3)) fail_msg("network %d, %d threads: parameters differ by %g", which, threads, far);
            fv_model_free(model);
        }
        fv_model_free(reference);
    }
}

static void test_same_bits_again(void **state) {
    (void)state;
    enum { STEPS = 4 };
    for (int which = 0; which < ENGINE_NETWORKS; which++) {
        float first[STEPS], second[STEPS];
        fv_model *a = make(which), *b = make(which);
        train(a, 2, false, FV_F32, STEPS, BATCH, first);
        train(b, 2, false, FV_F32, STEPS, BATCH, second);
        assert_memory_equal(first, second, sizeof first);
        assert_true(parameter_distance(a, b) == 0);
        fv_model_free(a);
        fv_model_free(b);
    }
}

static fv_plan *inference(fv_model *model, fv_team *team, bool reference) {
    fv_plan *plan = fv_plan_new(model, &(fv_plan_args){.batch = BATCH, .team = team, .reference = reference});
    if (!plan) fail_msg("%s", fv_error());
    return plan;
}

/* Passes, folded batch norm and fused convolutions change nothing but the speed; running statistics are those that training
 * left, and a plan made before a parameter changed sees the change. */
static void test_inference_follows_the_reference(void **state) {
    (void)state;
    for (int which = 0; which < ENGINE_NETWORKS; which++) {
        fv_model *model = make(which);
        float losses[3], *x = make_input(model);
        fv_team *team = fv_team_new(2);
        fv_plan *fast = inference(model, team, false), *reference = inference(model, team, true);
        for (int round = 0; round < 2; round++) {
            assert_int_equal(fv_plan_run(fast, &(fv_plan_input){.x = x}), FV_OK);
            assert_int_equal(fv_plan_run(reference, &(fv_plan_input){.x = x}), FV_OK);
            double far = distance(fv_plan_logits(fast), fv_plan_logits(reference), BATCH * CLASSES);
            if (!(far <= 2e-5)) fail_msg("network %d, round %d: logits differ by %g", which, round, far);
            train(model, 2, false, FV_F32, 3, BATCH, losses);
        }
        fv_plan_free(fast);
        fv_plan_free(reference);
        fv_team_free(team);
        fv_free(x);
        fv_model_free(model);
    }
}

static int count_steps(const fv_plan *plan, const char *kernel, const char *op) {
    fv_step_info info;
    int count = 0;
    for (int i = 0; fv_plan_step(plan, i, &info); i++)
        count += (!kernel || strcmp(info.kernel, kernel) == 0) && (!op || strcmp(info.node->op->name, op) == 0);
    return count;
}

/* ---- bf16 ---- */

/* How far `moved` went from `start`, and how far it is from `goal`, as L2 norms over all parameters but running statistics. */
static double off_course(const fv_model *start, const fv_model *goal, const fv_model *moved) {
    double way = 0, off = 0;
    for (int i = 0; i < start->n_params; i++) {
        size_t count = fv_shape_count(&start->params[i].info.shape);
        float *p = fv_alloc(3 * count, sizeof(float)), *g = p + count, *m = g + count;
        assert_int_equal(fv_param_read(&start->params[i], p), FV_OK);
        assert_int_equal(fv_param_read(&goal->params[i], g), FV_OK);
        assert_int_equal(fv_param_read(&moved->params[i], m), FV_OK);
        for (size_t k = 0; k < count; k++) {
            way += pow((double)g[k] - (double)p[k], 2);
            off += pow((double)g[k] - (double)m[k], 2);
        }
        fv_free(p);
    }
    return sqrt(off / way);
}

/* The logits, and the gradients of one step. A map is off by 2^-9 for each of a handful of layers; where that moves one value in a
 * few hundred across the kink of a ReLU, the gradient is off by the root of their share. What has no kernel in bf16 runs in f32. */
static void test_bf16_follows_the_reference(void **state) {
    (void)state;
    if (fv_precision_check(FV_BF16) != FV_OK) skip();
    for (int which = 0; which < ENGINE_NETWORKS; which++) {
        fv_model *start = make(which), *reference = make(which), *model = make(which), *again = make(which);
        float loss[3], *x = make_input(model);
        fv_team *team = fv_team_new(2);
        fv_plan *fine = inference(start, team, true);
        fv_plan *coarse = fv_plan_new(start, &(fv_plan_args){.batch = BATCH, .team = team, .precision = FV_BF16});
        if (!coarse) fail_msg("%s", fv_error());
        assert_int_equal(fv_plan_run(fine, &(fv_plan_input){.x = x}), FV_OK);
        assert_int_equal(fv_plan_run(coarse, &(fv_plan_input){.x = x}), FV_OK);
        double far = distance(fv_plan_logits(coarse), fv_plan_logits(fine), BATCH * CLASSES);
        if (!(far <= 0.02)) fail_msg("network %d: logits differ by %g", which, far);

        train(reference, 1, true, FV_F32, 1, BATCH, &loss[0]);
        train(model, 2, false, FV_BF16, 1, BATCH, &loss[1]);
        train(again, 2, false, FV_BF16, 1, BATCH, &loss[2]);
        double off = off_course(start, reference, model);
        if (!(fabsf(loss[1] - loss[0]) <= 0.02f * loss[0])) fail_msg("network %d: loss", which);
        if (!(off <= 0.1)) fail_msg("network %d: gradients differ by %g of their norm", which, off);
        assert_true(parameter_distance(model, again) == 0);
        fv_plan_free(fine);
        fv_plan_free(coarse);
        fv_team_free(team);
        fv_free(x);
        fv_model_free(start);
        fv_model_free(reference);
        fv_model_free(model);
        fv_model_free(again);
    }
}

/* LeNet's training step: batch-innermost throughout, two phases, nothing by definition. */
static void test_lenet_plan(void **state) {
    (void)state;
    fv_model *model = fv_lenet();
    fv_trainer *trainer = fv_trainer_new(model, .batch_size = 64, .threads = 2);
    if (!trainer) fail_msg("%s", fv_error());
    fv_step_info last = {0};
    for (int i = 0; fv_plan_step(trainer->last, i, &last); i++)
        if (strstr(last.node->op->name, "conv2d")) assert_string_equal(last.kernel, "batch");
    assert_int_equal(last.phase, 1);
    assert_int_equal(count_steps(trainer->last, "ref", NULL), 0);
    fv_trainer_free(trainer);
    fv_model_free(model);
}

/* A residual block at inference is three convolutions and nothing else. */
static void test_fusions(void **state) {
    (void)state;
    fv_model *model = make(0);
    fv_team *team = fv_team_new(2);
    fv_plan *plan = inference(model, team, false);
    assert_int_equal(count_steps(plan, NULL, "relu"), 0);
    assert_int_equal(count_steps(plan, NULL, "add"), 0);
    assert_int_equal(count_steps(plan, NULL, "batch_norm_inference"), 0);
    assert_int_equal(count_steps(plan, NULL, "conv2d"), 4);
    fv_plan_free(plan);
    fv_team_free(team);
    fv_model_free(model);
}

/* At inference a convolution's weight is transformed by the prologue, in training in each step; a linear layer of few images reads the
 * weight as it lies, unless a training plan has it otherwise. */
static void test_constant_weights(void **state) {
    (void)state;
    fv_value *x = fv_relu(fv_conv2d(fv_input(fv_graph_new("constants"), 64, 28, 28), "conv", 64, 3, .pad = 1));
    fv_model *model = fv_model_new(fv_linear(fv_flatten(x), "fc", CLASSES), .seed = 7);
    assert_non_null(model);
    fv_team *team = fv_team_new(2);
    fv_plan *plan = inference(model, team, false);
    assert_int_equal(count_steps(plan, "winograd", "conv2d"), 1);
    assert_int_equal(count_steps(plan, "winograd", "reorder_parameter"), 1);
    assert_true(plan->n_prologue >= 1 && strcmp(plan->steps[plan->n_prologue - 1]->kernel->name, "winograd") == 0);
    assert_int_equal(count_steps(plan, "simd", "linear"), 1);
    fv_plan_free(plan);
    fv_trainer *trainer = fv_trainer_new(model, .batch_size = BATCH, .threads = 2);
    if (!trainer) fail_msg("%s", fv_error());
    assert_int_equal(count_steps(trainer->last, "winograd", "reorder_parameter"), 0);
    plan = inference(model, team, false);
    bool opaque = false;
    for (int i = 0; i < model->n_params; i++) opaque |= model->params[i].layout != NULL;
    assert_int_equal(count_steps(plan, "simd", "linear"), !opaque);
    fv_plan_free(plan);
    fv_trainer_free(trainer);
    fv_team_free(team);
    fv_model_free(model);
}

/* A primitive that does not run ends the run with its own message, not with talk of NaN; afterwards all is well. */
static void test_a_kernel_that_fails(void **state) {
    (void)state;
    fv_model *model = make(3);
    fv_team *team = fv_team_new(1);
    fv_plan *plan = inference(model, team, false);
    float *x = make_input(model);
    int s = plan->n_prologue;
    while (s < plan->n_steps && strcmp(plan->steps[s]->kernel->name, "dnn") != 0) s++;
    if (s == plan->n_steps) skip(); /* a build without oneDNN */
    assert_int_equal(fv_plan_run(plan, &(fv_plan_input){.x = x}), FV_OK);
    void *weights = plan->steps[s]->in[1];
    plan->steps[s]->in[1] = NULL;
    assert_int_equal(fv_plan_run(plan, &(fv_plan_input){.x = x}), FV_BROKEN);
    assert_contains(fv_error(), "network/block0.conv conv2d did not run: ");
    assert_contains(fv_error(), "weights is missing");
    plan->steps[s]->in[1] = weights;
    assert_int_equal(fv_plan_run(plan, &(fv_plan_input){.x = x}), FV_OK);
    fv_plan_free(plan);
    fv_team_free(team);
    fv_free(x);
    fv_model_free(model);
}

/* A profiled run does the same, step by step, and what it says of arithmetic is the model's own count: forward, and without
 * the first layer's backward data twice that backward. */
static void test_profile(void **state) {
    (void)state;
    fv_model *plain = fv_lenet(), *timed = fv_lenet();
    fv_trainer *a = fv_trainer_new(plain, .batch_size = 32, .threads = 2);
    fv_trainer *b = fv_trainer_new(timed, .batch_size = 32, .threads = 2);
    if (!a || !b) fail_msg("%s", fv_error());
    assert_int_equal(fv_plan_profile(b->last), FV_OK);
    float *x = fv_alloc(32 * 28 * 28, sizeof(float)), loss[2];
    int digits[32] = {1, 2, 3};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fv_trainer_step(a, x, digits, 32, 0, &loss[0]), FV_OK);
        assert_int_equal(fv_trainer_step(b, x, digits, 32, 0, &loss[1]), FV_OK);
        assert_memory_equal(&loss[0], &loss[1], sizeof(float));
    }
    assert_true(parameter_distance(plain, timed) == 0);
    fv_step_info step;
    size_t macs = 0, first = 0;
    double seconds = 0;
    for (int i = 0; fv_plan_step(b->last, i, &step); i++) {
        macs += step.macs, seconds += step.seconds;
        if (strcmp(step.node->name, "conv1") == 0) first = step.macs;
        assert_true(step.bytes > 0);
    }
    assert_int_equal(macs, 3 * 32 * fv_model_macs(plain) - first);
    assert_true(seconds > 0);
    fv_trainer_free(a);
    fv_trainer_free(b);
    fv_model_free(plain);
    fv_model_free(timed);
    fv_free(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_training_follows_the_reference),
        cmocka_unit_test(test_same_bits_again),
        cmocka_unit_test(test_inference_follows_the_reference),
        cmocka_unit_test(test_bf16_follows_the_reference),
        cmocka_unit_test(test_lenet_plan),
        cmocka_unit_test(test_fusions),
        cmocka_unit_test(test_constant_weights),
        cmocka_unit_test(test_a_kernel_that_fails),
        cmocka_unit_test(test_profile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
