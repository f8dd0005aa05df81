/* Run folders: a run that was stopped, killed, or failed for NaN or a full disk goes on with the bits of one that nobody
 * disturbed; and what does not fit together is refused. */
#include "support/unit.h"
#include "train/small.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEPS_AN_EPOCH = 4 }; /* the last batch has 12 images instead of 16 */

static fv_fit_args standard_args(const char *folder) {
    return (fv_fit_args){
        .optimizer = fv_adam(.lr = 0.01f), .epochs = 3, .seed = 9, .save_dir = folder, .save_every = 3};
}

static fv_model *undisturbed(const fv_fit_args *args) {
    fv_fit_args own = *args;
    fv_model *model = small_model();
    own.save_dir = NULL;
    own.resume = false;
    assert_int_equal(small_fit(model, own, &(watch){0}), FV_OK);
    return model;
}

/* Takes the run up, to its end, and compares with one that was never disturbed. */
static void resume_and_compare(fv_fit_args args) {
    fv_model *whole = undisturbed(&args), *resumed = small_model();
    args.resume = true;
    if (small_fit(resumed, args, &(watch){0}) != FV_OK) fail_msg("%s", fv_error());
    assert_same_weights(resumed, whole);
    fv_model_free(whole);
    fv_model_free(resumed);
}

/* Runs up to `step` and stops there. */
static void begin(const fv_fit_args *args, uint64_t step) {
    fv_model *model = small_model();
    assert_int_equal(small_fit(model, *args, &(watch){.stop_at = step}), FV_STOPPED);
    fv_model_free(model);
}

/* ---- The same bits ----------------------------------------------------------------------------------------------------- */

/* In the middle of an epoch, with loader threads or without. */
static void test_stopped(void **state) {
    (void)state;
    const fv_optimizer optimizers[] = {fv_adam(.lr = 0.01f),
                                       fv_momentum(.lr = 0.05f, .weight_decay = 1e-3f),
                                       fv_sgd(.lr = 0.1f),
                                       fv_adamw(.clip_norm = 0.5f),
                                       fv_rmsprop(.centered = true, .momentum = 0.5f),
                                       fv_adagrad(.clip_each = 0.5f),
                                       fv_adadelta(.clip_value = 0.1f),
                                       fv_adamax(.l1 = 1e-3f),
                                       fv_nadam(0),
                                       fv_radam(0),
                                       fv_lars(.trust = 0.1f, .weight_decay_by = "fc=0.01"),
                                       fv_lamb(.lr = 0.01f)};
    for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; i++) {
        fv_fit_args args = standard_args(temporary("stopped-%zu", i));
        args.optimizer = optimizers[i];
        args.schedule = i % 2 ? fv_plateau(.patience = 1, .threshold = 0.5f, .gamma = 0.25f) : fv_cosine(.warmup = 3);
        args.ema = i % 2 ? 0.9f : 0;
        args.augment = "crop:1 flip rotate:20 contrast";
        args.best = i % 2 ? "macro_f1" : "loss";
        args.early_stop = 2;
        args.min_delta = 0.03f;
        args.workers = i % 2 ? 2 : 0;
        begin(&args, STEPS_AN_EPOCH + 2);
        args.workers = i % 2 ? 0 : 2;
        resume_and_compare(args);
    }
}

/* All that draws, weighs or mixes at once. */
static void test_stopped_with_everything_on(void **state) {
    (void)state;
    static const float weights[CLASSES] = {0.5f, 1, 2};
    for (size_t i = 0; i < 3; i++) {
        fv_fit_args args = standard_args(temporary("everything-%zu", i));
        args.loss = fv_focal(.class_weights = weights, .label_smoothing = 0.1f);
        args.augment = "randaugment:2,12 erase:0.5 equalize";
        args.mixup = i == 1 ? 0 : 0.2f;
        args.cutmix = i == 2 ? 0 : 1;
        args.balanced = i != 1;
        args.workers = i % 2 ? 2 : 0;
        begin(&args, STEPS_AN_EPOCH + 2);
        args.workers = i % 2 ? 0 : 2;
        resume_and_compare(args);
    }
}

