/* Schedules against PyTorch's (golden/make_optim.py), and their options. */
#include "fovea/optim.h"
#include "graph/op.h"
#include "optim/schedule.h"
#include "support/unit.h"

#include <math.h>
#include <string.h>

enum { STEPS = 30, EPOCH = 5, LOSSES = 24 };

static const struct golden {
    const char *name;
    fv_schedule schedule;
    float rates[STEPS]; /* of base 0.4 */
} goldens[] = {
#include "golden/schedule.inc"
};

static void equals_pytorch(void **state) {
    (void)state;
    for (const struct golden *g = goldens; g < goldens + FV_COUNT(goldens); g++) {
        assert_int_equal(fv_schedule_check(&g->schedule), FV_OK);
        for (int step = 0; step < STEPS; step++) {
            float rate = fv_schedule_at(&g->schedule, 0.4f, (uint64_t)step, STEPS, EPOCH);
            if (!(fabsf(rate - g->rates[step]) <= 1e-7f))
                fail_msg("%s: step %d: %.9g, PyTorch %.9g", g->name, step, rate, g->rates[step]);
        }
    }
}

static void odd_lengths_stay_finite(void **state) {
    (void)state;
    for (int i = 0; i < FV_COUNT(goldens); i++)
        for (uint64_t total = 0; total < 8; total++)
            for (uint64_t step = 0; step < 12; step++) {
                float rate = fv_schedule_at(&goldens[i].schedule, 0.4f, step, total, 3);
                assert_true(rate >= 0 && rate <= 0.4f);
            }
}

/* ---- Plateaus ------------------------------------------------------------------------------------------------------ */

static const struct plateau {
    fv_schedule schedule;
    double losses[LOSSES];
    float rates[LOSSES]; /* of base 1, after each loss */
} plateaus[] = {
#include "golden/plateau.inc"
};

static void plateaus_equal_pytorch(void **state) {
    (void)state;
    for (const struct plateau *p = plateaus; p < plateaus + FV_COUNT(plateaus); p++) {
        fv_plateau_state at = {0};
        assert_int_equal(fv_schedule_check(&p->schedule), FV_OK);
        assert_true(fv_plateau_share(&p->schedule, &at) == 1);
        for (int i = 0; i < LOSSES; i++) {
            float share = (float)fv_plateau_next(&p->schedule, &at, p->losses[i]);
            if (!(fabsf(share - p->rates[i]) <= 1e-7f))
                fail_msg("plateau %td, loss %d: %.9g, PyTorch %.9g", p - plateaus, i, share, p->rates[i]);
            assert_true(share == (float)fv_plateau_share(&p->schedule, &at));
        }
        assert_true(at.falls > 0);
    }
}

/* ---- An own function ----------------------------------------------------------------------------------------------- */

static double halve(void *user, uint64_t t, uint64_t total) {
    assert_int_equal(total, 8);
    return *(double *)user / (double)(t + 1);
}

static void own_functions_are_called(void **state) {
    (void)state;
    double height = 3;
    fv_schedule s = fv_own_schedule(.share = halve, .user = &height, .warmup = 2);
    assert_int_equal(fv_schedule_check(&s), FV_OK);
    assert_true(fv_schedule_at(&s, 1, 0, 10, 5) == 0.5f);
    assert_true(fv_schedule_at(&s, 1, 2, 10, 5) == 3);
    assert_true(fv_schedule_at(&s, 2, 4, 10, 5) == 2);
}

/* ---- Options and text ---------------------------------------------------------------------------------------------- */

static void refuses(fv_schedule schedule, const char *message) {
    assert_int_equal(fv_schedule_check(&schedule), FV_BAD_ARGUMENT);
    assert_string_equal(fv_error(), message);
}

static void options_are_checked(void **state) {
    (void)state;
    refuses(fv_cosine(.floor = NAN), "floor nan: must be at least 0 and at most 1");
    refuses(fv_cosine(.every = 3), "every: cosine has no such option");
    refuses(fv_constant(.floor = 0.5f), "floor: constant has no such option");
    refuses(fv_constant(.by_epoch = true), "by_epoch: constant has no such option");
    refuses(fv_step_decay(.gamma = -0.5f), "gamma -0.5: must be above 0 and at most 1");
    refuses(fv_step_decay(.gamma = FV_ZERO), "gamma 0: must be above 0 and at most 1");
    refuses(fv_exponential(0), "gamma: exponential needs it");
    refuses(fv_multi_step(0), "at: multi_step needs it");
    refuses(fv_multi_step(.at = {5, 5}), "at: 5 comes after 5: times must rise");
    refuses(fv_one_cycle(.pct = 1), "pct 1: must be above 0 and below 1");
    refuses(fv_own_schedule(0), "share: the schedule own needs a function");
    refuses(fv_cosine(.share = halve), "share: the schedule cosine takes no function");
    refuses((fv_schedule){.kind = (fv_schedule_kind)99}, "schedule kind 99: there is none");
}

