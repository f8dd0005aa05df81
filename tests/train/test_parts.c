/* Frozen parts, learning rates of single parts, thawing: what stays, what moves and how far, and that a resumed run has the
 * bits of one that never stopped. */
#include "core/memory.h"
#include "engine/model.h"
#include "support/unit.h"
#include "train/small.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PARTS(...)                                   \
    .parts = (const fv_part_options[]){__VA_ARGS__}, \
    .n_parts = sizeof((const fv_part_options[]){__VA_ARGS__}) / sizeof(fv_part_options)

enum { BATCH = 12 };

static float images[BATCH * SIDE * SIDE];
static int labels[BATCH];

static void make_batch(void) {
    for (int i = 0; i < BATCH; i++) {
        labels[i] = i % CLASSES;
        for (int p = 0; p < SIDE * SIDE; p++) images[i * SIDE * SIDE + p] = sinf((float)(p * (labels[i] + 1) + i));
    }
}

static void take_steps(fv_trainer *trainer, int n, double losses[]) {
    for (int i = 0; i < n; i++) {
        float loss;
        if (fv_trainer_step(trainer, images, labels, BATCH, 0, &loss)) fail_msg("%s", fv_error());
        if (losses) losses[i] = (double)loss;
    }
}

static bool same(const fv_model *a, const fv_model *b, const char *name) {
    float x[4096], y[4096];
    size_t count = fv_shape_count(&fv_model_param(a, name)->info.shape);
    assert_true(count <= 4096);
    assert_int_equal(fv_model_get(a, name, x, count), FV_OK);
    assert_int_equal(fv_model_get(b, name, y, count), FV_OK);
    return memcmp(x, y, count * sizeof *x) == 0;
}

/* ---- What stays and what moves --------------------------------------------------------------------------------------- */

static void the_backbone_stays(void **state) {
    (void)state;
    fv_model *model = small_model(), *before = small_model();
    fv_trainer *t = fv_trainer_new(model, PARTS({"backbone", .frozen = true}), .batch_size = BATCH, .threads = 2);
    take_steps(t, 5, NULL);
    static const char *const names[] = {"conv.weight", "conv.bias",       "bn.weight",
                                        "bn.bias",     "bn.running_mean", "bn.running_var"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!same(model, before, names[i])) fail_msg("%s has moved", names[i]);
    assert_false(same(model, before, "fc.weight"));
    assert_int_equal(fv_trainer_unfreeze(t), FV_OK);
    take_steps(t, 1, NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], "conv.bias") != 0 && same(model, before, names[i])) fail_msg("%s has not moved", names[i]);
    fv_trainer_free(t);
    fv_model_free(model);
    fv_model_free(before);
}

/* The passes of inference below, the training above: as every operator's definition has it. */
static void same_losses_by_definition(const fv_part_options *parts, int n_parts) {
    enum { STEPS = 3 };
    double fast[STEPS], definition[STEPS];
    for (int reference = 0; reference < 2; reference++) {
        fv_model *model = fv_resnet20(.classes = CLASSES, .input = {1, SIDE, SIDE}, .seed = 1);
        fv_trainer *t = fv_trainer_new(model, .parts = parts, .n_parts = n_parts, .batch_size = BATCH, .threads = 2,
                                       .reference = reference);
        if (!t) fail_msg("%s", fv_error());
        take_steps(t, STEPS, reference ? definition : fast);
        fv_trainer_free(t);
        fv_model_free(model);
    }
    for (int i = 0; i < STEPS; i++)
        if (!(fabs(fast[i] - definition[i]) <= 1e-4 * fmax(1, definition[i])))
            fail_msg("step %d: loss %.8g, by the definition %.8g", i, fast[i], definition[i]);
}

static void frozen_losses_are_those_of_the_definition(void **state) {
    (void)state;
    static const fv_part_options below[] = {
        {"conv1", .frozen = true}, {"bn1", .frozen = true}, {"layer1", .frozen = true}, {"layer2.0", .frozen = true}};
    static const fv_part_options between[] = {{"bn1", .frozen = true}, {"layer2", .frozen = true}};
    same_losses_by_definition(below, 4);
    same_losses_by_definition(between, 2); /* gradients pass through batch norm that is frozen */
}

static size_t inference_bytes(fv_model *model) {
    enum { PIXELS = 32 * 32 };
    float *x = FV_NEW_N(float, BATCH *PIXELS), logits[BATCH * CLASSES];
    fv_predictor *p = fv_predictor_new(model, .batch_size = BATCH, .threads = 1);
    assert_int_equal(fv_forward(p, x, BATCH, logits), FV_OK);
    size_t bytes = fv_predictor_bytes(p);
    fv_predictor_free(p);
    fv_free(x);
    return bytes;
}

