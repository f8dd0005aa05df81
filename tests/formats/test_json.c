#include "formats/json.h"

#include "core/memory.h"
#include "support/unit.h"

#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* This program is the application, so jansson's allocator is its to choose: core/memory.h's, counted. */

enum { PREFIX = 16 }; /* bytes before each block, which hold its size */

static size_t live, peak;

static void *counted_alloc(size_t bytes) {
    char *block = fv_alloc(bytes + PREFIX, 1);
    if (!block) {
        errno = ENOMEM; /* as malloc does */
        return NULL;
    }
    memcpy(block, &bytes, sizeof bytes);
    live += bytes;
    if (live > peak) peak = live;
    return block + PREFIX;
}

static void counted_free(void *block) {
    if (!block) return;
    size_t bytes;
    memcpy(&bytes, (char *)block - PREFIX, sizeof bytes);
    live -= bytes;
    fv_free((char *)block - PREFIX);
}

/* Parses a copy of exactly its size, so that a sanitizer sees a byte too many. */
static json_t *parse(const char *text) {
    size_t bytes = strlen(text);
    char *copy = memcpy(malloc(bytes ? bytes : 1), text, bytes);
    json_t *document = fv_json_parse(copy, bytes, "x");
    free(copy);
    return document;
}

/* ---- documents ---- */

static void documents_survive_a_round_trip(void **state) {
    (void)state;
    static const struct {
        const char *text, *dumped;
    } cases[] = {
        {"{}", "{}"},
        {" [ ]\n", "[]"},
        {"{\"z\": 1, \"a\": [true, false, null], \"m\": {\"x\": -2.5}}",
         "{\"z\":1,\"a\":[true,false,null],\"m\":{\"x\":-2.5}}"}, /* keys keep their order */
        {"[\"\\u00e9\\ud83d\\ude42 \\\"[,{\\\\\"]", "[\"\xc3\xa9\xf0\x9f\x99\x82 \\\"[,{\\\\\"]"},
        {"[9223372036854775807,-9223372036854775808,1e3]", "[9223372036854775807,-9223372036854775808,1000.0]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *document = parse(cases[i].text);
        assert_non_null(document);
        char *dumped = fv_json_dump(document);
        assert_string_equal(dumped, cases[i].dumped);
        fv_free(dumped);
        json_decref(document);
    }
    assert_int_equal(live, 0);
}

static void bad_documents_are_refused_with_their_place(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "x: line 1, column 0: '[' or '{' expected near end of file"},
        {"1", "x: line 1, column 1: '[' or '{' expected near '1'"},
        {"{\"a\":1,\n\"a\":2}", "x: line 2, column 3: duplicate object key near '\"a\"'"},
        {"{\"a\":1\n", "x: line 2, column 0: '}' expected near end of file"},
        {"[1]\n\n]", "x: line 3, column 1: end of file expected near ']'"},
        {"[01]", "x: line 1, column 2: invalid token near '0'"},
        {"[NaN]", "x: line 1, column 4: invalid token near 'NaN'"},
        {"[\"\\u0000\"]", "x: line 1, column 9: \\u0000 is not allowed without JSON_ALLOW_NUL near '\"\\u0000\"'"},
        {"[\"\xff\"]", "x: line 1, column 2: unable to decode byte 0xff near '\"'"},
        {"[1e999]", "x: line 1, column 6: real number overflow near '1e999'"},
        {"[9223372036854775808]", "x: line 1, column 20: too big integer near '9223372036854775808'"},
        {"[\"\n\"]", "x: line 1, column 2: unexpected newline near '\"'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_null(parse(cases[i].text));
        assert_string_equal(fv_error(), cases[i].message);
        assert_int_equal(fv_last_status(), FV_BAD_DATA);
    }
    assert_null(fv_json_parse("[\0]", 3, "x"));
    assert_contains(fv_error(), "x: line 1, column");
    assert_int_equal(live, 0);
}

/* `count` times `unit` between brackets. */
static char *repeated(const char *open, const char *unit, size_t count, const char *close) {
    size_t length = strlen(unit), at = strlen(open);
    char *text = malloc(at + count * length + strlen(close) + 1);
    strcpy(text, open);
    for (size_t i = 0; i < count; i++, at += length) memcpy(text + at, unit, length);
    strcpy(text + at, close);
    return text;
}

static void assert_parses(char *text, const char *message) {
    json_t *document = fv_json_parse(text, strlen(text), "x");
    if (!message) assert_non_null(document);
    if (message) assert_null(document);
    if (message) assert_string_equal(fv_error(), message);
    json_decref(document);
    free(text);
}

static void depth_is_limited(void **state) {
    (void)state;
    char *deep = repeated("", "[", 64, ""), *closing = repeated("", "]", 64, "");
    char *text = malloc(200);
    assert_parses(strcat(strcpy(text, deep), closing), NULL);
    free(closing);
    free(deep);
    assert_parses(repeated("", "[", 65, ""), "x: byte 64: JSON nested deeper than 64 levels");
    assert_parses(repeated("", "{\"a\":", 1000000, ""), "x: byte 320: JSON nested deeper than 64 levels");
    assert_parses(repeated("[\"\\\"", "[", 1000, "\"]"), NULL); /* brackets in a string are none */
    assert_parses(repeated("[0", ",[],{}", 1000, "]"), NULL);   /* nor are those side by side deep */
}

