/* The update and gradient-norm nodes: long parameters, threads, parts, many gradients, and gradients that are not finite. */
#include "optim/optim.h"
#include "optim/stepper.h"
#include "support/unit.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { LONG = 2 * FV_UPDATE_CHUNK + 1037 }; /* chunks, and a rest that is no multiple of 16 */

static const fv_optimizer rules[] = {
    {.kind = FV_SGD, .l1 = 0.01f},
    {.kind = FV_MOMENTUM, .weight_decay = 0.1f, .nesterov = true},
    {.kind = FV_ADAM, .weight_decay = 0.1f},
    {.kind = FV_ADAMW},
    {.kind = FV_RMSPROP, .weight_decay = 0.1f},
    {.kind = FV_RMSPROP, .momentum = 0.5f, .centered = true},
    {.kind = FV_ADAGRAD},
    {.kind = FV_ADADELTA},
    {.kind = FV_ADAMAX},
    {.kind = FV_NADAM},
    {.kind = FV_RADAM, .beta2 = 0.5f},
    {.kind = FV_LARS, .weight_decay = 0.1f},
    {.kind = FV_LAMB},
};

static float value_at(int i) { return (float)((i * 53 + 7) % 1021 - 510) / 256; }

/* A parameter of LONG elements after three steps. */
static void train_long(const fv_optimizer *optimizer, int threads, int parts, float *result) {
    fv_graph *graph = fv_graph_new("long");
    fv_value *param = stepper_parameter(graph, "weight", LONG, false), *grad = stepper_gradient(graph, LONG);
    assert_int_equal(fv_optimizer_build(graph, optimizer, &(fv_extras){0}, &param, &grad, 1), FV_OK);
    stepper *s = stepper_new(graph, threads, parts);
    float gradient[LONG], *p = stepper_memory(s, param);
    for (int i = 0; i < LONG; i++) p[i] = value_at(i), gradient[i] = value_at(3 * i + 1);
    for (int step = 0; step < 3; step++) {
        stepper_set_gradient(s, grad, gradient, LONG);
        stepper_run(s);
    }
    memcpy(result, p, LONG * sizeof(float));
    stepper_free(s);
    fv_graph_free(graph);
}

/* Norms are summed up by threads, and rounded so. */
static void compare_long(const fv_optimizer *o, const float *a, const float *b) {
    if (o->kind != FV_LARS && o->kind != FV_LAMB) assert_memory_equal(a, b, LONG * sizeof(float));
    for (int i = 0; i < LONG; i++)
        if (!(fabsf(a[i] - b[i]) <= 1e-6f)) fail_msg("kind %d, element %d: %.9g, %.9g", (int)o->kind, i, a[i], b[i]);
}

static void threads_make_the_same_bits(void **state) {
    (void)state;
    float one[LONG], more[LONG], ref[LONG];
    for (int r = 0; r < FV_COUNT(rules); r++) {
        train_long(&rules[r], 1, 0, one);
        train_long(&rules[r], 0, 0, ref);
        for (int i = 0; i < LONG; i++)
            if (!(fabsf(one[i] - ref[i]) <= 1e-6f))
                fail_msg("rule %d, element %d: %.9g, ref %.9g", r, i, one[i], ref[i]);
        for (int threads = 2; threads <= 7; threads++) {
            train_long(&rules[r], threads, 0, more);
            compare_long(&rules[r], one, more);
            train_long(&rules[r], threads, threads, more); /* the parts of value_at add up without rounding */
            compare_long(&rules[r], one, more);
        }
    }
}

/* More gradients than a node takes: a chain of norms. All gradients are 0.5. */
static void many_gradients_are_clipped_together(void **state) {
    (void)state;
    enum { MANY = 150, EACH = 6 };
    for (int threads = 0; threads <= 3; threads++) {
        fv_graph *graph = fv_graph_new("many");
        fv_value *params[MANY], *grads[MANY];
        for (int k = 0; k < MANY; k++) {
            char name[16];
            snprintf(name, sizeof name, "weight%d", k);
            params[k] = stepper_parameter(graph, name, EACH, false);
            grads[k] = stepper_gradient(graph, EACH);
        }
        assert_int_equal(fv_optimizer_build(graph, &fv_sgd(.clip_norm = 3), &(fv_extras){0}, params, grads, MANY),
                         FV_OK);
        stepper *s = stepper_new(graph, threads, threads);
        s->env.lr = 1;
        for (int k = 0; k < MANY; k++)
            stepper_set_gradient(s, grads[k], (float[EACH]){0.5, 0.5, 0.5, 0.5, 0.5, 0.5}, EACH);
        stepper_run(s);
        for (int k = 0; k < MANY; k++)
            for (int i = 0; i < EACH; i++) /* norm 15, so a fifth */
                assert_true(fabsf(stepper_memory(s, params[k])[i] + 0.1f) < 1e-6f);
        stepper_free(s);
        fv_graph_free(graph);
    }
}

