/* Schedules against PyTorch's (golden/make_optim.py), and their options. */
#include "fovea/optim.h"
#include "graph/op.h"
#include "support/unit.h"

#include <math.h>

enum { STEPS = 30 };

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
            float rate = fv_schedule_at(&g->schedule, 0.4f, (uint64_t)step, STEPS);
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
                float rate = fv_schedule_at(&goldens[i].schedule, 0.4f, step, total);
                assert_true(rate >= 0 && rate <= 0.4f);
            }
}

static void refuses(fv_schedule schedule, const char *message) {
    assert_int_equal(fv_schedule_check(&schedule), FV_BAD_ARGUMENT);
    assert_string_equal(fv_error(), message);
}

static void options_are_checked(void **state) {
    (void)state;
    refuses(fv_cosine(.floor = NAN), "floor nan: must be at least 0 and at most 1");
    refuses(fv_cosine(.every = 3), "every and gamma: cosine has no such options");
    refuses(fv_constant(.floor = 0.5f), "floor: constant has no such option");
    refuses(fv_step_decay(.gamma = -0.5f), "gamma -0.5: must be above 0 and at most 1");
    refuses((fv_schedule){.kind = (fv_schedule_kind)9}, "schedule kind 9: there is none");
}

static void names_are_found(void **state) {
    (void)state;
    fv_schedule schedule;
    int n = 0;
    for (; fv_schedule_name(n); n++) {
        assert_int_equal(fv_schedule_named(fv_schedule_name(n), &schedule), FV_OK);
        assert_int_equal(schedule.kind, n);
    }
    assert_int_equal(n, 3);
    assert_int_equal(fv_schedule_named("cosin", &schedule), FV_BAD_ARGUMENT);
    assert_string_equal(fv_error(), "no schedule named \"cosin\": did you mean \"cosine\"?");
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_pytorch),
        cmocka_unit_test(odd_lengths_stay_finite),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(names_are_found),
    };
    return cmocka_run_group_tests_name("schedules", tests, NULL, NULL);
}
