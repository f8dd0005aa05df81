/* The memory of plans: replayed step by step, no value is overwritten before its last reader, and no two threads of a phase
 * get into each other's way; and the peak that is predicted before the first step is the one that comes. */
#include "core/clock.h"
#include "core/memory.h"
#include "engine/build.h"
#include "engine/networks.h"
#include "fovea/fovea.h"
#include "support/unit.h"
#include "train/trainer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

/* ---- The replay ------------------------------------------------------------------------------------------------------- */

enum { GRAIN = 64, MOST_TOUCHES = 4096 };

/* A stretch of the arena that a phase uses. */
typedef struct touch {
    const void *who; /* a value and all that share its place, a step's scratch, or all threads' own */
    const unsigned char *begin, *end;
} touch;

typedef struct replay {
    const fv_plan *plan;
    const void **holder; /* of each GRAIN of the arena: whose bytes lie there now */
    touch touches[MOST_TOUCHES];
    int n_touches, phase;
    char fault[256]; /* the first; "": none */
} replay;

static void complain(replay *r, int step, const char *what) {
    if (r->fault[0]) return;
    snprintf(r->fault, sizeof r->fault, "step %d, %s: %s", step, r->plan->steps[step]->node->op->name, what);
}

static bool in_arena(const replay *r, const void *at) {
    const unsigned char *p = at;
    return p >= r->plan->arena && p < r->plan->arena + r->plan->arena_bytes;
}

/* Within a phase threads may be at any of its steps, so no two may use the same memory for different things. */
static void note_touch(replay *r, int step, const void *who, const unsigned char *begin, size_t bytes) {
    if (r->plan->steps[step]->phase != r->phase) r->n_touches = 0;
    r->phase = r->plan->steps[step]->phase;
    for (int i = 0; i < r->n_touches; i++)
        if (r->touches[i].who != who && begin < r->touches[i].end && r->touches[i].begin < begin + bytes)
            complain(r, step, "shares memory with another of its phase");
    assert_true(r->n_touches < MOST_TOUCHES);
    r->touches[r->n_touches++] = (touch){who, begin, begin + bytes};
}

static void use(replay *r, int step, const void *who, const void *holder, const void *at, size_t bytes, bool writes) {
    const unsigned char *begin = at, *end = r->plan->arena + r->plan->arena_bytes;
    if (!in_arena(r, at) || bytes > (size_t)(end - begin)) {
        complain(r, step, "leaves the arena");
        return;
    }
    size_t first = (size_t)(begin - r->plan->arena), last = first + bytes;
    if (first % GRAIN) complain(r, step, "is not aligned");
    for (size_t g = first / GRAIN; g * GRAIN < last; g++) {
        if (!writes && r->holder[g] != holder) complain(r, step, "reads what was overwritten");
        if (writes) r->holder[g] = holder;
    }
    note_touch(r, step, who, begin, bytes);
}

static size_t slot_bytes(const fv_slot *slot) {
    return slot->bytes * (size_t)(slot->layout.parts ? slot->layout.parts : 1);
}

static void use_value(replay *r, int step, const fv_value *value, const void *at, bool writes) {
    fv_slot *slot = fv_slot_of(r->plan, value);
    bool parameter = value->node->op == &fv_parameter_op, input = value->node->op == &fv_input_op; /* bound at a run */
    if (parameter && in_arena(r, at)) complain(r, step, "has a parameter in the arena");
    if (!parameter && !input) use(r, step, fv_slot_root(slot), slot, at, slot_bytes(slot), writes);
}

static void replay_step(replay *r, int s) {
    const fv_step *step = r->plan->steps[s];
    size_t own = step->own_scratch_bytes ? (size_t)fv_team_size(r->plan->args.team) * step->own_scratch_stride : 0;
    for (int i = 0; i < step->node->n_in; i++) use_value(r, s, r->plan->reads[s][i], step->in[i], false);
    if (step->scratch_bytes) use(r, s, &step->scratch, &step->scratch, step->scratch, step->scratch_bytes, true);
    if (step->own_scratch_bytes > step->own_scratch_stride && own) complain(r, s, "has threads' scratch overlap");
    if (own) use(r, s, r, r, step->own_scratch, own, true);
    for (int i = 0; i < step->node->n_out; i++) use_value(r, s, &step->node->out[i], step->out[i], true);
}

/* What the caller may read after a run. */
static void check_result(replay *r, const fv_value *value) {
    const fv_slot *slot = fv_slot_of(r->plan, value);
    size_t first = fv_slot_root(fv_slot_of(r->plan, value))->offset, last = first + slot_bytes(slot);
    for (size_t g = first / GRAIN; g * GRAIN < last; g++)
        if (r->holder[g] != slot) complain(r, r->plan->n_steps - 1, "has overwritten a result");
}