/* And all that a run may have besides: average, groups, clipping, a schedule, logs, checkpoints, callbacks that watch and one that stops. */
static void test_stopped_with_all_of_it(void **state) {
    (void)state;
    static const char *const files[] = {"last", "best", "epoch-0002", "epoch-0003"};
    char csv[512], board[512];
    snprintf(csv, sizeof csv, "%s", temporary("all.csv"));
    snprintf(board, sizeof board, "%s", temporary("all-board"));
    for (size_t i = 0; i < 2; i++) { /* not disturbed, disturbed */
        char folder[512];
        snprintf(folder, sizeof folder, "%s", temporary("all-%zu", i));
        fv_fit_args args = standard_args(folder);
        args.optimizer = fv_momentum(.lr = 0.05f, .clip_norm = 0.5f, .weight_decay_by = "norm=0,bias=0");
        args.schedule = fv_one_cycle(.warmup = 2);
        args.ema = 0.9f, args.accumulate = 2, args.mixup = 0.2f, args.balanced = true, args.workers = 2;
        args.augment = "crop:1 flip rotate:20 contrast erase:0.5";
        args.save_every = 1, args.gradient_norms = true;
        args.callbacks[0] = fv_csv_log(csv), args.callbacks[1] = fv_tensorboard(board);
        args.callbacks[2] = fv_checkpoint_every(1);
        for (uint64_t step = 1; i == 1 && step < 6; step += 2) {
            begin(&args, step); /* the last within the third epoch */
            args.resume = true;
        }
        fv_model *model = small_model();
        if (small_fit(model, args, &(watch){0}) != FV_OK) fail_msg("%s", fv_error());
        fv_model_free(model);
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        fv_model *whole = fv_model_load(temporary("all-0/%s.safetensors", files[i]));
        fv_model *resumed = fv_model_load(temporary("all-1/%s.safetensors", files[i]));
        assert_non_null(whole && resumed ? whole : NULL);
        assert_same_weights(whole, resumed);
        fv_model_free(whole);
        fv_model_free(resumed);
    }
    char *log = file_bytes(csv, NULL);
    int lines = 0;
    for (const char *c = log; *c; c++) lines += *c == '\n';
    assert_int_equal(lines, 1 + 3);
    free(log);
}

static void test_killed_before_the_first_state(void **state) {
    (void)state;
    const char *folder = temporary("early");
    fv_fit_args args = standard_args(folder);
    assert_int_equal(mkdir(folder, 0777), 0);
    put_text(temporary("early/config.recipe"), "model = small\n");
    char *config = fv_run_config(folder);
    assert_string_equal(config, "model = small\n");
    free(config);
    fv_run_origin origin = {.threads = 7};
    assert_int_equal(fv_run_origin_of(folder, &origin), FV_OK);
    assert_int_equal(origin.threads, 0);
    args.threads = 2;
    resume_and_compare(args);
}

static fv_status poison(void *user, const fv_step_report *report) {
    const float infinite[CLASSES] = {INFINITY, 0, 0};
    return report->step == 5 ? fv_model_set(user, "fc.bias", infinite, CLASSES) : FV_OK;
}

/* The run ends, names a node, and leaves the last committed state, of step 3 or 4, as it was. */
static void test_not_finite(void **state) {
    (void)state;
    const char *folder = temporary("nan");
    fv_fit_args args = standard_args(folder);
    fv_dataset *set = small_set(CLASSES);
    fv_model *model = small_model();
    args.batch_size = 16;
    args.threads = 2;
    args.callback = (fv_callback){.user = model, .on_step = poison};
    assert_int_equal(fv_fit_with(model, set, set, &args), FV_NOT_FINITE);
    assert_contains(fv_error(), "NaN or infinite at step 5");
    assert_contains(fv_error(), "small/");
    fv_model_free(model);
    fv_dataset_free(set);
    resume_and_compare(standard_args(folder));
}

