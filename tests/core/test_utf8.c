/* What is UTF-8; the forms that are none, one by one, are among the strings of tests/formats/test_quote.c. */
#include "core/utf8.h"

#include "support/unit.h"

static void utf8_and_control_characters_are_seen(void **state) {
    (void)state;
    assert_true(fv_is_utf8("") && fv_is_utf8("n\xc3\xa4me \xf0\x9f\x99\x82"));
    assert_false(fv_is_utf8("n\xe4me"));
    assert_false(fv_is_utf8("ends in \xc3"));
    assert_false(fv_has_control("") || fv_has_control("n\xc3\xa4me"));
    assert_true(fv_has_control("a\n") && fv_has_control("\x1b[31m") && fv_has_control("\x7f"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_and_control_characters_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
