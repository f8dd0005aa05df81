/* The file of what was measured: what one process writes another adds to, and what is no such file is refused as a whole. */
#include "core/memory.h"
#include "formats/tuning_file.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static fv_tuning *table(const char *const layers[], const char *const kernels[], int n) {
    fv_tuning *tuning = fv_tuning_new();
    char layer[FV_PICK_TEXT];
    for (int i = 0; i < n; i++) {
        snprintf(layer, sizeof layer, "%s, %s", fv_version(), layers[i]);
        assert_int_equal(fv_tuning_put(tuning, layer, kernels[i]), FV_OK);
    }
    return tuning;
}

static void assert_has(const fv_tuning *tuning, const char *layer, const char *kernels) {
    char whole[FV_PICK_TEXT];
    snprintf(whole, sizeof whole, "%s, %s", fv_version(), layer);
    const char *found = fv_tuning_find(tuning, whole);
    assert_string_equal(found ? found : "nothing", kernels);
}

static fv_tuning *loaded(const char *path) {
    fv_tuning *tuning = fv_tuning_new();
    if (fv_tuning_load(tuning, path) != FV_OK) fail_msg("%s", fv_error());
    return tuning;
}

/* Two processes began with the same file, and each writes what it found out. */
static void test_both_are_kept(void **state) {
    (void)state;
    const char *path = temporary("new/folders/tuning.json");
    fv_tuning *first = loaded(path), *second = loaded(path); /* not there: empty */
    assert_int_equal(first->n + second->n, 0);
    fv_tuning_free(first);
    fv_tuning_free(second);
    first = table((const char *[]){"a", "both"}, (const char *[]){"dnn", "dnn | dnn"}, 2);
    second = table((const char *[]){"b", "both"}, (const char *[]){"simd", "winograd | dnn"}, 2);
    assert_int_equal(fv_tuning_save(first, path), FV_OK);
    assert_int_equal(fv_tuning_save(second, path), FV_OK);
    fv_tuning *whole = loaded(path);
    assert_int_equal(whole->n, 3);
    assert_has(whole, "a", "dnn");
    assert_has(whole, "b", "simd");
    assert_has(whole, "both", "winograd | dnn");
    assert_int_equal(fv_tuning_load(first, path), FV_OK); /* what it has itself stays */
    assert_has(first, "both", "dnn | dnn");
    assert_has(first, "b", "simd");
    assert_int_equal(entries(temporary("new/folders")), 1);
    fv_tuning_free(first);
    fv_tuning_free(second);
    fv_tuning_free(whole);
}

/* They stay in the file, and are not asked for. */
static void test_other_versions(void **state) {
    (void)state;
    const char *path = temporary("versions.json");
    put_text(path, "{\"fovea_tuning\":1,\"kernels\":{\"fovea 9.9, 2 threads: conv2d\":\"dnn\"}}");
    fv_tuning *tuning = loaded(path), *own = table((const char *[]){"a"}, (const char *[]){"dnn"}, 1);
    assert_int_equal(tuning->n, 0);
    assert_int_equal(fv_tuning_save(own, path), FV_OK);
    char *text = file_bytes(path, NULL);
    assert_contains(text, "\"fovea 9.9, 2 threads: conv2d\":\"dnn\"");
    assert_contains(text, ", a\":\"dnn\"");
    free(text);
    fv_tuning_free(tuning);
    fv_tuning_free(own);
}

static void test_an_empty_one(void **state) {
    (void)state;
    const char *path = temporary("empty.json");
    put_text(path, "{\"fovea_tuning\":1,\"kernels\":{}}");
    fv_tuning *tuning = loaded(path);
    assert_int_equal(tuning->n, 0);
    fv_tuning_free(tuning);
}

static void test_what_is_no_such_file(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        "{",
                                        "epoch,step\n",
                                        "[]",
                                        "{}",
                                        "{\"fovea_tuning\":2,\"kernels\":{}}",
                                        "{\"fovea_tuning\":1}",
                                        "{\"fovea_tuning\":1,\"kernels\":[]}",
                                        "{\"fovea_tuning\":1,\"kernels\":{\"@, a\":\"dnn\",\"@, b\":7}}",
                                        "{\"fovea_tuning\":1,\"kernels\":{\"@, a\":\"dnn\",\"@, a\":\"dnn\"}}"};
    const char *path = temporary("wrong.json");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[1024] = "";
        for (const char *at = texts[i]; *at; at++) /* @: a layer of this version's */
            snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s", *at == '@' ? 95 : 1,
                     *at == '@' ? fv_version() : at);
        put_text(path, text);
        fv_tuning *tuning = fv_tuning_new();
        assert_int_equal(fv_tuning_load(tuning, path), FV_BAD_DATA);
        assert_contains(fv_error(), "wrong.json");
        assert_int_equal(tuning->n, 0);
        fv_tuning_free(tuning);
    }
    fv_tuning *own = table((const char *[]){"a"}, (const char *[]){"dnn"}, 1); /* it is replaced */
    assert_int_equal(fv_tuning_save(own, path), FV_OK);
    fv_tuning *again = loaded(path);
    assert_int_equal(again->n, 1);
    fv_tuning_free(own);
    fv_tuning_free(again);
}

/* A file of `n` layers of another version, with names of `length` characters. */
static void put_many(const char *path, int n, int length) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("{\"fovea_tuning\":1,\"kernels\":{", file);
    for (int i = 0; i < n; i++) fprintf(file, "%s\"%0*d\":\"dnn\"", i ? "," : "", length, i);
    fputs("}}", file);
    assert_int_equal(fclose(file), 0);
}

static void test_limits(void **state) {
    (void)state;
    const char *path = temporary("many.json");
    fv_tuning *tuning = table((const char *[]){"a"}, (const char *[]){"dnn"}, 1);
    put_many(path, FV_PICKS + 1, 8);
    assert_int_equal(fv_tuning_load(tuning, path), FV_BAD_DATA);
    assert_contains(fv_error(), "more than 4096 layers");
    put_many(path, 1, FV_PICK_TEXT);
    assert_int_equal(fv_tuning_load(tuning, path), FV_BAD_DATA);
    assert_contains(fv_error(), "more than 512 characters");
    put_many(path, FV_PICKS, 8); /* full of others: one of them makes room */
    assert_int_equal(fv_tuning_save(tuning, path), FV_OK);
    fv_tuning *again = loaded(path);
    assert_has(again, "a", "dnn");
    fv_tuning_free(tuning);
    fv_tuning_free(again);
}

static void test_places_that_cannot_be(void **state) {
    (void)state;
    fv_tuning *tuning = table((const char *[]){"a"}, (const char *[]){"dnn"}, 1);
    put_text(temporary("file"), "x");
    assert_int_equal(fv_tuning_save(tuning, temporary("file/tuning.json")), FV_IO_ERROR);
    assert_int_equal(mkdir(temporary("folder"), 0777), 0);
    assert_int_equal(fv_tuning_load(tuning, temporary("folder")), FV_IO_ERROR);
    assert_int_equal(fv_tuning_save(tuning, temporary("folder")), FV_IO_ERROR);
    assert_int_equal(mkfifo(temporary("fifo"), 0666), 0);
    assert_int_equal(fv_tuning_load(tuning, temporary("fifo")), FV_IO_ERROR); /* and does not wait */
    fv_tuning_free(tuning);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_are_kept), cmocka_unit_test(test_other_versions),
        cmocka_unit_test(test_an_empty_one),  cmocka_unit_test(test_what_is_no_such_file),
        cmocka_unit_test(test_limits),        cmocka_unit_test(test_places_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
