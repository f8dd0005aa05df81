/* metrics.jsonl as it may be found: half written, damaged, empty, long. */
#include "report/history.h"
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder_with(const char *text) {
    const char *folder = temporary("run"), *file = temporary("run/metrics.jsonl");
    mkdir(folder, 0777);
    unlink(file);
    if (text) put_text(file, text);
    return folder;
}

static fv_history read_text(const char *text) {
    fv_history h;
    if (fv_history_read(folder_with(text), &h) != FV_OK) fail_msg("%s", fv_error());
    return h;
}

static void numbers_by_epoch(void **s) {
    (void)s;
    fv_history h = read_text("{\"epoch\":1,\"lr\":0.1,\"loss\":2,\"seconds\":3}\n"
                             "{\"epoch\":2,\"lr\":0.05,\"loss\":1.5,\"top1\":0.5,\"seconds\":4,\"val_top1\":0.25}\n");
    assert_int_equal(h.n, 2);
    assert_int_equal(h.damaged, 0);
    assert_true(h.rows[1][FV_LOSS] == 1.5 && h.rows[1][FV_VAL_TOP1] == 0.25 && h.rows[0][FV_RATE] == 0.1);
    assert_true(isnan(h.rows[0][FV_TOP1]) && isnan(fv_history_last(&h, FV_VAL_LOSS)));
    assert_true(fv_history_sum(&h, FV_SECONDS) == 7 && fv_history_last(&h, FV_EPOCH) == 2);
    fv_history_free(&h);
}

static void a_last_line_may_be_half_there(void **s) {
    (void)s;
    fv_history h = read_text("{\"epoch\":1,\"loss\":2}\n{\"epoch\":2,\"lo");
    assert_int_equal(h.n, 1);
    assert_int_equal(h.damaged, 0);
    fv_history_free(&h);
}

static void damage_is_a_gap(void **s) {
    (void)s;
    fv_history h =
        read_text("{\"epoch\":1,\"loss\":2}\n{\"epoch\":2,\"loss\":NaN}\n\n\x01\xff\n{\"epoch\":3,\"loss\":\"1\"}\n"
                  "{\"epoch\":4,\"loss\":1e300}\n{\"epoch\":5,\"loss\":1}\n");
    assert_int_equal(h.n, 6);
    assert_int_equal(h.damaged, 2);
    assert_int_equal(h.first_damaged, 2);
    for (int i = 1; i < 5; i++) assert_true(isnan(h.rows[i][FV_LOSS]));
    assert_true(h.rows[5][FV_LOSS] == 1);
    fv_history_free(&h);
}

static void nothing_is_nothing(void **s) {
    (void)s;
    static const char *const texts[] = {NULL, "", "\n\n"};
    for (int i = 0; i < 3; i++) {
        fv_history h = read_text(texts[i]);
        assert_int_equal(h.n, 0);
        assert_true(isnan(fv_history_last(&h, FV_LOSS)));
        fv_history_free(&h);
    }
}

static void a_long_run(void **s) {
    (void)s;
    enum { EPOCHS = 10000, LINE = 40 };
    char *text = malloc(EPOCHS * LINE), *at = text;
    assert_non_null(text);
    for (int i = 1; i <= EPOCHS; i++) at += snprintf(at, LINE, "{\"epoch\":%d,\"loss\":%d}\n", i, i % 7);
    fv_history h = read_text(text);
    assert_int_equal(h.n, EPOCHS);
    assert_true(h.rows[EPOCHS - 1][FV_EPOCH] == EPOCHS && h.rows[EPOCHS - 1][FV_LOSS] == EPOCHS % 7);
    fv_history_free(&h);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_by_epoch), cmocka_unit_test(a_last_line_may_be_half_there),
        cmocka_unit_test(damage_is_a_gap),  cmocka_unit_test(nothing_is_nothing),
        cmocka_unit_test(a_long_run),
    };
    return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
