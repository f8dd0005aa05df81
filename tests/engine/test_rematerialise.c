/* Maps that are made again rather than kept: the same losses and parameters to the last bit, in less memory; what the end of a
 * residual block becomes; and what ResNet-50 comes to. */
#include "core/memory.h"
#include "core/random.h"
#include "engine/build.h"
#include "kernels/cpu.h"
#include "support/unit.h"
#include "train/trainer.h"

#include <string.h>

enum { BATCH = 6, CHANNELS = 32, SIDE = 24, CLASSES = 5, STEPS = 3 };

/* ---- Networks ---------------------------------------------------------------------------------------------------------- */

static fv_value *norm(fv_value *x, const char *conv, const char *bn, int kernel) {
    return fv_batch_norm(fv_conv2d(x, conv, CHANNELS, kernel, .pad = kernel / 2, .no_bias = true), bn);
}

/* Blocks one behind the other, of which the first has a norm on both sides of its sum. */
static fv_value *blocks(fv_value *x, int more) {
    fv_value *y = norm(fv_relu(norm(x, "conv1", "bn1", 1)), "conv2", "bn2", 3);
    x = fv_relu(fv_add(y, norm(x, "projection", "bn3", 1)));
    for (int i = 0; i < more; i++) {
        fv_scope(fv_value_graph(x), "block%d", i);
        x = fv_relu(fv_add(norm(fv_relu(norm(x, "conv1", "bn1", 1)), "conv2", "bn2", 3), x));
        fv_unscope(fv_value_graph(x));
    }
    return x;
}

static fv_value *residual(fv_value *x) { return blocks(x, 4); }
static fv_value *short_residual(fv_value *x) { return blocks(x, 1); }

/* Sums without a ReLU, as in inverted residuals; the other activations; gates. */
static fv_value *inverted(fv_value *x) {
    for (int i = 0; i < 3; i++) {
        fv_scope(fv_value_graph(x), "block%d", i);
        fv_value *y = fv_hard_swish(norm(x, "conv1", "bn1", 1));
        fv_value *gate = fv_hard_sigmoid(fv_conv2d(fv_global_avg_pool(y), "gate", CHANNELS, 1));
        y = fv_relu6(norm(fv_scale(y, gate), "conv2", "bn2", 3));
        x = fv_add(x, norm(y, "conv3", "bn3", 1));
        fv_unscope(fv_value_graph(x));
    }
    return x;
}

/* A dense block: each layer reads all before it. */
static fv_value *dense(fv_value *x) {
    for (int i = 0; i < 4; i++) {
        fv_scope(fv_value_graph(x), "layer%d", i);
        fv_value *y = fv_conv2d(fv_leaky_relu(fv_batch_norm(x, "bn"), .slope = 0.1f), "conv", 16, 3, .pad = 1);
        x = fv_concat((fv_value *[]){x, y}, 2);
        fv_unscope(fv_value_graph(x));
    }
    return x;
}

static fv_value *(*const bodies[])(fv_value *x) = {residual, inverted, dense};

static fv_model *make(fv_value *(*body)(fv_value *x)) {
    fv_value *x = fv_input(fv_graph_new("network"), 3, SIDE, SIDE);
    x = body(fv_relu(norm(x, "stem", "bn", 3)));
    fv_model *model = fv_model_new(fv_linear(fv_flatten(fv_global_avg_pool(x)), "fc", CLASSES), .seed = 7);
    if (!model) fail_msg("%s", fv_error());
    return model;
}

static int count(const fv_plan *plan, const char *op, bool again) {
    int n = 0;
    for (int s = 0; s < plan->n_steps; s++)
        n += plan->steps[s]->node->again == again && (!op || strcmp(plan->steps[s]->node->op->name, op) == 0);
    return n;
}

/* ---- The same numbers -------------------------------------------------------------------------------------------------- */

/* Some steps; every loss and then every parameter goes to `numbers`, whose count is returned. */
static size_t train(fv_value *(*body)(fv_value *x), fv_maps maps, int threads, fv_precision precision, float **numbers,
                    size_t *bytes, int *again) {
    static const int labels[BATCH] = {0, 1, 2, 3, 4, 2};
    static float x[BATCH * 3 * SIDE * SIDE];
    fv_random random = fv_random_stream(3, 0, 0);
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) x[i] = fv_random_normal(&random);
    fv_model *model = make(body);
    fv_trainer *trainer = fv_trainer_new(model, .optimizer = fv_momentum(.lr = 0.05f), .batch_size = BATCH,
                                         .threads = threads, .precision = precision, .maps = maps);
    if (!trainer) fail_msg("%s", fv_error());
    size_t n = STEPS;
    for (int i = 0; i < model->n_params; i++) n += fv_shape_count(&model->params[i].info.shape);
    float *to = *numbers = FV_NEW_N(float, n);
    for (int i = 0; i < STEPS; i++) assert_int_equal(fv_trainer_step(trainer, x, labels, BATCH, 0, to++), FV_OK);
    for (int i = 0; i < model->n_params; i++) {
        assert_int_equal(fv_param_read(&model->params[i], to), FV_OK);
        to += fv_shape_count(&model->params[i].info.shape);
    }
    *bytes = fv_plan_bytes(trainer->last);
    *again = count(trainer->last, NULL, true);
    fv_trainer_free(trainer);
    fv_model_free(model);
    return n;
}

