/* MobileNets and ShuffleNet against torchvision (golden/make_mobilenets.py): parameters, their names, multiply-accumulates, and
 * logits at inference; their plans: nothing runs by definition. */
#include "core/memory.h"
#include "engine/plan.h"
#include "fovea/train.h"
#include "support/unit.h"
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    CLASSES = 10,
    IMAGES = 2,
    SIZE = 40,
    COUNT = IMAGES * 3 * SIZE * SIZE,
    THREADS = 2,
    STEPS = 2,
    MOST_MACS = 150000000
};

static const struct golden {
    const char *name;
    size_t parameters, macs;
    uint64_t names; /* FNV-1a of "name(dims)\n" for each parameter */
    double logits[IMAGES * CLASSES];
} goldens[] = {
#include "golden/mobilenets.inc"
};

static fv_model *make(const char *name, const fv_arch *arch) {
    fv_model *model = fv_network(name, arch);
    if (!model) fail_msg("%s: %s", name, fv_error());
    return model;
}

static fv_model *make_small(const char *name) {
    return make(name, &(fv_arch){.classes = CLASSES, .input = {3, SIZE, SIZE}});
}

/* ---- The numbers of make_mobilenets.py ----------------------------------------------------------------------------- */

/* A multiple of 1/512 in [-1, 1). */
static double fraction(uint32_t which, uint32_t i) {
    uint32_t h = (which << 24) + i;
    h = (h ^ h >> 16) * 0x85ebca6b;
    h = (h ^ h >> 13) * 0xc2b2ae35;
    return ((h ^ h >> 16) >> 22) / 512.0 - 1;
}

static bool ends(const char *name, const char *end) {
    size_t length = strlen(name), tail = strlen(end);
    return length >= tail && strcmp(name + length - tail, end) == 0;
}

static size_t count_of(const fv_parameter_info *info) {
    size_t count = 1;
    for (int i = 0; i < info->rank; i++) count *= (size_t)info->dims[i];
    return count;
}

static double value(const fv_parameter_info *info, double u) {
    if (ends(info->name, "running_var")) return 1 + u / 2;
    if (ends(info->name, "running_mean") || ends(info->name, "bias")) return u / 8;
    if (info->rank == 1) return 1 + u / 4;
    return u * sqrt(6.0 / (double)(count_of(info) / (size_t)info->dims[0]));
}

static void fill(fv_model *model) {
    fv_parameter_info info;
    for (int p = 0; fv_model_parameter(model, p, &info); p++) {
        size_t count = count_of(&info);
        float *values = fv_alloc(count, sizeof *values);
        for (size_t i = 0; i < count; i++) values[i] = (float)value(&info, fraction((uint32_t)p, (uint32_t)i));
        assert_int_equal(fv_model_set(model, info.name, values, count), FV_OK);
        fv_free(values);
    }
}

static void make_input(float x[COUNT]) {
    for (uint32_t i = 0; i < COUNT; i++) x[i] = (float)fraction(255, i);
}

/* ---- Tests ----------------------------------------------------------------------------------------------------------- */

static uint64_t hash_names(const fv_model *model) {
    uint64_t hash = 0xcbf29ce484222325;
    fv_parameter_info info;
    for (int p = 0; fv_model_parameter(model, p, &info); p++) {
        char line[128];
        int at = snprintf(line, sizeof line, "%s", info.name);
        for (int i = 0; i < info.rank; i++)
            at += snprintf(line + at, sizeof line - (size_t)at, "%c%d", i ? ',' : '(', info.dims[i]);
        snprintf(line + at, sizeof line - (size_t)at, ")\n");
        for (const char *c = line; *c; c++) hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
    }
    return hash;
}

static void is_as_published(void **state) {
    const struct golden *g = *state;
    fv_model *model = make(g->name, NULL);
    assert_int_equal(fv_model_parameters(model), g->parameters);
    assert_int_equal(fv_model_macs(model), g->macs);
    assert_int_equal(hash_names(model), g->names);
    fv_model_free(model);
}

static void equals_torchvision(void **state) {
    const struct golden *g = *state;
    static float x[COUNT];
    make_input(x);
    fv_model *model = make_small(g->name);
    fill(model);
    fv_team *team = fv_team_new(THREADS);
    fv_plan *plan = fv_plan_new(model, &(fv_plan_args){.batch = IMAGES, .team = team});
    if (!plan) fail_msg("%s: %s", g->name, fv_error());
    assert_int_equal(fv_plan_run(plan, &(fv_plan_input){.x = x}), FV_OK);
    for (int i = 0; i < IMAGES * CLASSES; i++) {
        double is = (double)fv_plan_logits(plan)[i], should = g->logits[i];
        if (!(fabs(is - should) <= 1e-4 * fmax(1, fabs(should))))
            fail_msg("%s: logit %d is %.8g, torchvision's %.8g", g->name, i, is, should);
    }
    fv_plan_free(plan);
    fv_team_free(team);
    fv_model_free(model);
}