/* No gradients, and nothing kept for a backward pass: what inference takes, and a little for the head. */
static void freezing_saves_memory(void **state) {
    (void)state;
    fv_model *model = fv_resnet20(.classes = CLASSES, .input = {1, 32, 32});
    fv_trainer *all = fv_trainer_new(model, .batch_size = BATCH, .threads = 1);
    size_t bytes = fv_trainer_bytes(all), inference = inference_bytes(model);
    fv_trainer_free(all);
    fv_trainer *head = fv_trainer_new(model, PARTS({"backbone", .frozen = true}), .batch_size = BATCH, .threads = 1);
    assert_true(head && fv_trainer_bytes(head) < inference + inference / 20);
    assert_true(inference + inference / 20 < bytes);
    fv_trainer_free(head);
    fv_model_free(model);
}

/* A factor of 8 is a rate 8 times as high, to the last bit; the longest name wins. */
static void rates_by_part(void **state) {
    (void)state;
    fv_model *scaled = small_model(), *fast = small_model(), *slow = small_model();
    const float lr = 0x1p-6f;
    fv_trainer *a = fv_trainer_new(scaled,
                                   PARTS({"fc.weight", .lr_scale = 8}, {"backbone", .lr_scale = 8},
                                         {"fc", .lr_scale = 1}, {"conv", .lr_scale = 1}),
                                   .optimizer = fv_sgd(.lr = lr), .batch_size = BATCH, .threads = 1);
    fv_trainer *b = fv_trainer_new(fast, .optimizer = fv_sgd(.lr = 8 * lr), .batch_size = BATCH, .threads = 1);
    fv_trainer *c = fv_trainer_new(slow, .optimizer = fv_sgd(.lr = lr), .batch_size = BATCH, .threads = 1);
    take_steps(a, 1, NULL);
    take_steps(b, 1, NULL);
    take_steps(c, 1, NULL);
    assert_true(same(scaled, fast, "fc.weight") && same(scaled, fast, "bn.weight"));
    assert_true(same(scaled, slow, "fc.bias") && same(scaled, slow, "conv.weight"));
    assert_false(same(slow, fast, "fc.weight"));
    fv_trainer_free(a);
    fv_trainer_free(b);
    fv_trainer_free(c);
    fv_model_free(scaled);
    fv_model_free(fast);
    fv_model_free(slow);
}

/* Words hold across layers: the biases, of batch norm too, and its scales. */
static void words_are_parts(void **state) {
    (void)state;
    static const struct {
        const char *word, *stay[2], *move[2];
    } cases[] = {{"bias", {"bn.bias", "fc.bias"}, {"bn.weight", "fc.weight"}},
                 {"norm", {"bn.weight", "bn.weight"}, {"bn.bias", "fc.weight"}}};
    for (int i = 0; i < 2; i++) {
        fv_model *model = small_model(), *before = small_model();
        fv_trainer *t =
            fv_trainer_new(model, PARTS({cases[i].word, .frozen = true}), .batch_size = BATCH, .threads = 1);
        take_steps(t, 1, NULL);
        for (int k = 0; k < 2; k++) {
            assert_true(same(model, before, cases[i].stay[k]));
            assert_false(same(model, before, cases[i].move[k]));
        }
        fv_trainer_free(t);
        fv_model_free(model);
        fv_model_free(before);
    }
}

/* Adam's first step is of the rate's size only if its count begins there. */
static void rules_begin_anew_with_what_is_thawed(void **state) {
    (void)state;
    enum { WEIGHTS = 16 * 9 };
    float before[WEIGHTS], after[WEIGHTS], largest = 0;
    fv_model *model = small_model();
    fv_trainer *t = fv_trainer_new(model, PARTS({"backbone", .frozen = true}), .optimizer = fv_adam(.lr = 0.01f),
                                   .batch_size = BATCH, .threads = 1);
    take_steps(t, 40, NULL);
    assert_int_equal(fv_trainer_unfreeze(t), FV_OK);
    fv_model_get(model, "conv.weight", before, WEIGHTS);
    take_steps(t, 1, NULL);
    fv_model_get(model, "conv.weight", after, WEIGHTS);
    for (int i = 0; i < WEIGHTS; i++) largest = fmaxf(largest, fabsf(after[i] - before[i]));
    assert_true(largest > 0.005f && largest < 0.0101f);
    fv_trainer_free(t);
    fv_model_free(model);
}