static void limit_files_to(rlim_t bytes) {
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A limit on files is a disk that gets full, for those who are no superuser. */
static void test_full_disk(void **state) {
    (void)state;
    const char *folder = temporary("full");
    fv_fit_args args = standard_args(folder);
    begin(&args, STEPS_AN_EPOCH + 1);
    args.resume = true;
    fv_model *model = small_model();
    signal(SIGXFSZ, SIG_IGN);
    limit_files_to(4096);
    fv_status status = small_fit(model, args, &(watch){0});
    limit_files_to(RLIM_INFINITY);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(status, FV_IO_ERROR);
    assert_contains(fv_error(), ".safetensors");
    assert_contains(fv_error(), "File too large");
    fv_model_free(model);
    resume_and_compare(args);
    assert_int_equal(entries(folder), 5); /* nothing half-written is left */
}

static void test_a_failing_callback_ends_the_run(void **state) {
    (void)state;
    fv_model *model = small_model();
    fv_fit_args args = standard_args(temporary("callback"));
    assert_int_equal(small_fit(model, args, &(watch){.fail_at = 2}), FV_UNSUPPORTED);
    assert_contains(fv_error(), "the callback on_step stopped the run after step 2");
    fv_model_free(model);
    resume_and_compare(args);
}

/* ---- Refusals ------------------------------------------------------------------------------------------------------------ */

static void assert_resume_refused(fv_fit_args args, const char *why) {
    fv_model *model = small_model(), *untouched = small_model();
    args.resume = true;
    assert_int_equal(small_fit(model, args, &(watch){0}), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), why);
    assert_same_weights(model, untouched);
    fv_model_free(model);
    fv_model_free(untouched);
}

/* What a run's numbers follow from may not change half way; the first difference is named, with both values. */
static void test_other_arguments(void **state) {
    (void)state;
    static const float weights[CLASSES] = {1, 2, 1};
    fv_fit_args started = standard_args(temporary("course"));
    started.loss = fv_cross_entropy(.class_weights = weights);
    begin(&started, 6);
    static const float others[CLASSES] = {1, 2, 3};
    static const fv_preprocess preprocess = {.mean = {0, 0.5f}, .std = {1, 1, 1, 1}};
    const fv_loss smooth = fv_cross_entropy(.class_weights = weights, .label_smoothing = 0.5f);
#define REFUSED(field_, value_, why_)        \
    do {                                     \
        fv_fit_args other_ = started;        \
        other_.field_ = value_;              \
        assert_resume_refused(other_, why_); \
    } while (0)
    REFUSED(epochs, 4, "started with epochs 3, not 4");
    REFUSED(batch_size, 20, "batch_size 16, not 20");
    REFUSED(seed, 10, "seed 9, not 10");
    REFUSED(augment, "flip", "augment \"\", not \"flip\"");
    REFUSED(best, "loss", "best \"top1\", not \"loss\"");
    REFUSED(early_stop, 2, "early_stop 0, not 2");
    REFUSED(min_delta, 0.5f, "min_delta 0, not 0.5");
    REFUSED(optimizer, fv_sgd(.lr = 0.01f), "optimizer.kind \"adam\", not \"sgd\"");
    REFUSED(optimizer.lr, 0.02f, "optimizer.lr 0.01, not 0.02");
    REFUSED(optimizer.weight_decay, 1, "optimizer.weight_decay 0, not 1");
    REFUSED(schedule, fv_cosine(), "schedule \"constant\", not \"cosine:floor=0,by_epoch=0\"");
    REFUSED(schedule.warmup, 5, "warmup 0, not 5");
    REFUSED(optimizer.weight_decay_by, "bias=0", "optimizer.weight_decay_by \"\", not \"bias=0\"");
    REFUSED(ema, 0.5f, "ema 0, not 0.5");
    REFUSED(loss, smooth, "loss.label_smoothing 0, not 0.5");
    REFUSED(loss.class_weights, others, "loss.class_weights[2] 1, not 3");
    REFUSED(loss.class_weights, NULL, "loss.class_weights an array of 3, not an array of 0");
    REFUSED(loss.gamma, 2, "loss.gamma 0, not 2");
    REFUSED(loss.ignore, true, "loss.ignore_index null, not 0");
    REFUSED(mixup, 0.5f, "mixup 0, not 0.5");
    REFUSED(cutmix, 1, "cutmix 0, not 1");
    REFUSED(balanced, true, "balanced false, not true");
    REFUSED(loss.weight, 3, "loss.weight 1, not 3");
    REFUSED(preprocess, &preprocess, "preprocess.mean[1] 0, not 0.5");
#undef REFUSED
    started.optimizer = fv_adam(.lr = 0.01f, .beta1 = 0.9f); /* a default, given */
    resume_and_compare(started);
}

