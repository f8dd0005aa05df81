#include "core/status.h"
#include "support/unit.h"

#include <pthread.h>
#include <string.h>

static void failure_records_code_and_text(void **state) {
    (void)state;
    assert_int_equal(fv_fail(FV_BAD_DATA, "%s: %d labels", "x.idx", 3), FV_BAD_DATA);
    assert_string_equal(fv_error(), "x.idx: 3 labels");
    assert_int_equal(fv_last_status(), FV_BAD_DATA);
}

static void message_is_one_line(void **state) {
    (void)state;
    fv_fail(FV_IO_ERROR, "a\nb\r\x1b[31m\x7f \xc3\xa9");
    assert_string_equal(fv_error(), "a?b??[31m? \xc3\xa9");
}

static void long_message_is_cut(void **state) {
    (void)state;
    char name[5000];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    fv_fail(FV_IO_ERROR, "%s", name);
    assert_int_equal(strlen(fv_error()), 1023);
    fv_fail_in(FV_IO_ERROR, "%s", name);
    assert_true(strlen(fv_error()) < 1024);
}

static void context_goes_in_front(void **state) {
    (void)state;
    fv_fail(FV_BAD_ARGUMENT, "groups 3 does not divide 128");
    assert_int_equal(fv_fail_in(FV_UNSUPPORTED, "layer%d", 2), FV_UNSUPPORTED);
    assert_string_equal(fv_error(), "layer2: groups 3 does not divide 128");
    assert_int_equal(fv_last_status(), FV_UNSUPPORTED);
}

static fv_status passes_on(int *reached) {
    FV_TRY(FV_OK);
    ++*reached;
    FV_TRY(fv_fail(FV_STOPPED, "stopped"));
    ++*reached;
    return FV_OK;
}

static void try_returns_the_failure(void **state) {
    (void)state;
    int reached = 0;
    assert_int_equal(passes_on(&reached), FV_STOPPED);
    assert_int_equal(reached, 1);
}

static void *fail_elsewhere(void *seen) {
    strcpy(seen, fv_error());
    fv_fail(FV_NO_MEMORY, "other thread");
    return NULL;
}

static void each_thread_has_its_own(void **state) {
    (void)state;
    fv_fail(FV_BAD_DATA, "this thread");
    char seen[1024] = "unset";
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, fail_elsewhere, seen), 0);
    pthread_join(thread, NULL);
    assert_string_equal(seen, "");
    assert_string_equal(fv_error(), "this thread");
    assert_int_equal(fv_last_status(), FV_BAD_DATA);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failure_records_code_and_text), cmocka_unit_test(message_is_one_line),
        cmocka_unit_test(long_message_is_cut),           cmocka_unit_test(context_goes_in_front),
        cmocka_unit_test(try_returns_the_failure),       cmocka_unit_test(each_thread_has_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
