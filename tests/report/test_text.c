/* Text of a page: whatever words are, they are words in it. */
#include "report/text.h"
#include "support/unit.h"

#include <string.h>

static void assert_text(fv_text *t, const char *expected) {
    assert_int_equal(t->status, FV_OK);
    if (t->length != strlen(expected) || memcmp(t->at, expected, t->length) != 0)
        fail_msg("'%.*s', expected '%s'", (int)t->length, t->at, expected);
    fv_text_free(t);
    *t = (fv_text){0};
}

static void assert_words(const char *words, const char *expected) {
    fv_text t = {0};
    fv_text_words(&t, words);
    assert_text(&t, expected);
}

#define UNKNOWN "\xef\xbf\xbd"

static void words_are_no_markup(void **s) {
    (void)s;
    assert_words("<script>alert(\"1\" & '2')</script>",
                 "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;");
    assert_words("\" onload='x'", "&quot; onload=&#39;x&#39;");
    assert_words("\xe7\x9c\xbc \xf0\x9f\x91\x81 \xc3\xa9", "\xe7\x9c\xbc \xf0\x9f\x91\x81 \xc3\xa9");
}

static void what_is_hidden_shows(void **s) {
    (void)s;
    assert_words("a\nb\x7f\x1b[0m", "a" UNKNOWN "b" UNKNOWN UNKNOWN "[0m");
    assert_words("\xff\xc3(\xed\xa0\x80", UNKNOWN UNKNOWN "(" UNKNOWN UNKNOWN UNKNOWN); /* no UTF-8; half a surrogate */
    assert_words("\xc0\xbc", UNKNOWN UNKNOWN);                                          /* an overlong '<' */
    assert_words("cut \xf0\x9f\x91", "cut " UNKNOWN UNKNOWN UNKNOWN);
    assert_words("gnp\xe2\x80\xae.exe\xe2\x81\xa6\xc2\x85", "gnp" UNKNOWN ".exe" UNKNOWN UNKNOWN);
}

static void base64_is_rfc_4648(void **s) {
    (void)s;
    static const char *const vectors[][2] = {{"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"},
                                             {"\xff\xfe\xfd", "//79"}};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        fv_text t = {0};
        fv_text_base64(&t, vectors[i][0], strlen(vectors[i][0]));
        assert_text(&t, vectors[i][1]);
    }
}

static void counts_have_commas(void **s) {
    (void)s;
    fv_text t = {0};
    fv_text_count(&t, 0);
    fv_text_add(&t, " ");
    fv_text_count(&t, 999);
    fv_text_add(&t, " ");
    fv_text_count(&t, 60000);
    fv_text_add(&t, " ");
    fv_text_count(&t, 1002003);
    assert_text(&t, "0 999 60,000 1,002,003");
}

static void it_grows_and_fails_once(void **s) {
    (void)s;
    char longer[600];
    fv_text t = {0};
    for (int i = 0; i < 5000; i++) fv_text_format(&t, "%d,", i % 10);
    assert_int_equal(t.length, 10000);
    assert_memory_equal(t.at + 9990, "5,6,7,8,9,", 10);
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    fv_text_format(&t, "%s", longer);
    assert_int_equal(t.status, FV_BAD_ARGUMENT);
    fv_text_add(&t, "more");
    assert_int_equal(t.length, 10000);
    fv_text_free(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_no_markup),     cmocka_unit_test(what_is_hidden_shows),
        cmocka_unit_test(base64_is_rfc_4648),      cmocka_unit_test(counts_have_commas),
        cmocka_unit_test(it_grows_and_fails_once),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