/* As many threads as before, unless told otherwise. */
static void test_threads(void **state) {
    (void)state;
    const char *folder = temporary("threads");
    fv_fit_args args = standard_args(folder);
    args.threads = 3;
    begin(&args, 3);
    fv_run_origin origin;
    assert_int_equal(fv_run_origin_of(folder, &origin), FV_OK);
    assert_int_equal(origin.threads, 3);
    assert_string_equal(origin.version, fv_version());
    fv_model *whole = undisturbed(&args), *resumed = small_model();
    args.threads = 0;
    args.resume = true;
    assert_int_equal(small_fit(resumed, args, &(watch){.stop_at = 6}), FV_STOPPED);
    assert_int_equal(small_fit(resumed, args, &(watch){.stop_at = 9}), FV_STOPPED);
    assert_int_equal(small_fit(resumed, args, &(watch){0}), FV_OK);
    assert_same_weights(resumed, whole);
    args.threads = 1;
    assert_int_equal(small_fit(resumed, args, &(watch){0}), FV_OK); /* nothing was left to do */
    fv_model_free(whole);
    fv_model_free(resumed);
}

static void assert_fit_fails(fv_fit_args args, fv_status expected, const char *why) {
    fv_model *model = small_model();
    watch w = {0};
    assert_int_equal(small_fit(model, args, &w), expected);
    assert_contains(fv_error(), why);
    assert_int_equal(w.steps, 0);
    fv_model_free(model);
}

static void test_a_run_that_is_there(void **state) {
    (void)state;
    fv_fit_args args = standard_args(temporary("held"));
    args.epochs = 1;
    fv_model *model = small_model();
    watch w = {0};
    assert_int_equal(small_fit(model, args, &w), FV_OK);
    assert_int_equal(w.steps, STEPS_AN_EPOCH);
    assert_fit_fails(args, FV_BAD_ARGUMENT,
                     "held: already holds a run: --resume goes on with it, --overwrite replaces it");
    args.overwrite = true;
    assert_int_equal(small_fit(model, args, &w), FV_OK);
    assert_int_equal(w.steps, 2 * STEPS_AN_EPOCH);
    fv_model_free(model);
}

static void test_folders_that_cannot_be(void **state) {
    (void)state;
    put_text(temporary("file"), "x");
    assert_fit_fails(standard_args(temporary("file/run")), FV_IO_ERROR, "file");
    fv_fit_args args = standard_args(temporary("none"));
    args.resume = true;
    assert_fit_fails(args, FV_IO_ERROR, "none: no run to resume: there is no state.safetensors");
    args.save_dir = NULL;
    assert_fit_fails(args, FV_BAD_ARGUMENT, "resume: needs the save_dir of the run");
    args = standard_args(temporary("named"));
    args.config = "seed = 1\ndata = folder:caf\xe9\nepochs = 2\n";
    assert_fit_fails(args, FV_BAD_ARGUMENT, "config: \"data = folder:caf\xe9\" is not UTF-8");
    assert_int_equal(entries(args.save_dir), -1);
}

static void test_read_only(void **state) {
    (void)state;
    const char *folder = temporary("locked");
    assert_int_equal(mkdir(folder, 0555), 0);
    bool root = geteuid() == 0; /* to whom nothing is locked */
    if (root) assert_int_equal(seteuid(65534), 0);
    fv_model *model = small_model();
    fv_status status = small_fit(model, standard_args(folder), &(watch){0});
    if (root) assert_int_equal(seteuid(0), 0);
    assert_int_equal(status, FV_IO_ERROR);
    assert_contains(fv_error(), "locked");
    assert_contains(fv_error(), "Permission denied");
    assert_int_equal(entries(folder), 0);
    fv_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_stopped_with_everything_on),
        cmocka_unit_test(test_stopped_with_all_of_it),
        cmocka_unit_test(test_killed_before_the_first_state),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_a_failing_callback_ends_the_run),
        cmocka_unit_test(test_other_arguments),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_a_run_that_is_there),
        cmocka_unit_test(test_folders_that_cannot_be),
        cmocka_unit_test(test_read_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
