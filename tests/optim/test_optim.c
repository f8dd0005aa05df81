/* Optimizers against twenty steps of PyTorch's (golden/make_optim.py), and their options. */
#include "optim/optim.h"
#include "optim/stepper.h"
#include "support/unit.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum { WEIGHT = 40, BIAS = 5, COUNT = WEIGHT + BIAS, STEPS = 20, KEPT = 3 };

static const struct golden {
    const char *name;
    fv_optimizer optimizer;
    float kept[KEPT * COUNT]; /* after steps 1, 7, 20 */
} goldens[] = {
#include "golden/optim.inc"
};

/* ---- Twenty steps ------------------------------------------------------------------------------------------------- */

static float start_at(int i) { return (float)((i * 53 + 7) % 127 - 63) / 32; }
static float gradient_at(int i, int step) { return (float)((i * 37 + step * 101 + i * step * 13) % 257 - 128) / 64; }

typedef struct training {
    fv_graph *graph;
    fv_value *params[2], *grads[2]; /* weight, bias */
    stepper *stepper;
} training;

static const int sizes[2] = {WEIGHT, BIAS};

static training begin(const fv_optimizer *optimizer, int threads, int parts) {
    training t = {.graph = fv_graph_new("golden")};
    for (int k = 0; k < 2; k++) {
        t.params[k] = stepper_parameter(t.graph, k ? "bias" : "weight", sizes[k], k == 1);
        t.grads[k] = stepper_gradient(t.graph, sizes[k]);
    }
    if (fv_optimizer_build(t.graph, optimizer, &(fv_extras){0}, t.params, t.grads, 2)) fail_msg("%s", fv_error());
    t.stepper = stepper_new(t.graph, threads, parts);
    t.stepper->env.lr = fv_optimizer_resolved(optimizer).lr;
    for (int i = 0; i < COUNT; i++) stepper_memory(t.stepper, t.params[i >= WEIGHT])[i % WEIGHT] = start_at(i);
    return t;
}

static void step(training *t) {
    float values[COUNT];
    for (int i = 0; i < COUNT; i++) values[i] = gradient_at(i, (int)t->stepper->env.step);
    for (int k = 0; k < 2; k++) stepper_set_gradient(t->stepper, t->grads[k], values + k * WEIGHT, sizes[k]);
    stepper_run(t->stepper);
}

static void end(training *t) {
    stepper_free(t->stepper);
    fv_graph_free(t->graph);
}

static float param_at(const training *t, int i) {
    return stepper_memory(t->stepper, t->params[i >= WEIGHT])[i % WEIGHT];
}

static void replay(const struct golden *g, int threads, int parts) {
    training t = begin(&g->optimizer, threads, parts);
    const float *should = g->kept;
    for (int s = 1; s <= STEPS; s++) {
        step(&t);
        if (s != 1 && s != 7 && s != 20) continue;
        for (int i = 0; i < COUNT; i++, should++)
            if (!(fabsf(param_at(&t, i) - *should) <= 1e-6f * fmaxf(1, fabsf(*should))))
                fail_msg("%s, %d threads, %d parts: step %d, element %d: %.9g, PyTorch %.9g", g->name, threads, parts,
                         s, i, param_at(&t, i), *should);
    }
    assert_null(atomic_load(&t.stepper->bad));
    end(&t);
}

static void replays_pytorch(void **state) {
    replay(*state, 1, 0);
    replay(*state, 3, 3);
    replay(*state, 0, 0);
}

/* ---- Nodes --------------------------------------------------------------------------------------------------------- */

static void emits_slots_for_trained_parameters(void **state) {
    (void)state;
    fv_graph *graph = fv_graph_new("net");
    fv_value *params[2] = {stepper_parameter(graph, "weight", 6, false), stepper_parameter(graph, "frozen", 6, false)};
    fv_value *grads[2] = {stepper_gradient(graph, 6), NULL};
    assert_int_equal(fv_optimizer_build(graph, &fv_adam(.clip_norm = 1), &(fv_extras){0}, params, grads, 2), FV_OK);
    static const char *const names[] = {
        "fc.weight", "fc.frozen", "gradient", "grad_norm", "fc.weight.exp_avg", "fc.weight.exp_avg_sq", "fc.weight"};
    assert_int_equal(graph->n_nodes, FV_COUNT(names));
    for (int id = 0; id < graph->n_nodes; id++) assert_string_equal(graph->nodes[id]->name, names[id]);
    assert_true(fv_parameter_of(graph->nodes[4])->state);
    assert_int_equal(fv_parameter_of(graph->nodes[4])->init.kind, FV_INIT_ZERO);
    fv_graph_free(graph);
}