static void check_numbers(int which, int threads, fv_precision precision) {
    float *kept, *again;
    size_t bytes[2];
    int copies[2];
    size_t n = train(bodies[which], FV_MAPS_KEPT, threads, precision, &kept, &bytes[0], &copies[0]);
    assert_int_equal(n, train(bodies[which], FV_MAPS_AGAIN, threads, precision, &again, &bytes[1], &copies[1]));
    if (memcmp(kept, again, n * sizeof *kept) != 0) fail_msg("network %d, %d threads: other numbers", which, threads);
    assert_int_equal(copies[0], 0);
    bool spared = bytes[1] < bytes[0] || precision != FV_F32; /* the peak is simulated as if all were of one width */
    if (copies[1] < 4 || !spared)
        fail_msg("network %d: %d copies, %zu bytes for %zu", which, copies[1], bytes[1], bytes[0]);
    fv_free(kept);
    fv_free(again);
}

static void test_no_bit_depends_on_it(void **state) {
    (void)state;
    for (int which = 0; which < FV_COUNT(bodies); which++)
        for (int threads = 1; threads <= 3; threads++) check_numbers(which, threads, FV_F32);
}

static void test_nor_in_bf16(void **state) {
    (void)state;
    if (fv_precision_check(FV_BF16) != FV_OK) skip();
    for (int which = 0; which < FV_COUNT(bodies); which++) check_numbers(which, 2, FV_BF16);
}

/* Whichever allocation fails, while the graph is rewritten too: no plan, one message, nothing leaked. */
static void test_every_allocation_may_fail(void **state) {
    (void)state;
    fv_model *model = make(short_residual);
    fv_trainer *trainer = NULL;
    for (long i = 0; !trainer; i++) {
        fv_memory_fail_after(i);
        trainer = fv_trainer_new(model, .batch_size = BATCH, .threads = 1, .maps = FV_MAPS_AGAIN);
        long made = fv_memory_fail_after(-1);
        if (trainer ? i < made : fv_last_status() != FV_NO_MEMORY)
            fail_msg("allocation %ld of %ld: status %d: %s", i, made, (int)fv_last_status(), fv_error());
    }
    assert_true(count(trainer->last, NULL, true) > 2);
    fv_trainer_free(trainer);
    fv_model_free(model);
}

/* ---- The end of a residual block ------------------------------------------------------------------------------------------- */

static fv_value *read_before_relu(fv_value *x) {
    fv_value *sum = fv_add(norm(x, "conv1", "bn1", 3), x);
    return fv_add(fv_relu(sum), fv_sigmoid(sum));
}

static fv_value *norm_read_twice(fv_value *x) {
    fv_value *y = norm(x, "conv1", "bn1", 3);
    return fv_add(fv_relu(fv_add(y, x)), fv_sigmoid(y));
}

static fv_value *leaky(fv_value *x) { return fv_leaky_relu(fv_add(norm(x, "conv1", "bn1", 3), x), .slope = 0.1f); }

/* What a training plan of it has: norms that add a skip, of those the ones with the ReLU, and ReLUs of their own. */
static void check_fusions(fv_value *(*body)(fv_value *x), int fused, int with_relu, int relus) {
    fv_model *model = make(body);
    fv_trainer *trainer = fv_trainer_new(model, .batch_size = BATCH, .threads = 1, .maps = FV_MAPS_KEPT);
    if (!trainer) fail_msg("%s", fv_error());
    const fv_plan *plan = trainer->last;
    int skips = 0;
    for (int s = 0; s < plan->n_steps; s++)
        skips += strcmp(plan->steps[s]->node->op->name, "batch_norm") == 0 && plan->steps[s]->node->n_in == 6;
    assert_int_equal(skips, fused);
    assert_int_equal(count(plan, "batch_norm_skip_backward", false), with_relu);
    assert_int_equal(count(plan, "relu", false), relus);
    fv_trainer_free(trainer);
    fv_model_free(model);
}

static void test_residual_ends_are_one_node(void **state) {
    (void)state;
    check_fusions(residual, 5, 5, 0);
    check_fusions(inverted, 3, 0, 0);
    check_fusions(read_before_relu, 1, 0, 1);
    check_fusions(norm_read_twice, 0, 0, 1);
    check_fusions(leaky, 1, 0, 0);
}

/* ---- ResNet-50 --------------------------------------------------------------------------------------------------------------- */

static size_t planned(fv_model *model, fv_maps maps) {
    fv_trainer *trainer = fv_trainer_new(model, .batch_size = 8, .threads = 2, .maps = maps);
    if (!trainer) fail_msg("%s", fv_error());
    assert_int_equal(count(trainer->last, "add", false),
                     16); /* of gradients alone: one a block, all sums forward are fused */
    assert_int_equal(count(trainer->last, "batch_norm_skip_backward", false), 16);
    size_t bytes = fv_plan_bytes(trainer->last);
    fv_trainer_free(trainer);
    return bytes;
}

/* Batch 8 at 224x224 in f32. With Adam's slots and the weights, 310 MB, it is to stay below 780; most of what is left are the
 * convolutions' outputs, 355 MB. */
static void test_resnet50_needs_little(void **state) {
    (void)state;
    enum { MB = 1000 * 1000, MOST = FOVEA_ONEDNN ? 470 : 550 }; /* other kernels want more scratch */
    fv_model *model = fv_network("resnet50", FV_ARCH(.init.kind = FV_INIT_ZERO));
    if (!model) fail_msg("%s", fv_error());
    size_t kept = planned(model, FV_MAPS_KEPT), again = planned(model, FV_MAPS_AUTO);
    print_message("# kept %zu MB, made again %zu MB\n", kept / MB, again / MB);
    assert_true(again < (size_t)MOST * MB);
    assert_true(kept > again + (size_t)250 * MB);
    fv_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_bit_depends_on_it),      cmocka_unit_test(test_nor_in_bf16),
        cmocka_unit_test(test_every_allocation_may_fail), cmocka_unit_test(test_residual_ends_are_one_node),
        cmocka_unit_test(test_resnet50_needs_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
