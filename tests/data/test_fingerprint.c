/* A set's fingerprint, by its definition; and that it tells sets apart, and files by name. */
#include "data/trees.h"
#include "support/unit.h"

#include <string.h>

static uint8_t pixels[2] = {7, 9};
static int labels[2] = {0, 1};

static uint64_t fingerprint(const char *a, const char *b, size_t most) {
    uint64_t hash;
    fv_dataset *set = fv_dataset_from_memory(pixels, labels, 2, 1, 1, 1, 2, (const char *const[]){a, b});
    assert_int_equal(fv_dataset_fingerprint(set, most, &hash), FV_OK);
    fv_dataset_free(set);
    return hash;
}

/* FNV-1a of "a", "b" with their NULs, the labels as 8 bytes each, the lowest first, and of each image a 1, its width, height,
 * channels and depth likewise, and its pixels; computed by Python. */
static void is_as_defined(void **s) {
    (void)s;
    assert_true(fingerprint("a", "b", 0) == UINT64_C(0xcbe8df6de9e3d46b));
}

static void whatever_differs_shows(void **s) {
    (void)s;
    uint64_t whole = fingerprint("a", "b", 0), first = fingerprint("a", "b", 1);
    assert_true(fingerprint("a", "c", 0) != whole && first != whole && fingerprint("a", "b", 9) == whole);
    pixels[1]++;
    assert_true(fingerprint("a", "b", 0) != whole && fingerprint("a", "b", 1) == first);
    pixels[1]--;
    labels[1] = 0;
    assert_true(fingerprint("a", "b", 0) != whole && fingerprint("a", "b", 1) != first);
    labels[1] = 1;
}

static void files_have_names(void **s) {
    (void)s;
    uint64_t before, after;
    tree_picture("set/cat/1.ppm", 2, 2, 'A');
    tree_picture("set/dog/deep/2.ppm", 2, 2, 'B');
    fv_dataset *set = fv_folder(temporary("set")), *part = fv_dataset_fold(set, FV_VAL, 1, 2, 1);
    assert_string_equal(fv_dataset_path(set, 0), "cat/1.ppm");
    assert_string_equal(fv_dataset_path(set, 1), "dog/deep/2.ppm");
    assert_null(fv_dataset_path(set, 2));
    assert_null(fv_dataset_path(NULL, 0));
    assert_string_equal(fv_dataset_path(part, 0),
                        fv_dataset_path(set, strstr(fv_dataset_path(part, 0), "dog") != NULL));
    assert_int_equal(fv_dataset_fingerprint(set, 0, &before), FV_OK);
    fv_dataset_free(part);
    fv_dataset_free(set);
    tree_text("set/dog/deep/3.ppm", "no picture");
    set = fv_folder(temporary("set"));
    assert_int_equal(fv_dataset_fingerprint(set, 0, &after), FV_OK); /* which is no reason to fail */
    assert_true(before != after);
    fv_dataset_free(set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_as_defined),
        cmocka_unit_test(whatever_differs_shows),
        cmocka_unit_test(files_have_names),
    };
    return cmocka_run_group_tests_name("fingerprint", tests, NULL, NULL);
}