/* ---- Options --------------------------------------------------------------------------------------------------------- */

static void refuses(fv_optimizer optimizer, const char *message) {
    assert_int_equal(fv_optimizer_check(&optimizer), FV_BAD_ARGUMENT);
    assert_string_equal(fv_error(), message);
}

static void options_are_checked(void **state) {
    (void)state;
    refuses(fv_sgd(.lr = NAN), "lr nan: must be above 0 and at most 1000");
    refuses(fv_sgd(.lr = -1), "lr -1: must be above 0 and at most 1000");
    refuses(fv_sgd(.lr = FV_ZERO), "lr 0: must be above 0 and at most 1000");
    refuses(fv_adam(.lr = 1001), "lr 1001: must be above 0 and at most 1000");
    refuses(fv_momentum(.momentum = 1), "momentum 1: must be at least 0 and below 1");
    refuses(fv_adamw(.weight_decay = -0.5f), "weight_decay -0.5: must be at least 0 and at most 1000");
    refuses(fv_adam(.beta2 = 1.5f), "beta2 1.5: must be at least 0 and below 1");
    refuses(fv_adam(.clip_norm = INFINITY), "clip_norm inf: must be at least 0 and at most 3.40282e+38");
    refuses(fv_sgd(.clip_norm = 1, .clip_value = 1),
            "clip_norm, clip_each, clip_value: gradients are clipped in one way");
    refuses(fv_sgd(.momentum = 0.9f), "momentum: sgd has no such option");
    refuses(fv_adam(.centered = true), "centered: adam has no such option");
    refuses(fv_rmsprop(.rho = 1), "rho 1: must be at least 0 and below 1");
    refuses(fv_adamax(.momentum_decay = 0.5f), "momentum_decay: adamax has no such option");
    refuses(fv_adam(.nesterov = true), "nesterov: adam has no such option");
    refuses((fv_optimizer){.kind = (fv_optimizer_kind)99}, "optimizer kind 99: there is none");
    assert_int_equal(fv_optimizer_check(&(fv_optimizer){0}), FV_OK);
    assert_int_equal(fv_optimizer_check(&fv_momentum(.momentum = FV_ZERO, .nesterov = true, .l1 = 1e-4f)), FV_OK);
}

static void parts_are_checked(void **state) {
    (void)state;
    refuses(fv_sgd(.weight_decay_by = ""),
            "weight_decay_by : must be PART=NUMBER,PART=NUMBER..., such as norm=0,fc=0.001");
    refuses(fv_sgd(.l1_by = "fc"), "l1_by fc: must be PART=NUMBER,PART=NUMBER..., such as norm=0,fc=0.001");
    refuses(fv_sgd(.l1_by = "fc=1,"), "l1_by : must be PART=NUMBER,PART=NUMBER..., such as norm=0,fc=0.001");
    refuses(fv_sgd(.l1_by = "fc=1x"), "l1_by fc=1x: must be PART=NUMBER,PART=NUMBER..., such as norm=0,fc=0.001");
    refuses(fv_sgd(.l1_by = "=1"), "l1_by =1: must be PART=NUMBER,PART=NUMBER..., such as norm=0,fc=0.001");
    refuses(fv_sgd(.weight_decay_by = "fc=1,bias=-1"), "weight_decay_by bias=-1: must be at least 0 and at most 1000");
    refuses(fv_sgd(.weight_decay_by = "fc=nan"), "weight_decay_by fc=nan: must be at least 0 and at most 1000");
    fv_graph *graph = fv_graph_new("net");
    fv_value *param = stepper_parameter(graph, "weight", 6, false), *grad = stepper_gradient(graph, 6);
    static const char *const wrong[] = {"f=1", "fc.weight.x=1", "bias=0", "norm=0", "fc=0,fd=0"};
    for (int i = 0; i < FV_COUNT(wrong); i++) {
        fv_optimizer o = fv_sgd(.weight_decay_by = wrong[i]);
        assert_int_equal(fv_optimizer_build(graph, &o, &(fv_extras){0}, &param, &grad, 1), FV_BAD_ARGUMENT);
        assert_non_null(strstr(fv_error(), ": no part of that name to train: there are "));
    }
    fv_graph_free(graph);
}

