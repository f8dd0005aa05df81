#include "data/dataset.h"

#include "core/memory.h"
#include "support/unit.h"

#include <string.h>

/* ---- From memory and from a callback ---- */

static const uint8_t pixels[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static void memory_lends_the_pixels(void **state) {
    (void)state;
    int labels[] = {1, 0};
    static const char *const names[] = {"cat", "dog"};
    fv_dataset *d = fv_dataset_from_memory(pixels, labels, 2, 3, 1, 2, 2, names);
    labels[0] = 0; /* was copied */
    fv_image image;
    int label;
    assert_int_equal(fv_dataset_read(d, 1, NULL, &image, &label), FV_OK);
    assert_int_equal(label, 0);
    assert_ptr_equal(image.pixels, pixels + 6);
    assert_int_equal(fv_dataset_label(d, 0, &label), FV_OK);
    assert_int_equal(label, 1);
    assert_string_equal(fv_dataset_class_name(d, 1), "dog");
    fv_image_free(&image);
    fv_dataset_free(d);
}

static void memory_refuses_nonsense(void **state) {
    (void)state;
    static const int labels[] = {0, 2};
    assert_null(fv_dataset_from_memory(NULL, labels, 2, 1, 2, 3, 3, NULL));
    assert_null(fv_dataset_from_memory(pixels, labels, 2, 1, 2, 3, 2, NULL));
    assert_contains(fv_error(), "image 1 has label 2: must be 0..1");
    assert_null(fv_dataset_from_memory(pixels, labels, 0, 1, 2, 3, 3, NULL));
    assert_contains(fv_error(), "a dataset of no images");
    assert_null(fv_dataset_from_memory(pixels, labels, 2, 5, 2, 3, 3, NULL));
    assert_null(fv_dataset_from_memory(pixels, labels, 2, 1, 0, 3, 3, NULL));
    assert_null(fv_dataset_from_memory(pixels, labels, 2, 1, 2, 3, 0, NULL));
    assert_contains(fv_error(), "0 classes");
    assert_null(fv_dataset_from_memory(pixels, labels, 2, 1, 2, 3, 3, (const char *[]){"a", "b\xc3", "c"}));
    assert_string_equal(fv_error(), "memory: the class 'b\xc3' is not named in UTF-8: rename it");
}

static fv_status read_one(void *user, size_t index, uint8_t *out, int *label) {
    if (index == 3) return FV_IO_ERROR;
    memset(out, (int)index, 4);
    if (index != 2) *label = *(int *)user;
    return FV_OK;
}

static void callback_fills_the_pixels(void **state) {
    (void)state;
    int user = 1, label;
    fv_image image;
    fv_dataset *d = fv_dataset_from_callback(read_one, &user, 4, 1, 2, 2, 2, NULL);
    assert_int_equal(fv_dataset_read(d, 1, NULL, &image, &label), FV_OK);
    assert_int_equal(label, 1);
    assert_memory_equal(image.pixels, ((uint8_t[]){1, 1, 1, 1}), 4);
    fv_image_free(&image);
    assert_int_equal(fv_dataset_read(d, 2, NULL, &image, &label), FV_BAD_DATA); /* it forgot the label */
    assert_contains(fv_error(), "image 2 has label -1");
    assert_null(image.owned);
    assert_int_equal(fv_dataset_label(d, 3, &label), FV_IO_ERROR);
    assert_contains(fv_error(), "image 3 could not be read");
    fv_dataset_free(d);
    assert_null(fv_dataset_from_callback(NULL, &user, 4, 1, 2, 2, 2, NULL));
}

/* ---- Classes of another set ---- */

static int label_of(const fv_dataset *d, size_t index) {
    int label;
    assert_int_equal(fv_dataset_label(d, index, &label), FV_OK);
    return label;
}

static void classes_are_matched_by_name(void **state) {
    (void)state;
    static const int labels[] = {0, 1};
    static const char *const own[] = {"cat", "dog"}, *const other[] = {"ant", "dog", "cat"},
                             *const odd[] = {"cat", "cow"};
    fv_dataset *d = fv_dataset_from_memory(pixels, labels, 2, 3, 1, 2, 2, own);
    assert_int_equal(fv_dataset_set_classes(d, odd, 2), FV_BAD_DATA);
    assert_contains(fv_error(), "memory: its class 'dog' is none of the 2 that are known");
    assert_int_equal(label_of(d, 1), 1);                                                    /* as before */
    assert_int_equal(fv_dataset_set_classes(d, (const char *const[]){"x", "y"}, 2), FV_OK); /* nothing in common */
    assert_int_equal(label_of(d, 1), 1);
    assert_int_equal(fv_dataset_set_classes(d, (const char *const[]){"x", "y", "z"}, 3), FV_BAD_DATA);
    assert_int_equal(fv_dataset_set_classes(d, other, 3), FV_OK);
    assert_int_equal(fv_dataset_classes(d), 3);
    assert_string_equal(fv_dataset_class_name(d, 0), "ant");
    assert_int_equal(label_of(d, 0), 2);
    assert_int_equal(label_of(d, 1), 1);
    fv_image image;
    int label;
    assert_int_equal(fv_dataset_read(d, 0, NULL, &image, &label), FV_OK);
    assert_int_equal(label, 2);
    assert_int_equal(fv_dataset_set_classes(d, other, 3), FV_BAD_ARGUMENT);
    fv_dataset_free(d);
}

static void numbers_take_the_names_in_order(void **state) {
    (void)state;
    static const int labels[] = {1, 0};
    static const char *const names[] = {"ant", "bee", "cat"};
    fv_dataset *d = fv_dataset_from_memory(pixels, labels, 2, 3, 1, 2, 2, NULL);
    assert_int_equal(fv_dataset_set_classes(d, names, 1), FV_BAD_DATA);
    assert_int_equal(fv_dataset_set_classes(d, names, 3), FV_OK);
    assert_int_equal(label_of(d, 0), 1);
    assert_string_equal(fv_dataset_class_name(d, 2), "cat");
    fv_dataset_free(d);
}

/* ---- Parts ---- */

enum { IMAGES = 100 };
static uint8_t images[IMAGES];
static int image_labels[IMAGES]; /* 70 of class 0, 30 of class 1 */

static fv_dataset *parent_set(void) {
    for (int i = 0; i < IMAGES; i++) images[i] = (uint8_t)i, image_labels[i] = i % 10 < 3;
    return fv_dataset_from_memory(images, image_labels, IMAGES, 1, 1, 1, 2, NULL);
}

/* Adds to times[i] for image i; returns the number of class 1. */
static int count_part(const fv_dataset *part, int *times) {
    int ones = 0, last = -1;
    for (size_t i = 0; i < fv_dataset_count(part); i++) {
        fv_image image;
        int label, again;
        assert_int_equal(fv_dataset_read(part, i, NULL, &image, &label), FV_OK);
        int at = *(const uint8_t *)image.pixels;
        assert_int_equal(label, image_labels[at]);
        assert_int_equal(fv_dataset_label(part, i, &again), FV_OK);
        assert_int_equal(again, label);
        assert_true(at > last); /* the parent's order */
        last = at;
        times[at]++;
        ones += label;
        fv_image_free(&image);
    }
    return ones;
}

static void parts_are_stratified_and_complete(void **state) {
    (void)state;
    fv_dataset *d = parent_set();
    fv_dataset *train = fv_dataset_part(d, FV_TRAIN, 0.2f, 7), *val = fv_dataset_part(d, FV_VAL, 0.2f, 7);
    int times[IMAGES] = {0};
    assert_int_equal(fv_dataset_count(train), 80);
    assert_int_equal(fv_dataset_count(val), 20);
    assert_int_equal(fv_dataset_split(val), FV_VAL);
    assert_int_equal(count_part(train, times), 24);
    assert_int_equal(count_part(val, times), 6);
    for (int i = 0; i < IMAGES; i++) assert_int_equal(times[i], 1);
    fv_dataset_free(train);
    fv_dataset_free(val);
    fv_dataset_free(d);
}

static void parts_depend_on_the_seed(void **state) {
    (void)state;
    fv_dataset *d = parent_set();
    int times[3][IMAGES] = {{0}};
    for (int i = 0; i < 3; i++) {
        fv_dataset *val = fv_dataset_part(d, FV_VAL, 0.3f, i == 2);
        count_part(val, times[i]);
        fv_dataset_free(val);
    }
    assert_memory_equal(times[0], times[1], sizeof times[0]);
    assert_memory_not_equal(times[0], times[2], sizeof times[0]);
    fv_dataset_free(d);
}

static void parts_refuse_nonsense(void **state) {
    (void)state;
    fv_dataset *d = parent_set();
    assert_null(fv_dataset_part(d, FV_VAL, 0.0f, 0));
    assert_contains(fv_error(), "--val-split 0: must be above 0 and below 1");
    assert_null(fv_dataset_part(d, FV_VAL, 1.0f, 0));
    assert_null(fv_dataset_part(d, FV_VAL, -0.0f / 0.0f, 0));
    assert_null(fv_dataset_part(d, FV_TEST, 0.5f, 0));
    assert_null(fv_dataset_part(d, FV_VAL, 0.001f, 0));
    assert_contains(fv_error(), "--val-split 0.001 of 100 images leaves the validation part empty");
    assert_null(fv_dataset_part(NULL, FV_VAL, 0.5f, 0));
    fv_dataset_free(d);
}

static void survives_failing_allocations(void **state) {
    (void)state;
    fv_dataset *d = parent_set();
    for (long i = 0;; i++) {
        fv_memory_fail_after(i);
        fv_dataset *part = fv_dataset_part(d, FV_VAL, 0.2f, 0);
        long made = fv_memory_fail_after(-1);
        fv_dataset_free(part);
        if (made <= i) break;
        assert_null(part);
        assert_int_equal(fv_last_status(), FV_NO_MEMORY);
    }
    fv_dataset_free(d);
}

static void questions_about_nothing_have_answers(void **state) {
    (void)state;
    int c = 1, h = 1, w = 1;
    assert_int_equal(fv_dataset_count(NULL), 0);
    assert_int_equal(fv_dataset_classes(NULL), 0);
    assert_int_equal(fv_dataset_positive(NULL), -1);
    assert_null(fv_dataset_name(NULL));
    assert_null(fv_dataset_class_name(NULL, 0));
    fv_dataset_image_size(NULL, &c, &h, &w);
    assert_int_equal(c + h + w, 0);
    fv_dataset_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_lends_the_pixels),         cmocka_unit_test(memory_refuses_nonsense),
        cmocka_unit_test(callback_fills_the_pixels),       cmocka_unit_test(classes_are_matched_by_name),
        cmocka_unit_test(numbers_take_the_names_in_order), cmocka_unit_test(parts_are_stratified_and_complete),
        cmocka_unit_test(parts_depend_on_the_seed),        cmocka_unit_test(parts_refuse_nonsense),
        cmocka_unit_test(survives_failing_allocations),    cmocka_unit_test(questions_about_nothing_have_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