/* Each update tells the sum of squares of its own gradient, before clipping and decay; its threads' shares add up. */
static void squares_are_told(void **state) {
    (void)state;
    const fv_optimizer optimizers[] = {fv_sgd(.lr = 1), fv_adam(.clip_norm = 1e-3f, .weight_decay = 0.5f)};
    double expected = 0;
    for (int i = 0; i < LONG; i++) expected += (double)value_at(i) * (double)value_at(i);
    for (int r = 0; r < FV_COUNT(optimizers); r++)
        for (int threads = 0; threads <= 3; threads++) {
            fv_graph *graph = fv_graph_new("squares");
            fv_value *param = stepper_parameter(graph, "weight", LONG, false), *grad = stepper_gradient(graph, LONG);
            assert_int_equal(fv_optimizer_build(graph, &optimizers[r], &(fv_extras){0}, &param, &grad, 1), FV_OK);
            stepper *s = stepper_new(graph, threads, threads);
            float gradient[LONG];
            for (int i = 0; i < LONG; i++) gradient[i] = value_at(i), stepper_memory(s, param)[i] = 3;
            stepper_set_gradient(s, grad, gradient, LONG);
            stepper_run(s);
            const float *told = stepper_memory(s, &graph->nodes[graph->n_nodes - 1]->out[0]);
            double sum = told[0];
            for (int part = 1; part < threads; part++) sum += (double)told[part];
            assert_true(fabs(sum - expected) < 1e-6 * expected);
            stepper_free(s);
            fv_graph_free(graph);
        }
}

/* Three parameters, of which the second gets one gradient that is not finite. */
static void check_bad(const fv_optimizer *optimizer, float value, int threads) {
    fv_graph *graph = fv_graph_new("bad");
    fv_value *params[3], *grads[3];
    static const char *const names[3] = {"a", "b", "c"};
    for (int k = 0; k < 3; k++)
        params[k] = stepper_parameter(graph, names[k], 100, false), grads[k] = stepper_gradient(graph, 100);
    assert_int_equal(fv_optimizer_build(graph, optimizer, &(fv_extras){0}, params, grads, 3), FV_OK);
    stepper *s = stepper_new(graph, threads, 0);
    stepper_memory(s, grads[1])[77] = value;
    stepper_memory(s, params[1])[77] = 1;
    stepper_run(s);
    const fv_node *bad = atomic_load(&s->bad);
    assert_non_null(bad);
    assert_string_equal(bad->name, "fc.b");
    assert_string_equal(bad->op->name, "update");
    assert_true(stepper_memory(s, params[1])[77] == 1);
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 100; i++) assert_true(isfinite(stepper_memory(s, params[k])[i]));
    stepper_free(s);
    fv_graph_free(graph);
}

static void gradients_that_are_not_finite_are_named(void **state) {
    (void)state;
    for (int r = 0; r < FV_COUNT(rules); r++)
        for (int threads = 0; threads <= 2; threads++)
            for (int clipped = 0; clipped <= 1; clipped++) {
                fv_optimizer o = rules[r];
                o.clip_norm = clipped ? 0.5f : 0;
                check_bad(&o, NAN, threads);
                check_bad(&o, INFINITY, threads);
                check_bad(&o, -INFINITY, threads);
            }
}

/* Each gradient is finite, but not the sum of their squares. */
static void norm_that_overflows_is_named(void **state) {
    (void)state;
    fv_graph *graph = fv_graph_new("big");
    fv_value *param = stepper_parameter(graph, "weight", 4, false), *grad = stepper_gradient(graph, 4);
    assert_int_equal(fv_optimizer_build(graph, &fv_sgd(.clip_norm = 1), &(fv_extras){0}, &param, &grad, 1), FV_OK);
    for (int threads = 1; threads <= 2; threads++) {
        stepper *s = stepper_new(graph, threads, 0);
        for (int i = 0; i < 4; i++) stepper_memory(s, grad)[i] = 1e30f;
        stepper_run(s);
        assert_non_null(atomic_load(&s->bad));
        assert_string_equal(atomic_load(&s->bad)->op->name, "grad_norm");
        stepper_free(s);
    }
    fv_graph_free(graph);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_make_the_same_bits),
        cmocka_unit_test(many_gradients_are_clipped_together),
        cmocka_unit_test(squares_are_told),
        cmocka_unit_test(gradients_that_are_not_finite_are_named),
        cmocka_unit_test(norm_that_overflows_is_named),
    };
    return cmocka_run_group_tests_name("updates", tests, NULL, NULL);
}