static void defaults_are_filled_in(void **state) {
    (void)state;
    fv_optimizer o = fv_optimizer_resolved(&(fv_optimizer){0});
    assert_int_equal(o.kind, FV_ADAM);
    assert_true(o.lr == 0.001f && o.beta1 == 0.9f && o.beta2 == 0.999f && o.epsilon == 1e-8f && o.weight_decay == 0);
    o = fv_optimizer_resolved(&fv_momentum(.lr = 2, .momentum = FV_ZERO));
    assert_true(o.lr == 2 && o.momentum == 0);
    assert_true(fv_optimizer_resolved(&fv_adamw(.lr = 1)).weight_decay == 0.01f);
    assert_true(fv_optimizer_resolved(&fv_adamw(.weight_decay = FV_ZERO)).weight_decay == 0);
}

static void names_are_found(void **state) {
    (void)state;
    fv_optimizer o = fv_sgd(.lr = 7);
    int n = 0;
    for (; fv_optimizer_name(n); n++) {
        assert_int_equal(fv_optimizer_parse(fv_optimizer_name(n), &o), FV_OK);
        assert_int_equal(fv_optimizer_check(&o), FV_OK);
        assert_true(o.lr == 0);
    }
    assert_int_equal(n, 12);
    assert_null(fv_optimizer_name(-1));
    assert_int_equal(fv_optimizer_parse("adamw", &o), FV_OK);
    assert_int_equal(o.kind, FV_ADAMW);
    assert_int_equal(fv_optimizer_parse("adamm", &o), FV_BAD_ARGUMENT);
    assert_string_equal(fv_error(), "no optimizer named \"adamm\": did you mean \"adam\"?");
}

static void texts_are_read(void **state) {
    (void)state;
    fv_optimizer o;
    assert_int_equal(fv_optimizer_parse("rmsprop:rho=0.875,momentum=0.5,centered,lr=2", &o), FV_OK);
    assert_true(o.kind == FV_RMSPROP && o.rho == 0.875f && o.momentum == 0.5f && o.centered && o.lr == 2);
    assert_int_equal(fv_optimizer_parse("momentum:momentum=0,nesterov=1,weight_decay=0.5", &o), FV_OK);
    assert_true(o.momentum == FV_ZERO && o.nesterov && o.weight_decay == 0.5f);
    static const char *const bad[][2] = {
        {"", "no optimizer named \"\""},
        {"adam:beta3=0.5", "adam: no option named \"beta3\": did you mean \"beta1\"?"},
        {"adam:momentum=0.5", "adam: no option named \"momentum\""},
        {"adam:beta1=1", "beta1=1: must be at least 0 and below 1"},
        {"adam:lr=0", "lr=0: must be above 0 and at most 1000"},
        {"adam:beta1", "beta1: needs a value: beta1=..."},
        {"adam:beta1=0.5;", "beta1=0.5;: must be at least 0 and below 1"},
        {"momentum:nesterov=2", "nesterov=2: must be a whole number, at least 0 and at most 1"},
    };
    for (int i = 0; i < FV_COUNT(bad); i++) {
        assert_int_equal(fv_optimizer_parse(bad[i][0], &o), FV_BAD_ARGUMENT);
        if (strncmp(fv_error(), bad[i][1], strlen(bad[i][1])) != 0) fail_msg("%s: \"%s\"", bad[i][0], fv_error());
    }
    assert_true(o.momentum == FV_ZERO);
}

int main(void) {
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(emits_slots_for_trained_parameters),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(parts_are_checked),
        cmocka_unit_test(defaults_are_filled_in),
        cmocka_unit_test(names_are_found),
        cmocka_unit_test(texts_are_read),
    };
    struct CMUnitTest tests[FV_COUNT(goldens) + FV_COUNT(others)];
    for (int i = 0; i < FV_COUNT(goldens); i++)
        tests[i] = (struct CMUnitTest){
            .name = goldens[i].name, .test_func = replays_pytorch, .initial_state = (void *)(uintptr_t)&goldens[i]};
    memcpy(tests + FV_COUNT(goldens), others, sizeof others);
    return cmocka_run_group_tests_name("optimizers", tests, NULL, NULL);
}