/* All trained parameters in a row; *count of them. */
static float *flat(const fv_model *model, size_t *count) {
    float *all = fv_alloc(fv_model_parameters(model), sizeof *all);
    fv_parameter_info info;
    *count = 0;
    for (int p = 0; fv_model_parameter(model, p, &info); p++) {
        if (!info.trained) continue;
        assert_int_equal(fv_model_get(model, info.name, all + *count, count_of(&info)), FV_OK);
        *count += count_of(&info);
    }
    return all;
}

/* How the parameters move in one step of plain gradient descent on made-up labels, and the loss before it. */
static float *first_move(const char *name, bool reference, float *loss, size_t *count) {
    static const int labels[IMAGES] = {3, 7};
    static float x[COUNT];
    make_input(x);
    fv_model *model = make_small(name);
    fill(model);
    float *before = flat(model, count);
    fv_trainer *trainer = fv_trainer_new(model, .batch_size = IMAGES, .threads = THREADS, .seed = 5,
                                         .optimizer = fv_sgd(.lr = 0.01f), .reference = reference);
    if (!trainer) fail_msg("%s: %s", name, fv_error());
    assert_int_equal(fv_trainer_step(trainer, x, labels, IMAGES, 0, loss), FV_OK);
    fv_trainer_free(trainer);
    float *move = flat(model, count);
    for (size_t i = 0; i < *count; i++) move[i] -= before[i];
    fv_free(before);
    fv_model_free(model);
    return move;
}

static double dot(const float *a, const float *b, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

/* Batch norm of so few images magnifies rounding in single gradients; together they must point the same way, as far. */
static void trains_as_defined(void **state) {
    const struct golden *g = *state;
    float loss, expected_loss;
    size_t count;
    float *is = first_move(g->name, false, &loss, &count), *should = first_move(g->name, true, &expected_loss, &count);
    double length = sqrt(dot(is, is, count)), expected = sqrt(dot(should, should, count));
    double cosine = dot(is, should, count) / (length * expected);
    if (!(fabsf(loss - expected_loss) <= 1e-4f * fmaxf(1, expected_loss)))
        fail_msg("%s: loss %.7g, by definition %.7g", g->name, (double)loss, (double)expected_loss);
    if (!(cosine >= 0.999 && fabs(length / expected - 1) <= 0.01))
        fail_msg("%s: a step of length %g, by definition %g; cosine %g", g->name, length, expected, cosine);
    fv_free(is);
    fv_free(should);
}

static void check_plan(const char *name, const char *mode, const fv_plan *plan) {
    fv_step_info info;
    for (int i = 0; fv_plan_step(plan, i, &info); i++)
        if (FOVEA_ONEDNN && strcmp(info.kernel, "ref") == 0)
            fail_msg("%s, %s: %s %s runs by definition", name, mode, info.node->name, info.node->op->name);
}

static void has_fast_kernels(void **state) {
    const struct golden *g = *state;
    fv_model *model = make_small(g->name);
    fv_trainer *trainer = fv_trainer_new(model, .batch_size = IMAGES, .threads = THREADS);
    fv_team *team = fv_team_new(THREADS);
    fv_plan *plan = fv_plan_new(model, &(fv_plan_args){.batch = 1, .team = team});
    if (!trainer || !plan) fail_msg("%s: %s", g->name, fv_error());
    check_plan(g->name, "training", trainer->last);
    check_plan(g->name, "inference", plan);
    fv_plan_free(plan);
    fv_team_free(team);
    fv_trainer_free(trainer);
    fv_model_free(model);
}

int main(void) {
    static const struct {
        const char *what;
        CMUnitTestFunction test;
        size_t macs; /* of the largest network that it is for */
    } checks[] = {
        {"is as published", is_as_published, SIZE_MAX},
        {"equals torchvision", equals_torchvision, SIZE_MAX},
        {"has fast kernels", has_fast_kernels, SIZE_MAX},
        {"trains as defined", trains_as_defined, 150000000}, /* which takes long; the others have the same operators */
    };
    enum { GOLDENS = sizeof goldens / sizeof *goldens, CHECKS = sizeof checks / sizeof *checks };
    struct CMUnitTest tests[GOLDENS * CHECKS];
    static char names[GOLDENS * CHECKS][64];
    size_t n = 0;
    for (int t = 0; t < GOLDENS * CHECKS; t++) {
        const struct golden *g = &goldens[t / CHECKS];
        if (g->macs > checks[t % CHECKS].macs) continue;
        snprintf(names[n], sizeof names[n], "%s %s", g->name, checks[t % CHECKS].what);
        tests[n] = (struct CMUnitTest){
            .name = names[n], .test_func = checks[t % CHECKS].test, .initial_state = (void *)(uintptr_t)g};
        n++;
    }
    return _cmocka_run_group_tests("mobile networks", tests, n, NULL, NULL);
}
