#include "formats/quote.h"

#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

/* Unquotes the whole of `json` from blocks of exactly the sizes promised, so that a sanitizer sees a byte too many.
 * Returns the status; *text (if FV_OK) is to be freed; *stopped is where the reading stopped. */
static fv_status unquote(const char *json, char **text, size_t *stopped) {
    size_t count = strlen(json);
    char *copy = malloc(count), *out = malloc(count), *out_end = out;
    memcpy(copy, json, count);
    const char *at = copy;
    fv_status status = fv_unquote(&at, copy + count, &out_end);
    *stopped = (size_t)(at - copy);
    if (status == FV_OK) assert_int_equal(out_end - out, (ptrdiff_t)strlen(out) + 1);
    free(copy);
    if (status != FV_OK) free(out);
    *text = status == FV_OK ? out : NULL;
    return status;
}

static void strings_are_unescaped(void **state) {
    (void)state;
    static const struct {
        const char *json, *text;
    } cases[] = {
        {"\"\"", ""},
        {"\"fc.weight\"", "fc.weight"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\u0041\\u00e9\\u20AC\\ud83d\\uDE42\"", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82"},
        {"\"\\u0001\\u007f\\u0080\\u07ff\\u0800\\uffff\"", "\x01\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"},
        {"\"\\ud800\\udc00\\udbff\\udfff\"", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
        {"\"\xc2\x80 \xed\x9f\xbf \xee\x80\x80 \xf4\x8f\xbf\xbf\"",
         "\xc2\x80 \xed\x9f\xbf \xee\x80\x80 \xf4\x8f\xbf\xbf"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text;
        size_t stopped;
        assert_int_equal(unquote(cases[i].json, &text, &stopped), FV_OK);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(stopped, strlen(cases[i].json));
        free(text);
    }
}

static void bad_strings_are_refused_where_they_are_bad(void **state) {
    (void)state;
    static const char open[] = "a string without its closing quote", raw[] = "a raw control character in a string",
                      utf8[] = "a string that is not UTF-8",
                      escape[] = "an escape in a string that is unknown, half a surrogate pair or NUL";
    static const struct {
        const char *json;
        size_t at;
        const char *message;
    } cases[] = {
        {"\"", 1, open},
        {"\"abc", 4, open},
        {"\"abc\\", 4, open},
        {"\"abc\\\"", 6, open},
        {"\"a\nb\"", 2, raw},
        {"\"a\x1f\"", 2, raw},
        {"\"a\\x\"", 2, escape},
        {"\"a\\u0000\"", 2, escape},
        {"\"\\u12\"", 1, escape},
        {"\"\\u12g4\"", 1, escape},
        {"\"\\u123", 1, escape},
        {"\"\\ud83d\"", 1, escape},
        {"\"\\ud83d\\u0041\"", 1, escape},
        {"\"\\ud83d\\ud83d\"", 1, escape},
        {"\"\\ude42\"", 1, escape},
        {"\"\\ud83d\\ude4", 1, escape},
        {"\"\x80\"", 1, utf8},
        {"\"\xff\"", 1, utf8},
        {"\"\xc1\xbf\"", 1, utf8},         /* overlong */
        {"\"\xe0\x9f\xbf\"", 1, utf8},     /* overlong */
        {"\"\xf0\x8f\xbf\xbf\"", 1, utf8}, /* overlong */
        {"\"\xed\xa0\x80\"", 1, utf8},     /* a surrogate */
        {"\"\xf4\x90\x80\x80\"", 1, utf8}, /* above U+10FFFF */
        {"\"\xf5\x80\x80\x80\"", 1, utf8},
        {"\"\xc3\"", 1, utf8},
        {"\"\xe2\x82", 1, utf8}, /* cut at the end of the text */
        {"\"\xf0\x9f\x99 \"", 1, utf8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text;
        size_t stopped;
        assert_int_equal(unquote(cases[i].json, &text, &stopped), FV_BAD_DATA);
        assert_string_equal(fv_error(), cases[i].message);
        assert_int_equal(stopped, cases[i].at);
    }
}

static void quoting_is_what_unquoting_undoes(void **state) {
    (void)state;
    char every[256], out[6 * 256 + 2];
    for (int i = 0; i < 127; i++) every[i] = (char)(i + 1);
    strcpy(every + 127, "\xc3\xa9\xf0\x9f\x99\x82");
    size_t length = fv_quote(every, out);
    assert_int_equal(length, fv_quote(every, NULL));
    out[length] = '\0';
    char *text;
    size_t stopped;
    assert_int_equal(unquote(out, &text, &stopped), FV_OK);
    assert_string_equal(text, every);
    free(text);

    length = fv_quote("\"\\/ \n\x1f", out);
    assert_int_equal(length, 16);
    assert_memory_equal(out, "\"\\\"\\\\/ \\n\\u001f\"", 16);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_unescaped),
        cmocka_unit_test(bad_strings_are_refused_where_they_are_bad),
        cmocka_unit_test(quoting_is_what_unquoting_undoes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