/* Two runs: what the prologue made has to last. The fault goes to text[256]. */
static void find_fault(const fv_plan *plan, char *text) {
    replay *r = FV_NEW(replay);
    r->plan = plan;
    r->holder = FV_NEW_N(const void *, plan->arena_bytes / GRAIN + 1);
    for (int run = 0; run < 2; run++) {
        r->phase = -1;
        for (int s = run ? plan->n_prologue : 0; s < plan->n_steps; s++) replay_step(r, s);
        check_result(r, plan->logits);
        for (int i = 0; i < plan->n_losses; i++) check_result(r, plan->losses[i]);
    }
    snprintf(text, sizeof r->fault, "%s", r->fault);
    fv_free(r->holder);
    fv_free(r);
}

/* ---- Plans that are replayed --------------------------------------------------------------------------------------------- */

static fv_model *make(int which) {
    if (which == ENGINE_NETWORKS) return fv_lenet();
    return fv_model_new(engine_networks[which](fv_graph_new("network")), .seed = 7);
}

static void check_plan(const fv_plan *plan, int which, const char *kind, int batch, int threads) {
    char fault[256];
    find_fault(plan, fault);
    if (fault[0]) fail_msg("network %d, %s, batch %d, %d threads: %s", which, kind, batch, threads, fault);
}

static void check_plans(int which, int batch, int threads) {
    const fv_optimizer optimizers[] = {fv_adam(.clip_norm = 1), fv_sgd(.lr = 0.1f)};
    fv_model *model = make(which);
    for (int i = 0; i < FV_COUNT(optimizers); i++) {
        fv_trainer *trainer =
            fv_trainer_new(model, .optimizer = optimizers[i], .batch_size = batch, .threads = threads);
        if (!trainer) fail_msg("%s", fv_error());
        check_plan(trainer->last, which, "training", batch, threads);
        fv_trainer_free(trainer);
    }
    fv_team *team = fv_team_new(threads);
    fv_plan *plan = fv_plan_new(model, &(fv_plan_args){.batch = batch, .team = team});
    if (!plan) fail_msg("%s", fv_error());
    check_plan(plan, which, "inference", batch, threads);
    fv_plan_free(plan);
    fv_team_free(team);
    fv_model_free(model);
}

static void test_no_value_is_overwritten_early(void **state) {
    (void)state;
    static const int batches[] = {1, 6, 17, 32};
    for (int which = 0; which <= ENGINE_NETWORKS; which++)
        for (int b = 0; b < FV_COUNT(batches); b++)
            for (int threads = 1; threads <= 3; threads++) check_plans(which, batches[b], threads);
}

/* Moves all that lies in the place of `root` to `to`. */
static void move(const fv_plan *plan, const fv_slot *root, void *to) {
    for (int s = 0; s < plan->n_steps; s++) {
        fv_step *step = plan->steps[s];
        for (int i = 0; i < step->node->n_in; i++)
            if (fv_slot_root(fv_slot_of(plan, plan->reads[s][i])) == root) step->in[i] = to;
        for (int i = 0; i < step->node->n_out; i++)
            if (fv_slot_root(fv_slot_of(plan, &step->node->out[i])) == root) step->out[i] = to;
    }
}

/* Any output put where the step's input lies, which is needed at that moment, is noticed. */
static void test_the_replay_notices(void **state) {
    (void)state;
    int moved = 0;
    fv_model *model = make(0);
    fv_trainer *trainer = fv_trainer_new(model, .batch_size = 6, .threads = 2);
    const fv_plan *plan = trainer->last;
    for (int s = 0; s < plan->n_steps; s++) {
        const fv_step *step = plan->steps[s];
        if (step->node->n_in == 0 || step->node->n_out == 0) continue;
        const fv_slot *in = fv_slot_root(fv_slot_of(plan, plan->reads[s][0]));
        const fv_slot *out = fv_slot_root(fv_slot_of(plan, &step->node->out[0]));
        const unsigned char *at = step->in[0];
        bool input = plan->reads[s][0]->node->op == &fv_input_op;
        if (in == out || input || at < plan->arena || at >= plan->arena + plan->arena_bytes) continue;
        void *was = step->out[0];
        char fault[256];
        move(plan, out, step->in[0]);
        find_fault(plan, fault);
        if (!fault[0]) fail_msg("step %d, %s: nothing was noticed", s, step->node->op->name);
        move(plan, out, was);
        moved++;
    }
    assert_true(moved > 10);
    check_plan(plan, 0, "training, restored", 6, 2);
    fv_trainer_free(trainer);
    fv_model_free(model);
}

/* ---- The peak ---------------------------------------------------------------------------------------------------------------- */

enum { SIDE = 96, IMAGES = 40, PEAK_BATCH = 16, MEGABYTE = 1000 * 1000 };

static fv_model *large_network(void) {
    fv_value *x = fv_input(fv_graph_new("large"), 3, SIDE, SIDE);
    x = fv_relu(fv_batch_norm(fv_conv2d(x, "conv1", 32, 3, .pad = 1, .no_bias = true), "bn"));
    x = fv_relu(fv_conv2d(x, "conv2", 32, 3, .pad = 1));
    x = fv_max_pool(x, 2);
    return fv_model_new(fv_linear(fv_flatten(x), "fc", 64), .seed = 1);
}