static void numbers_of_values_and_bytes_are_limited(void **state) {
    (void)state;
    assert_parses(repeated("[0", ",0", FV_JSON_VALUES - 2, "]"), NULL);
    assert_parses(repeated("[0", ",0", FV_JSON_VALUES - 1, "]"), "x: byte 199998: JSON of more than 100000 values");
    assert_parses(repeated("[\"", ",", FV_JSON_VALUES, "\"]"), NULL);
    assert_parses(repeated("[", " ", FV_JSON_BYTES - 2, "]"), NULL);
    assert_parses(repeated("[", " ", FV_JSON_BYTES - 1, "]"), "x: 16777217 bytes of JSON: at most 16777216 are read");
}

static void the_largest_documents_stay_within_bounds(void **state) {
    (void)state;
    static const struct {
        const char *open, *unit;
        size_t count;
        const char *close;
    } cases[] = {
        {"[0", ",0", FV_JSON_VALUES - 2, "]"},
        {"[[]", ",[]", FV_JSON_VALUES / 2 - 2, "]"},
        {"[{}", ",{}", FV_JSON_VALUES / 2 - 2, "]"},
        {"[{}", ",{\"\":{}}", FV_JSON_VALUES / 3 - 2, "]"},
        {"[{}", ",{\"a\":0,\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0,\"i\":0}", FV_JSON_VALUES / 10 - 2,
         "]"},
        {"[\"", "a", FV_JSON_BYTES - 8, "\"]"},
        {"{\"", "a", FV_JSON_BYTES - 8, "\":1}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = repeated(cases[i].open, cases[i].unit, cases[i].count, cases[i].close);
        size_t bytes = strlen(text);
        live = peak = 0;
        json_t *document = fv_json_parse(text, bytes, "x");
        assert_non_null(document);
        assert_true(peak <= 8 * bytes + ((size_t)32 << 20));
        json_decref(document);
        free(text);
        assert_int_equal(live, 0);
    }
}

/* Whichever allocation fails, the document is whole or there is none. */
static void sweep_allocations(const char *text, long least) {
    long failures = 0;
    for (bool done = false; !done; failures++) {
        char *dumped = NULL;
        fv_memory_fail_after(failures);
        json_t *document = fv_json_parse(text, strlen(text), "x");
        if (document) dumped = fv_json_dump(document);
        fv_memory_fail_after(-1);
        if (!dumped) assert_int_equal(fv_last_status(), FV_NO_MEMORY);
        if (dumped) assert_string_equal(dumped, text);
        done = dumped != NULL;
        json_decref(document);
        fv_free(dumped);
        assert_int_equal(live, 0);
    }
    assert_true(failures > least);
}

static void every_failing_allocation_is_clean(void **state) {
    (void)state;
    sweep_allocations("{\"classes\":[\"left\",\"right\"],\"mean\":[0.5,1],\"graph\":{\"nodes\":[{\"op\":\"conv2d\"}]},"
                      "\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":true,\"h\":null}",
                      30);
}

/* jansson drops a character of a token that outgrows its buffer, and a number makes it forget that it did. */
static void no_character_is_dropped(void **state) {
    (void)state;
    sweep_allocations("[1234567890123456789,2]", 5);
    sweep_allocations("[\"a string that is longer than sixteen and than thirty-two characters\",1,2]", 5);
    sweep_allocations("{\"the same that another string was, as a key\":1,\"and another\":2}", 5);
}

/* ---- values ---- */

static json_t *sample;

static int make_sample(void **state) {
    (void)state;
    sample =
        parse("{\"threshold\":0.25,\"epochs\":12,\"big\":4294967296,\"gray\":true,\"resize\":\"pil\",\"none\":null,"
              "\"input\":[3,32,-1],\"mean\":[0.5,1],\"model\":{}}");
    return sample ? 0 : -1;
}

static int free_sample(void **state) {
    (void)state;
    json_decref(sample);
    return 0;
}

static void values_come_out(void **state) {
    (void)state;
    double number, mean[3];
    int64_t big;
    int epochs, input[3];
    bool gray;
    const char *resize;
    const json_t *array, *object;
    size_t count;
    assert_int_equal(fv_json_number("x", sample, "threshold", 0, 1, &number), FV_OK);
    assert_true(number == 0.25);
    assert_int_equal(fv_json_number("x", sample, "epochs", 12, 12, &number), FV_OK);
    assert_true(number == 12);
    assert_int_equal(fv_json_int("x", sample, "epochs", 12, 12, &epochs), FV_OK);
    assert_int_equal(epochs, 12);
    assert_int_equal(fv_json_int64("x", sample, "big", 0, INT64_MAX, &big), FV_OK);
    assert_int_equal(big, 4294967296);
    assert_int_equal(fv_json_bool("x", sample, "gray", &gray), FV_OK);
    assert_true(gray);
    assert_int_equal(fv_json_string("x", sample, "resize", &resize), FV_OK);
    assert_string_equal(resize, "pil");
    assert_int_equal(fv_json_array("x", sample, "input", &array), FV_OK);
    assert_ptr_equal(array, json_object_get(sample, "input"));
    assert_int_equal(fv_json_object("x", sample, "model", &object), FV_OK);
    assert_ptr_equal(object, json_object_get(sample, "model"));
    assert_int_equal(fv_json_ints("x", sample, "input", -1, INT_MAX, input, 3, &count), FV_OK);
    assert_int_equal(count, 3);
    assert_true(input[0] == 3 && input[1] == 32 && input[2] == -1);
    assert_int_equal(fv_json_numbers("x", sample, "mean", 0, INFINITY, mean, 3, &count), FV_OK);
    assert_int_equal(count, 2);
    assert_true(mean[0] == 0.5 && mean[1] == 1);
}

#define ASSERT_REFUSED(call, text)             \
    do {                                       \
        assert_int_equal(call, FV_BAD_DATA);   \
        assert_string_equal(fv_error(), text); \
    } while (0)

static void wrong_values_are_refused(void **state) {
    (void)state;
    double number = 7, numbers[2];
    int whole = 7, ints[3];
    int64_t wide;
    bool flag;
    const char *text;
    const json_t *value;
    size_t count = 7;
    const json_t *o = sample;
    ASSERT_REFUSED(fv_json_number("m: metadata", o, "threshold", 0.5, 1, &number),
                   "m: metadata: \"threshold\" must be a number from 0.5 to 1, not 0.25");
    ASSERT_REFUSED(fv_json_number("m", o, "threshold", 0, 0.1, &number),
                   "m: \"threshold\" must be a number from 0 to 0.1, not 0.25");
    ASSERT_REFUSED(fv_json_number("m", o, "resize", 0, 1, &number),
                   "m: \"resize\" must be a number from 0 to 1, not \"pil\"");
    ASSERT_REFUSED(fv_json_number("m", o, "absent", 0, 1, &number), "m: \"absent\" is missing");
    ASSERT_REFUSED(fv_json_number("m", NULL, "absent", 0, 1, &number), "m: \"absent\" is missing");
    ASSERT_REFUSED(fv_json_int("m", o, "epochs", 1, 11, &whole),
                   "m: \"epochs\" must be a whole number from 1 to 11, not 12");
    ASSERT_REFUSED(fv_json_int("m", o, "epochs", 13, 20, &whole),
                   "m: \"epochs\" must be a whole number from 13 to 20, not 12");
    ASSERT_REFUSED(fv_json_int("m", o, "big", INT_MIN, INT_MAX, &whole),
                   "m: \"big\" must be a whole number from -2147483648 to 2147483647, not 4294967296");
    ASSERT_REFUSED(fv_json_int64("m", o, "threshold", 0, 1, &wide),
                   "m: \"threshold\" must be a whole number from 0 to 1, not 0.25");
    ASSERT_REFUSED(fv_json_bool("m", o, "none", &flag), "m: \"none\" must be true or false, not null");
    ASSERT_REFUSED(fv_json_string("m", o, "gray", &text), "m: \"gray\" must be a string, not true");
    ASSERT_REFUSED(fv_json_array("m", o, "model", &value), "m: \"model\" must be an array, not an object");
    ASSERT_REFUSED(fv_json_object("m", o, "input", &value), "m: \"input\" must be an object, not an array of 3");
    ASSERT_REFUSED(fv_json_ints("m", o, "input", 0, 100, ints, 3, &count),
                   "m: \"input[2]\" must be a whole number from 0 to 100, not -1");
    ASSERT_REFUSED(fv_json_ints("m", o, "input", 0, 100, ints, 2, &count),
                   "m: \"input\" must be an array of at most 2, not an array of 3");
    ASSERT_REFUSED(fv_json_numbers("m", o, "mean", 0, 0.75, numbers, 2, &count),
                   "m: \"mean[1]\" must be a number from 0 to 0.75, not 1");
    ASSERT_REFUSED(fv_json_numbers("m", o, "gray", 0, 1, numbers, 2, &count), "m: \"gray\" must be an array, not true");
    assert_true(number == 7 && whole == 7 && count == 7);
}

int main(void) {
    json_set_alloc_funcs(counted_alloc, counted_free);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_survive_a_round_trip),
        cmocka_unit_test(bad_documents_are_refused_with_their_place),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(numbers_of_values_and_bytes_are_limited),
        cmocka_unit_test(the_largest_documents_stay_within_bounds),
        cmocka_unit_test(every_failing_allocation_is_clean),
        cmocka_unit_test(no_character_is_dropped),
        cmocka_unit_test_setup_teardown(values_come_out, make_sample, free_sample),
        cmocka_unit_test_setup_teardown(wrong_values_are_refused, make_sample, free_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
