/* Callbacks: when each is called, and what becomes of a run that one of them ends. */
#include "support/unit.h"
#include "train/small.h"

#include <stdio.h>
#include <string.h>

/* ---- A callback that notes its calls, and may answer one of them -------------------------------------------------- */

typedef struct notes {
    char calls[128];  /* a letter each */
    char answer_to;   /* the letter of the call that is answered ... */
    fv_status answer; /* ... with this, its first time; 0: none */
    bool explain;     /* a call of the library fails before that */
    fv_run_info last;
    int epoch;
    size_t batch;
} notes;

static fv_status note(notes *n, char letter) {
    size_t used = strlen(n->calls);
    if (used + 1 < sizeof n->calls) n->calls[used] = letter;
    if (letter != n->answer_to) return FV_OK;
    n->answer_to = 0;
    if (n->explain) assert_null(fv_model_load(temporary("nowhere.safetensors")));
    return n->answer;
}

static fv_status of_run(notes *n, char letter, const fv_run_info *run) {
    n->last = *run;
    assert_int_equal(run->batches, 4);
    return note(n, letter);
}

static fv_status of_step(notes *n, char letter, const fv_step_report *r) {
    assert_true(r->lr == 0.01f && r->run->epochs == r->epochs && r->run->step == r->step);
    n->epoch = r->epoch, n->batch = r->batch;
    return note(n, letter);
}

static fv_status of_epoch(notes *n, char letter, const fv_epoch_report *r) {
    assert_int_equal(r->validated, letter != 'V');
    assert_true(letter == 'V' ? !r->validation : r->validation->loss == r->val_loss && r->validation->n == COUNT);
    return note(n, letter);
}

#define NOTES(function, letter, of, report) \
    static fv_status function(void *user, const report *r) { return of(user, letter, r); }
NOTES(check, 'C', of_run, fv_run_info)
NOTES(train_begin, 'T', of_run, fv_run_info)
NOTES(train, 't', of_run, fv_run_info)
NOTES(epoch_begin, 'E', of_step, fv_step_report)
NOTES(batch_begin, 'B', of_step, fv_step_report)
NOTES(batch, 'b', of_step, fv_step_report)
NOTES(step, 's', of_step, fv_step_report)
NOTES(evaluation_begin, 'V', of_epoch, fv_epoch_report)
NOTES(evaluation, 'v', of_epoch, fv_epoch_report)
NOTES(epoch, 'e', of_epoch, fv_epoch_report)

static fv_callback noting(notes *n) {
    return (fv_callback){.user = n,
                         .on_check = check,
                         .on_train_begin = train_begin,
                         .on_train = train,
                         .on_epoch_begin = epoch_begin,
                         .on_batch_begin = batch_begin,
                         .on_batch = batch,
                         .on_step = step,
                         .on_evaluation_begin = evaluation_begin,
                         .on_evaluation = evaluation,
                         .on_epoch = epoch};
}

static fv_fit_args standard_args(const char *folder, int epochs) {
    return (fv_fit_args){
        .optimizer = fv_adam(.lr = 0.01f), .epochs = epochs, .accumulate = 2, .seed = 9, .save_dir = folder};
}

/* ---- Tests ----------------------------------------------------------------------------------------------------------- */

static void test_order(void **state) {
    (void)state;
    notes n = {.calls = ""}, second = {.calls = ""};
    fv_model *model = small_model();
    fv_fit_args args = standard_args(NULL, 2);
    args.callbacks[2] = noting(&n);
    args.callbacks[5] = noting(&second);
    assert_int_equal(small_fit(model, args, &(watch){0}), FV_OK);
    assert_string_equal(n.calls, "CTEBbBbsBbBbsVveEBbBbsBbBbsVvet");
    assert_string_equal(second.calls, n.calls);
    assert_true(n.last.model == model && n.last.epoch == 2 && n.last.step == 4 && n.last.status == FV_OK);
    fv_model_free(model);
}

static const struct {
    char letter;
    const char *name, *calls; /* up to the end of a run that is ended by it */
} functions[] = {
    {'T', "on_train_begin", "CTt"},
    {'E', "on_epoch_begin", "CTEt"},
    {'B', "on_batch_begin", "CTEBbBbst"},
    {'b', "on_batch", "CTEBbBbst"},
    {'s', "on_step", "CTEBbBbst"},
    {'V', "on_evaluation_begin", "CTEBbBbsBbBbsVvet"},
    {'v', "on_evaluation", "CTEBbBbsBbBbsVvet"},
    {'e', "on_epoch", "CTEBbBbsBbBbsVvet"},
};

