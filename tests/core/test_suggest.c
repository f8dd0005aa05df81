#include "core/suggest.h"

#include "support/unit.h"

#include <string.h>

static const char *const names[] = {"mnist", "fashion_mnist", "synthetic", "cifar10", "cifar100"};

static const char *suggest(const char *word) { return fv_suggest(word, names, sizeof names / sizeof *names); }

static void finds_the_nearest(void **state) {
    (void)state;
    assert_string_equal(suggest("minst"), "mnist");   /* swapped */
    assert_string_equal(suggest("mnit"), "mnist");    /* missing */
    assert_string_equal(suggest("mmnist"), "mnist");  /* extra */
    assert_string_equal(suggest("mnixt"), "mnist");   /* wrong */
    assert_string_equal(suggest("cifar"), "cifar10"); /* nearer than cifar100 */
    assert_string_equal(suggest("fashion-mnist"), "fashion_mnist");
    assert_string_equal(suggest("sinthetik"), "synthetic");
    assert_string_equal(suggest("mnist"), "mnist");
}

static void is_silent_about_the_far(void **state) {
    (void)state;
    assert_null(suggest(""));
    assert_null(suggest("folder"));
    assert_null(suggest("m"));
    char word[300];
    memset(word, 'm', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    assert_null(suggest(word));
    assert_null(fv_suggest("x", names, 0));
}

static void failing_names_the_nearest_or_all(void **state) {
    (void)state;
    static const char *const rules[] = {"sgd", "adam"};
    assert_int_equal(fv_fail_unknown("optimizer", "adan", rules, 2), FV_BAD_ARGUMENT);
    assert_string_equal(fv_error(), "no optimizer named \"adan\": did you mean \"adam\"?");
    assert_int_equal(fv_fail_unknown("optimizer", "lbfgs", rules, 2), FV_BAD_ARGUMENT);
    assert_string_equal(fv_error(), "no optimizer named \"lbfgs\": there are sgd, adam");
    static const char *many[200];
    for (int i = 0; i < 200; i++) many[i] = "a_class_of_many";
    fv_fail_unknown("class", "?", many, 200);
    assert_contains(fv_error(), "a_class_of_many and 170 more");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_nearest),
        cmocka_unit_test(is_silent_about_the_far),
        cmocka_unit_test(failing_names_the_nearest_or_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
