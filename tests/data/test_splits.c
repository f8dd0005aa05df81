/* Splits: folds in which every image validates once, classes spread evenly, and groups that stay together. */
#include "data/trees.h"

#include "core/memory.h"
#include "data/dataset.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 240, CLASSES = 3, PATIENTS = 60 };

/* 240 pictures of 60 patients, who have two to six of them, of any classes. */
static int class_of(int line) { return line % 7 == 0 ? 2 : line % 6 < 3 ? 0 : line % 6 < 5 ? 1 : 2; }
static int patient_of(int line) { return line * 7 % 97 % PATIENTS; }

static fv_dataset *open_set(const char *keys) {
    char *text = calloc(LINES + 1, 64), *end = text;
    end += sprintf(end, "patient,path,label\n");
    for (int i = 0; i < LINES; i++) end += sprintf(end, "P%d,1.ppm,%d\n", patient_of(i), class_of(i));
    tree_picture("set/1.ppm", 2, 2, 'A');
    tree_text("set/list.csv", text);
    free(text);
    fv_dataset *set = fv_dataset_open(temporary("set/list.csv%s", keys), FV_SPLIT_DEFAULT);
    if (!set) fail_msg("%s", fv_error());
    return set;
}

static void count_classes(const fv_dataset *set, size_t counts[CLASSES]) {
    memset(counts, 0, CLASSES * sizeof *counts);
    for (size_t i = 0; i < fv_dataset_count(set); i++) {
        int label;
        assert_int_equal(fv_dataset_label(set, i, &label), FV_OK);
        counts[label]++;
    }
}

static void mark_groups(const fv_dataset *set, bool *marks) {
    for (size_t i = 0; i < fv_dataset_count(set); i++) marks[set->groups[i]] = true;
}

static fv_dataset *fold(const fv_dataset *set, fv_split part, int i, int folds) {
    fv_dataset *made = fv_dataset_fold(set, part, i, folds, 3);
    if (!made) fail_msg("%s", fv_error());
    return made;
}

/* Sizes, and those of classes, differ by one at most. */
static void folds_are_even(void **state) {
    (void)state;
    fv_dataset *set = open_set("");
    size_t whole[CLASSES], counts[CLASSES], sum = 0;
    count_classes(set, whole);
    for (int i = 1; i <= 7; i++) {
        fv_dataset *val = fold(set, FV_VAL, i, 7), *train = fold(set, FV_TRAIN, i, 7);
        assert_in_range(fv_dataset_count(val), LINES / 7, LINES / 7 + 1);
        assert_int_equal(fv_dataset_count(val) + fv_dataset_count(train), LINES);
        assert_int_equal(fv_dataset_split(val), FV_VAL);
        count_classes(val, counts);
        for (int c = 0; c < CLASSES; c++) assert_in_range(counts[c], whole[c] / 7, whole[c] / 7 + 1);
        sum += fv_dataset_count(val);
        fv_dataset_free(val);
        fv_dataset_free(train);
    }
    assert_int_equal(sum, LINES);
    fv_dataset_free(set);
}

/* In memory, where an image tells its index. */
static void every_image_validates_once(void **state) {
    (void)state;
    uint8_t pixels[50];
    int labels[50], times[50] = {0};
    for (int i = 0; i < 50; i++) pixels[i] = (uint8_t)i, labels[i] = i % 3;
    fv_dataset *set = fv_dataset_from_memory(pixels, labels, 50, 1, 1, 1, 3, NULL);
    for (int i = 1; i <= 4; i++) {
        fv_dataset *val = fold(set, FV_VAL, i, 4);
        for (size_t j = 0; j < fv_dataset_count(val); j++) times[color_of(val, j, NULL)]++;
        fv_dataset_free(val);
    }
    for (int i = 0; i < 50; i++) assert_int_equal(times[i], 1);
    fv_dataset_free(set);
}

static void assert_apart(const fv_dataset *a, const fv_dataset *b) {
    bool in_a[PATIENTS] = {0}, in_b[PATIENTS] = {0};
    mark_groups(a, in_a);
    mark_groups(b, in_b);
    for (int g = 0; g < PATIENTS; g++) assert_false(in_a[g] && in_b[g]);
}

/* Near the share, in all and in each class. */
static void assert_share(const fv_dataset *part, const fv_dataset *whole, double share) {
    size_t all[CLASSES], own[CLASSES];
    count_classes(whole, all);
    count_classes(part, own);
    for (int c = 0; c < CLASSES; c++)
        if (!((double)own[c] > share * (double)all[c] - 4 && (double)own[c] < share * (double)all[c] + 4))
            fail_msg("class %d: %zu of %zu for a share of %g", c, own[c], all[c], share);
}

static void groups_stay_together(void **state) {
    (void)state;
    fv_dataset *set = open_set(",group=patient");
    assert_int_equal(fv_dataset_groups(set), PATIENTS);
    for (uint64_t seed = 0; seed < 5; seed++) {
        fv_dataset *val = fv_dataset_part(set, FV_VAL, 0.3f, seed), *train = fv_dataset_part(set, FV_TRAIN, 0.3f, seed);
        assert_int_equal(fv_dataset_count(val) + fv_dataset_count(train), LINES);
        assert_apart(val, train);
        assert_share(val, set, 0.3);
        fv_dataset_free(val);
        fv_dataset_free(train);
    }
    size_t sum = 0;
    for (int i = 1; i <= 5; i++) {
        fv_dataset *val = fold(set, FV_VAL, i, 5), *train = fold(set, FV_TRAIN, i, 5);
        assert_apart(val, train);
        assert_share(val, set, 0.2);
        sum += fv_dataset_count(val);
        fv_dataset_free(val);
        fv_dataset_free(train);
    }
    assert_int_equal(sum, LINES);
    fv_dataset_free(set);
}