/* Whichever function ends a run, and however: it ends cleanly, and resumed it comes to the bits of one that nobody ended. */
static void test_each_may_end_the_run(void **state) {
    (void)state;
    fv_model *whole = small_model();
    assert_int_equal(small_fit(whole, standard_args(NULL, 2), &(watch){0}), FV_OK);
    for (size_t i = 0; i < 2 * sizeof functions / sizeof *functions; i++) {
        notes n = {.answer_to = functions[i / 2].letter, .answer = i % 2 ? FV_STOPPED : FV_UNSUPPORTED};
        fv_model *model = small_model(), *resumed = small_model();
        fv_fit_args args = standard_args(temporary("ended-%zu", i), 2);
        args.callbacks[0] = noting(&n);
        assert_int_equal(small_fit(model, args, &(watch){0}), n.answer);
        assert_contains(fv_error(), "the callback ");
        assert_contains(fv_error(), functions[i / 2].name);
        assert_string_equal(n.calls, functions[i / 2].calls);
        assert_int_equal(n.last.status, n.answer);
        args.resume = true;
        if (small_fit(resumed, args, &(watch){0}) != FV_OK) fail_msg("%s", fv_error());
        assert_same_weights(resumed, whole);
        fv_model_free(model);
        fv_model_free(resumed);
    }
    fv_model_free(whole);
}

/* Refused, a run has touched nothing: there is no folder, and what lies in one is as it was. */
static void test_a_run_is_refused(void **state) {
    (void)state;
    const char *folder = temporary("refused");
    fv_model *model = small_model();
    fv_fit_args args = standard_args(folder, 1);
    for (int i = 0; i < 2; i++) {
        notes n = {.answer_to = 'C', .answer = FV_UNSUPPORTED}, other = {.calls = ""};
        args.callbacks[0] = noting(&n), args.callbacks[1] = noting(&other);
        args.overwrite = i;
        assert_int_equal(small_fit(model, args, &(watch){0}), FV_UNSUPPORTED);
        assert_string_equal(fv_error(), "the callback on_check stopped the run after step 0 (status 6)");
        assert_string_equal(n.calls, "C");
        assert_string_equal(other.calls, "C");
        assert_int_equal(entries(folder), i ? 5 : -1);
        if (i) break;
        args.callbacks[0] = args.callbacks[1] = (fv_callback){0};
        assert_int_equal(small_fit(model, args, &(watch){0}), FV_OK);
    }
    fv_model_free(model);
}

/* At the end of all, when there is nothing to save any more. */
static void test_the_end_may_fail(void **state) {
    (void)state;
    notes n = {.answer_to = 't', .answer = FV_BAD_DATA};
    fv_model *model = small_model();
    fv_fit_args args = standard_args(NULL, 1);
    args.callbacks[0] = noting(&n);
    assert_int_equal(small_fit(model, args, &(watch){0}), FV_BAD_DATA);
    assert_string_equal(fv_error(), "the callback on_train stopped the run after step 2 (status 4)");
    fv_model_free(model);
}

/* What failed inside is the reason, if it is what the callback passes on; and the others are called all the same. */
static void test_reasons(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        notes n = {.answer_to = 'e', .answer = i ? FV_BAD_DATA : FV_IO_ERROR, .explain = true}, other = {.calls = ""};
        fv_model *model = small_model();
        fv_fit_args args = standard_args(NULL, 2);
        args.callbacks[0] = noting(&n);
        args.callbacks[FV_CALLBACKS - 1] = noting(&other);
        assert_int_equal(small_fit(model, args, &(watch){0}), n.answer);
        assert_contains(fv_error(), i ? "the callback on_epoch stopped the run after step 2 (status 4)"
                                      : "nowhere.safetensors: No such file");
        assert_contains(other.calls, "Vvet");
        fv_model_free(model);
    }
}

/* Where the run failed by itself, its reason stands, whatever on_train says to it. */
static void test_own_failures(void **state) {
    (void)state;
    notes n = {.answer_to = 't', .answer = FV_BAD_DATA, .explain = true};
    fv_model *model = small_model();
    fv_fit_args args = standard_args(NULL, 2);
    args.optimizer = fv_sgd(.lr = 1000);
    args.loss = fv_cross_entropy(.weight = 1e30f);
    args.callbacks[0] = (fv_callback){.user = &n, .on_train = train};
    assert_int_equal(small_fit(model, args, &(watch){0}), FV_NOT_FINITE);
    assert_contains(fv_error(), "NaN or infinite");
    assert_string_equal(n.calls, "t");
    assert_int_equal(n.last.status, FV_NOT_FINITE);
    fv_model_free(model);
}

/* Resumed within an epoch, it begins there. */
static void test_resumed(void **state) {
    (void)state;
    notes n = {.calls = ""};
    fv_model *model = small_model();
    fv_fit_args args = standard_args(temporary("resumed"), 2);
    assert_int_equal(small_fit(model, args, &(watch){.stop_at = 3}), FV_STOPPED);
    args.resume = true;
    args.callbacks[0] = noting(&n);
    assert_int_equal(small_fit(model, args, &(watch){0}), FV_OK);
    assert_string_equal(n.calls, "CTEBbBbsVvet");
    assert_true(n.epoch == 2 && n.batch == 4);
    fv_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_each_may_end_the_run),
        cmocka_unit_test(test_a_run_is_refused),
        cmocka_unit_test(test_the_end_may_fail),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_own_failures),
        cmocka_unit_test(test_resumed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
