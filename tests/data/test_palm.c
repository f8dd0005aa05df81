#include "data/trees.h"

#include "core/memory.h"
#include "data/dataset.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char table[] =
    "ID,imgName,Label,Fovea_X,Fovea_Y\r\n1,V0001.ppm,0,1157.74,1019.87\r\n2,V0002.ppm,1,1,2\r\n";

/* The set under `name`: training images in `train`, validation in `val`, the table at `labels`. */
static const char *make_set(const char *name, const char *train, const char *val, const char *labels) {
    char path[256];
    static const char *const names[] = {"H0001.ppm", "N0001.ppm", "P0001.ppm"};
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s/%s", name, train, names[i]);
        tree_picture(path, 4, 4, 'A' + i);
    }
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s/V000%d.ppm", name, val, i + 1);
        tree_picture(path, 4, 4, 'V' + i);
    }
    snprintf(path, sizeof path, "%s/%s", name, labels);
    tree_text(path, table);
    return temporary("%s", name);
}

static void check_set(const char *folder) {
    int label;
    fv_dataset *d = fv_palm(folder);
    assert_non_null(d);
    assert_int_equal(fv_dataset_count(d), 3);
    assert_int_equal(fv_dataset_split(d), FV_TRAIN);
    assert_int_equal(fv_dataset_positive(d), 1);
    assert_string_equal(fv_dataset_class_name(d, 1), "pathologic_myopia");
    static const int labels[] = {0, 0, 1};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(color_of(d, i, &label), 'A' + (int)i);
        assert_int_equal(label, labels[i]);
    }
    fv_dataset_free(d);
    d = fv_palm(folder, .split = FV_VAL);
    assert_non_null(d);
    assert_int_equal(fv_dataset_count(d), 2);
    assert_int_equal(fv_dataset_split(d), FV_VAL);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(color_of(d, i, &label), 'V' + (int)i);
        assert_int_equal(label, (int)i);
    }
    fv_dataset_free(d);
    assert_refused(fv_palm(folder, .split = FV_TEST), FV_UNSUPPORTED, "palm has no test split");
    d = fv_dataset_open(folder, FV_TRAIN); /* recognised */
    assert_string_equal(fv_dataset_name(d), "palm");
    fv_dataset_free(d);
}

static void reads_every_layout(void **state) {
    (void)state;
    check_set(make_set("gathered", "PALM-Training400", "PALM-Validation400", "labels.csv"));
    check_set(make_set("original", "PALM-Training400/PALM-Training400", "PALM-Validation400",
                       "PALM-Validation-GT/PM_Label_and_Fovea_Location.csv"));
    check_set(make_set("nested", "PALM-Training400/PALM-Training400", "PALM-Validation400/PALM-Validation400",
                       "PALM-Validation-GT/labels.csv"));
}

static void refuses_what_is_incomplete(void **state) {
    (void)state;
    assert_refused(fv_palm(temporary("nowhere")), FV_IO_ERROR, "nowhere: no such folder");
    make_set("wrong", "Training", "PALM-Validation400", "unlabelled.csv");
    assert_refused(fv_palm(temporary("wrong")), FV_IO_ERROR, "expected a folder PALM-Training400");
    assert_refused(fv_palm(temporary("wrong"), .split = FV_VAL), FV_IO_ERROR, "no labels for the validation images");
    tree_text("wrong/PALM-Validation-GT/PM_Label_and_Fovea_Location.xlsx", "PK");
    assert_refused(fv_palm(temporary("wrong"), .split = FV_VAL), FV_IO_ERROR, "workbooks are not read: save it as");
    make_set("letters", "PALM-Training400", "PALM-Validation400", "labels.csv");
    tree_picture("letters/PALM-Training400/V0001.ppm", 4, 4, 'X');
    assert_refused(fv_palm(temporary("letters")), FV_BAD_DATA, "V0001.ppm: its name must begin with P, H or N");
}

static void names_the_line_of_a_bad_label(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"ID,imgName\n1,V0001.ppm\n", "labels.csv: line 1: must name the columns imgName and Label"},
        {"imgName;Label\nV0001.ppm;1\n", "line 1: must name the columns"},
        {"imgName,Label\nV0001.ppm,1\n\nV0002.ppm,2\n", "labels.csv: line 4: label '2': must be 0 or 1"},
        {"imgName,Label\nV0001.ppm,NaN\n", "line 2: label 'NaN': must be 0 or 1"},
        {"imgName,Label\nV0001.ppm,10\n", "line 2: label '10'"},
        {"imgName,Label\nV0001.ppm\n", "line 2: 1 fields: fewer than the header"},
        {"imgName,Label\n../V0001.ppm,1\n", "line 2: path '../V0001.ppm': must lie in the folder"},
        {"imgName,Label\n", "no image here"},
        {"", "line 1: must name the columns"},
    };
    make_set("labels", "PALM-Training400", "PALM-Validation400", "labels.csv");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tree_text("labels/labels.csv", cases[i][0]);
        assert_refused(fv_palm(temporary("labels"), .split = FV_VAL), FV_BAD_DATA, cases[i][1]);
    }
}

static void survives_failing_allocations(void **state) {
    (void)state;
    make_set("sweep", "PALM-Training400", "PALM-Validation400", "labels.csv");
    for (long i = 0;; i++) {
        fv_memory_fail_after(i);
        fv_dataset *d = fv_palm(temporary("sweep"), .split = FV_VAL);
        long made = fv_memory_fail_after(-1);
        fv_dataset_free(d);
        if (made <= i) break;
        assert_null(d);
        assert_int_equal(fv_last_status(), FV_NO_MEMORY);
    }
}

static int count_positive(const fv_dataset *d) {
    int positive = 0;
    for (size_t i = 0; i < fv_dataset_count(d); i++) {
        int label;
        assert_int_equal(fv_dataset_label(d, i, &label), FV_OK);
        positive += label;
    }
    return positive;
}

static void reads_the_real_thing(void **state) {
    (void)state;
    const char *data = getenv("FOVEA_DATA");
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/palm", data ? data : "../shared/data");
    if (access(folder, R_OK) != 0) {
        print_message("skipped: no PALM at %s (set FOVEA_DATA)\n", folder);
        skip();
    }
    fv_dataset *train = fv_palm(folder), *val = fv_palm(folder, .split = FV_VAL);
    assert_int_equal(fv_dataset_count(train), 400);
    assert_int_equal(fv_dataset_count(val), 400);
    assert_int_equal(count_positive(train), 213);
    assert_int_equal(count_positive(val), 211);
    fv_dataset_free(train);
    fv_dataset_free(val);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_layout),
        cmocka_unit_test(refuses_what_is_incomplete),
        cmocka_unit_test(names_the_line_of_a_bad_label),
        cmocka_unit_test(survives_failing_allocations),
        cmocka_unit_test(reads_the_real_thing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