static void groups_outlive_a_limit_and_a_split(void **state) {
    (void)state;
    fv_dataset *set = open_set(",group=Patient,limit=100");
    for (size_t i = 0; i < 100; i++) {
        int label;
        assert_int_equal(fv_dataset_label(set, i, &label), FV_OK);
        assert_int_equal(label, class_of((int)(i * LINES / 100)));
    }
    fv_dataset *train = fv_dataset_part(set, FV_TRAIN, 0.3f, 1), *inner = fv_dataset_part(train, FV_VAL, 0.3f, 1),
               *rest = fv_dataset_part(train, FV_TRAIN, 0.3f, 1);
    assert_apart(inner, rest);
    fv_dataset_free(inner);
    fv_dataset_free(rest);
    fv_dataset_free(train);
    fv_dataset_free(set);
}

static void the_same_for_the_same_seed(void **state) {
    (void)state;
    fv_dataset *set = open_set(",group=patient");
    bool marks[3][PATIENTS] = {{0}};
    for (int i = 0; i < 3; i++) {
        fv_dataset *val = fv_dataset_fold(set, FV_VAL, 2, 4, i == 2);
        mark_groups(val, marks[i]);
        fv_dataset_free(val);
    }
    assert_memory_equal(marks[0], marks[1], sizeof marks[0]);
    assert_memory_not_equal(marks[0], marks[2], sizeof marks[0]);
    fv_dataset_free(set);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    fv_dataset *set = open_set(",group=patient");
    assert_refused(fv_dataset_fold(set, FV_VAL, 1, 1, 0), FV_BAD_ARGUMENT,
                   "--folds 1: must be from 2 to the number of groups, 60");
    assert_refused(fv_dataset_fold(set, FV_VAL, 1, 61, 0), FV_BAD_ARGUMENT, "--folds 61");
    assert_refused(fv_dataset_fold(set, FV_VAL, 0, 5, 0), FV_BAD_ARGUMENT, "--fold 0: must be from 1 to 5");
    assert_refused(fv_dataset_fold(set, FV_VAL, 6, 5, 0), FV_BAD_ARGUMENT, "--fold 6: must be from 1 to 5");
    assert_refused(fv_dataset_fold(set, FV_TEST, 1, 5, 0), FV_BAD_ARGUMENT, "the part train or val");
    assert_null(fv_dataset_fold(NULL, FV_VAL, 1, 5, 0));
    fv_dataset_free(set);
    assert_refused(fv_dataset_open(temporary("set/list.csv,group=doctor"), FV_TRAIN), FV_BAD_ARGUMENT,
                   "group=doctor: no column named");
    tree_text("set/bare.csv", "1.ppm,0,P1\n");
    assert_refused(fv_dataset_open(temporary("set/bare.csv,group=patient"), FV_TRAIN), FV_BAD_ARGUMENT,
                   "group=patient: needs a first line that names the columns");
    tree_text("set/holes.csv", "path,label,patient\n1.ppm,0,P1\n1.ppm,1,\n");
    assert_refused(fv_dataset_open(temporary("set/holes.csv,group=patient"), FV_TRAIN), FV_BAD_DATA,
                   "line 3: the group is empty");
    tree_text("set/short.csv", "path,label,patient\n1.ppm,0\n");
    assert_refused(fv_dataset_open(temporary("set/short.csv,group=patient"), FV_TRAIN), FV_BAD_DATA,
                   "line 2: 2 fields: expected path,label and the group");
    tree_text("set/one.csv", "path,label,patient\n1.ppm,0,P\n1.ppm,1,P\n");
    set = fv_dataset_open(temporary("set/one.csv,group=patient"), FV_TRAIN);
    assert_refused(fv_dataset_part(set, FV_TRAIN, 0.5f, 0), FV_BAD_ARGUMENT,
                   "--val-split 0.5 of 2 images in groups leaves the training part empty");
    fv_dataset_free(set);
}

static void survives_failing_allocations(void **state) {
    (void)state;
    char spec[4200];
    fv_dataset_free(open_set(""));
    snprintf(spec, sizeof spec, "csv:%s", temporary("set/list.csv,group=patient"));
    for (long i = 0;; i++) {
        fv_memory_fail_after(i);
        fv_dataset *set = fv_dataset_open(spec, FV_SPLIT_DEFAULT);
        fv_dataset *val = set ? fv_dataset_fold(set, FV_VAL, 1, 3, 0) : NULL;
        long made = fv_memory_fail_after(-1);
        bool whole = val;
        fv_dataset_free(val);
        fv_dataset_free(set);
        if (made <= i) break;
        assert_false(whole);
        assert_int_equal(fv_last_status(), FV_NO_MEMORY);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folds_are_even),
        cmocka_unit_test(every_image_validates_once),
        cmocka_unit_test(groups_stay_together),
        cmocka_unit_test(groups_outlive_a_limit_and_a_split),
        cmocka_unit_test(the_same_for_the_same_seed),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