static fv_dataset *large_set(void) {
    static uint8_t pixels[IMAGES * SIDE * SIDE * 3];
    static int labels[IMAGES];
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * 2654435761u >> 24);
    for (int i = 0; i < IMAGES; i++) labels[i] = i;
    return fv_dataset_from_memory(pixels, labels, IMAGES, 3, SIDE, SIDE, 64, NULL);
}

static fv_status fit(fv_model *model, const fv_dataset *set, const char *folder) {
    return fv_fit(model, set, set, .optimizer = fv_adam(.lr = 1e-6f), .epochs = 1, .batch_size = PEAK_BATCH,
                  .threads = 1, .save_dir = folder);
}

static unsigned long long megabytes_in(const char *message, const char *words) {
    const char *at = strstr(message, words);
    if (!at) fail_msg("\"%s\" does not say \"%s\"", message, words);
    return strtoull(at + strlen(words), NULL, 10);
}

/* In a process of its own: writes what the refusal predicts and what the run then takes, both in MB. */
static void measure(int to, const char *folder) {
    unsigned long long figures[2] = {0};
    fv_dataset *set = large_set();
    unsigned long long before = fv_peak_rss();
    fv_model *model = large_network();
    fv_memory_pretend(0);
    bool refused = fit(model, set, folder) == FV_NO_MEMORY && entries(folder) < 0;
    if (refused) figures[0] = megabytes_in(fv_error(), " needs ");
    fv_memory_pretend(SIZE_MAX);
    if (refused && fit(model, set, folder) == FV_OK) figures[1] = (fv_peak_rss() - before) / MEGABYTE;
    _exit(write(to, figures, sizeof figures) == sizeof figures ? 0 : 1);
}

static void test_the_predicted_peak_is_the_real_one(void **state) {
    (void)state;
#ifdef SANITIZED
    skip(); /* the sanitizer's own memory is none of the plan's */
#endif
    int ends[2], status;
    unsigned long long figures[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) measure(ends[1], temporary("run"));
    close(ends[1]);
    assert_int_equal(read(ends[0], figures, sizeof figures), sizeof figures);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    print_message("# predicted %llu MB, taken %llu MB\n", figures[0], figures[1]);
    assert_true(figures[0] > 200);
    assert_in_range(figures[1], figures[0] * 95 / 100, figures[0] * 105 / 100);
}

/* ---- Refusals --------------------------------------------------------------------------------------------------------------- */

static void test_refusals_name_peak_limit_and_remedy(void **state) {
    (void)state;
    enum { LIMIT = 20 * MEGABYTE, BATCH = 4096 };
    fv_model *model = fv_lenet();
    float *x = fv_alloc(BATCH, 28 * 28 * sizeof(float)), *logits = fv_alloc(BATCH, 10 * sizeof(float));
    fv_predictor *predictor = fv_predictor_new(model, .batch_size = BATCH, .threads = 1);
    fv_memory_pretend(LIMIT);
    for (int training = 0; training < 2; training++) {
        if (training)
            assert_null(fv_trainer_new(model, .batch_size = BATCH, .threads = 1));
        else
            assert_int_equal(fv_forward(predictor, x, BATCH, logits), FV_NO_MEMORY);
        assert_int_equal(fv_last_status(), FV_NO_MEMORY);
        assert_contains(fv_error(), "lenet: batch size 4096 needs ");
        assert_contains(fv_error(), "use a smaller batch size or input");
        assert_in_range(megabytes_in(fv_error(), " peak, and "), 20, 21); /* LeNet's parameters beside */
        assert_true(megabytes_in(fv_error(), " needs ") > 21);
    }
    assert_int_equal(fv_forward(predictor, x, 1, logits), FV_OK);
    fv_memory_pretend(SIZE_MAX);
    assert_int_equal(fv_forward(predictor, x, BATCH, logits), FV_OK);
    fv_predictor_free(predictor);
    fv_free(logits);
    fv_free(x);
    fv_model_free(model);
}

/* A network that is only looked at takes no memory; one that is to be filled is refused before. */
static void test_parameters(void **state) {
    (void)state;
    enum { LIMIT = 20 * MEGABYTE };
    fv_memory_pretend(LIMIT);
    fv_model *model = fv_network("alexnet", FV_ARCH(.init.kind = FV_INIT_ZERO));
    assert_non_null(model);
    assert_null(fv_network("alexnet", NULL));
    assert_int_equal(fv_last_status(), FV_NO_MEMORY);
    assert_contains(fv_error(), "alexnet: the parameters need 303 MB, and 20 MB are to be had");
    fv_memory_pretend(SIZE_MAX);
    fv_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_predicted_peak_is_the_real_one), /* first: later the heap has holes to fill */
        cmocka_unit_test(test_no_value_is_overwritten_early),       cmocka_unit_test(test_the_replay_notices),
        cmocka_unit_test(test_refusals_name_peak_limit_and_remedy), cmocka_unit_test(test_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