/* What is validated and saved with ema is the average, which frozen parameters have none of. */
typedef struct pair {
    fv_model *model, *before;
} pair;

static fv_status on_epoch(void *user, const fv_epoch_report *report) {
    const pair *p = user;
    assert_int_equal(same(p->model, p->before, "conv.weight"), report->epoch == 1);
    assert_int_equal(same(p->model, p->before, "bn.running_var"), report->epoch == 1);
    return FV_OK;
}

static void averages_leave_what_is_frozen(void **state) {
    (void)state;
    pair p = {small_model(), small_model()};
    fv_dataset *set = small_set(CLASSES);
    fv_status status =
        fv_fit(p.model, set, set, PARTS({"backbone", .frozen = true}), .unfreeze_at = 2, .epochs = 3, .ema = 0.5f,
               .batch_size = 16, .threads = 1, .callback = {.user = &p, .on_epoch = on_epoch});
    if (status) fail_msg("%s", fv_error());
    float w[16 * 9], largest = 0;
    fv_model_get(p.model, "conv.weight", w, 16 * 9);
    for (int i = 0; i < 16 * 9; i++) largest = fmaxf(largest, fabsf(w[i]));
    assert_true(largest > 0.1f); /* an average that began at 0 when it was thawed would be nearer to it */
    fv_dataset_free(set);
    fv_model_free(p.model);
    fv_model_free(p.before);
}

/* ---- Resuming --------------------------------------------------------------------------------------------------------- */

static fv_fit_args thawing_run(const char *folder) {
    static const fv_part_options parts[] = {{"backbone", .frozen = true}, {"fc", .lr_scale = 4}};
    return (fv_fit_args){.parts = parts, .n_parts = 2, .unfreeze_at = 3, .epochs = 5, .ema = 0.9f, .save_dir = folder};
}

static void a_resumed_run_has_the_same_bits(void **state) {
    (void)state;
    static const uint64_t stops[] = {2, 4,  8,
                                     9, 12, 15}; /* an epoch has 4 steps: within, at the end of one, at the thaw */
    fv_model *straight = small_model();
    assert_int_equal(small_fit(straight, thawing_run(temporary("straight")), &(watch){0}), FV_OK);
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        fv_model *model = small_model();
        fv_fit_args args = thawing_run(temporary("stopped%zu", i));
        assert_int_equal(small_fit(model, args, &(watch){.stop_at = stops[i]}), FV_STOPPED);
        fv_model_free(model);
        model = small_model();
        args.resume = true;
        if (small_fit(model, args, &(watch){0})) fail_msg("%s", fv_error());
        assert_same_weights(model, straight);
        fv_model_free(model);
    }
    fv_model_free(straight);
}

static void another_course_is_refused(void **state) {
    (void)state;
    fv_model *model = small_model();
    fv_fit_args args = thawing_run(temporary("course"));
    assert_int_equal(small_fit(model, args, &(watch){.stop_at = 5}), FV_STOPPED);
    args.resume = true;
    args.unfreeze_at = 4;
    assert_int_equal(small_fit(model, args, &(watch){0}), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "started with unfreeze_at 3, not 4");
    args.unfreeze_at = 3;
    args.n_parts = 1;
    assert_int_equal(small_fit(model, args, &(watch){0}), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "started with parts");
    fv_model_free(model);
}

/* ---- Features that are kept ------------------------------------------------------------------------------------------------ */

static fv_status on_frozen(void *user, const char *how) {
    snprintf(user, 160, "%s", how);
    return FV_OK;
}

/* Batches of 16 of 60 images: the last has 12. */
static void train_kept(fv_model *model, fv_fit_args args, char how[160]) {
    fv_dataset *set = small_set(CLASSES);
    how[0] = '\0';
    args.callback = (fv_callback){.user = how, .on_frozen = on_frozen};
    args.batch_size = 16;
    args.threads = 2;
    if (fv_fit_with(model, set, set, &args)) fail_msg("%s", fv_error());
    fv_dataset_free(set);
}

static fv_model *dropping(void) { return small_model(); } /* dropout before the head */
static fv_model *residual(void) { return fv_resnet20(.classes = CLASSES, .input = {1, SIDE, SIDE}, .seed = 1); }
static fv_model *squeezed(void) { return fv_squeezenet1_1(.classes = CLASSES, .input = {1, 32, 32}, .seed = 1); }
static fv_model *dense(void) { return fv_alexnet_owt(.classes = CLASSES, .input = {1, 64, 64}, .seed = 1); }