static void names_are_found(void **state) {
    (void)state;
    fv_schedule schedule;
    int n = 0;
    while (fv_schedule_name(n)) n++;
    assert_int_equal(n, FV_OWN);
    assert_null(fv_schedule_name(-1));
    assert_int_equal(fv_schedule_parse("noam", &schedule), FV_OK);
    assert_int_equal(schedule.kind, FV_NOAM);
    assert_int_equal(fv_schedule_parse("cosin", &schedule), FV_BAD_ARGUMENT);
    assert_string_equal(fv_error(), "no schedule named \"cosin\": did you mean \"cosine\"?");
}

/* What is written is what was read. */
static void texts_come_back(void **state) {
    (void)state;
    static const char *const texts[] = {
        "constant",
        "cosine:floor=0.25,by_epoch=0",
        "step:gamma=0.1,by_epoch=0",
        "step:gamma=0.3,every=7,by_epoch=1",
        "multi_step:gamma=0.1,at=30/60/90,by_epoch=1",
        "cyclic:floor=0,gamma=1,every=4,by_epoch=0",
        "one_cycle:pct=0.25,div=10,final_div=10000,by_epoch=0",
        "plateau:floor=0,gamma=0.1,patience=3,threshold=0,cooldown=0,by_best=1",
    };
    char written[FV_OPTIONS_TEXT];
    fv_schedule schedule;
    for (int i = 0; i < FV_COUNT(texts); i++) {
        assert_int_equal(fv_schedule_parse(texts[i], &schedule), FV_OK);
        fv_schedule_write(&schedule, written, sizeof written);
        assert_string_equal(written, texts[i]);
    }
    for (int i = 0; i < FV_COUNT(goldens); i++) {
        fv_schedule_write(&goldens[i].schedule, written, sizeof written);
        assert_int_equal(fv_schedule_parse(written, &schedule), FV_OK);
    }
}

static void bad_texts_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"", "no schedule named \"\""},
        {"own", "no schedule named \"own\""},
        {"step:", "step: no option named \"\""},
        {"step:evry=3", "step: no option named \"evry\": did you mean \"every\"?"},
        {"step:floor=0.5", "step: no option named \"floor\""},
        {"step:every", "every: needs a value: every=..."},
        {"step:every=2.5", "every=2.5: must be a whole number, at least 1 and at most 1e+12"},
        {"step:every=0", "every=0: must be a whole number, at least 1 and at most 1e+12"},
        {"step:gamma=x", "gamma=x: must be above 0 and at most 1"},
        {"step:gamma=nan", "gamma=nan: must be above 0 and at most 1"},
        {"step:gamma=0.5x", "gamma=0.5x: must be above 0 and at most 1"},
        {"step:by_epoch=2", "by_epoch=2: must be a whole number, at least 0 and at most 1"},
        {"exponential", "gamma: exponential needs it"},
        {"multi_step:at=30/", "at=30/: must be at most 16 times from 1 on, with / between them: 30/60/90"},
        {"multi_step:at=0/4", "at=0/4: must be at most 16 times from 1 on, with / between them: 30/60/90"},
        {"multi_step:at=4/2", "at: 2 comes after 4: times must rise"},
        {"multi_step:at=1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17",
         "at=1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17: must be at most 16 times from 1 on, with / between them: "
         "30/60/90"},
    };
    fv_schedule schedule = {.kind = FV_NOAM};
    for (int i = 0; i < FV_COUNT(bad); i++) {
        assert_int_equal(fv_schedule_parse(bad[i].text, &schedule), FV_BAD_ARGUMENT);
        if (strncmp(fv_error(), bad[i].message, strlen(bad[i].message)) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", bad[i].text, fv_error(), bad[i].message);
    }
    assert_int_equal(schedule.kind, FV_NOAM);
    char endless[FV_OPTIONS_TEXT + 1] = {0};
    memset(endless, 'x', FV_OPTIONS_TEXT);
    assert_int_equal(fv_schedule_parse(endless, &schedule), FV_BAD_ARGUMENT);
    assert_string_equal(fv_error(), "xxxxxxxxxxxxxxxxxxxx...: longer than any schedule");
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_pytorch),         cmocka_unit_test(odd_lengths_stay_finite),
        cmocka_unit_test(plateaus_equal_pytorch), cmocka_unit_test(own_functions_are_called),
        cmocka_unit_test(options_are_checked),    cmocka_unit_test(names_are_found),
        cmocka_unit_test(texts_come_back),        cmocka_unit_test(bad_texts_are_refused),
    };
    return cmocka_run_group_tests_name("schedules", tests, NULL, NULL);
}