static void kept_features_give_the_same_bits(void **state) {
    (void)state;
    static fv_model *(*const make[])(void) = {dropping, residual, squeezed, dense};
    char how[160];
    for (size_t i = 0; i < sizeof make / sizeof *make; i++) {
        fv_model *with = make[i](), *without = make[i]();
        fv_fit_args args = {.parts = &(fv_part_options){"backbone", .frozen = true}, .n_parts = 1, .epochs = 3};
        train_kept(with, args, how);
        assert_contains(how, "each image passes what is frozen once: ");
        args.no_feature_cache = true;
        train_kept(without, args, how);
        assert_string_equal(how, "each image passes what is frozen in every epoch, as was asked for");
        assert_same_weights(with, without);
        fv_model_free(with);
        fv_model_free(without);
    }
}

static void features_are_not_kept_where_they_change(void **state) {
    (void)state;
    char how[160];
    fv_part_options part = {"backbone", .frozen = true};
    fv_fit_args args = {.parts = &part, .n_parts = 1, .epochs = 1, .augment = "flip"};
    fv_model *model = small_model();
    train_kept(model, args, how);
    assert_string_equal(how, "each image passes what is frozen in every epoch, as it is augmented");
    fv_model_free(model);
    args.augment = NULL;
    model = fv_network("googlenet", &(fv_arch){.classes = CLASSES, .input = {1, 32, 32}});
    train_kept(model, args, how);
    assert_string_equal(
        how, "each image passes what is frozen in every epoch, as the trained parts do not lie behind one value of it");
    fv_model_free(model);
    model = small_model();
    train_kept(model, (fv_fit_args){.epochs = 1}, how);
    assert_string_equal(how, ""); /* nothing is frozen */
    fv_model_free(model);
}

/* ---- What cannot be ---------------------------------------------------------------------------------------------------- */

static void parts_that_cannot_be(void **state) {
    (void)state;
    static const struct {
        fv_part_options parts[3];
        int n;
        const char *why;
    } cases[] = {
        {{{"con", .frozen = true}},
         1,
         "part con: no part of that name to train: there are backbone, bias, norm, conv, bn, fc"},
        {{{"bn.running_mean", .frozen = true}}, 1, "part bn.running_mean: no part of that name to train"},
        {{{"", .frozen = true}}, 1, "a part of small without a name"},
        {{{NULL, .frozen = true}}, 1, "without a name"},
        {{{"fc", .lr_scale = -1}}, 1, "lr_scale -1 of part \"fc\": must be above 0 and at most 1e6"},
        {{{"fc", .lr_scale = NAN}}, 1, "lr_scale nan of part \"fc\""},
        {{{"backbone", .frozen = true}, {"fc", .frozen = true}}, 2, "nothing to train"},
        {{{"fc", .frozen = true}}, -1, "n_parts -1: must be 0 or more"},
    };
    fv_model *model = small_model();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_null(
            fv_trainer_new(model, .parts = cases[i].parts, .n_parts = cases[i].n, .batch_size = BATCH, .threads = 1));
        assert_contains(fv_error(), cases[i].why);
    }
    assert_null(fv_trainer_new(model, .n_parts = 1));
    assert_contains(fv_error(), "n_parts 1: but parts is NULL");
    fv_fit_args args = {.unfreeze_at = 2, .epochs = 3};
    assert_int_equal(small_fit(model, args, &(watch){0}), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "unfreeze_at 2: nothing is frozen");
    args = thawing_run(NULL);
    args.unfreeze_at = 6;
    assert_int_equal(small_fit(model, args, &(watch){0}), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "unfreeze_at 6: must be an epoch from 2 to the last, 5");
    fv_model_free(model);
}

int main(void) {
    make_batch();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_backbone_stays),
        cmocka_unit_test(frozen_losses_are_those_of_the_definition),
        cmocka_unit_test(freezing_saves_memory),
        cmocka_unit_test(rates_by_part),
        cmocka_unit_test(words_are_parts),
        cmocka_unit_test(rules_begin_anew_with_what_is_thawed),
        cmocka_unit_test(averages_leave_what_is_frozen),
        cmocka_unit_test(a_resumed_run_has_the_same_bits),
        cmocka_unit_test(another_course_is_refused),
        cmocka_unit_test(kept_features_give_the_same_bits),
        cmocka_unit_test(features_are_not_kept_where_they_change),
        cmocka_unit_test(parts_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
