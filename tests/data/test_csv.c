#include "data/trees.h"

#include "core/memory.h"
#include "data/csv.h"
#include "data/dataset.h"
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

/* ---- Records ----------------------------------------------------------------------------------------------------- */

/* All records of a text, fields between |, with the number of each line; or the message. */
static const char *records_of(const char *text) {
    static char copy[1024], out[2048];
    fv_csv c;
    size_t bytes = strlen(text);
    strcpy(copy, text);
    *out = '\0';
    if (fv_csv_begin(&c, copy, bytes, "t") != FV_OK) return fv_error();
    for (;;) {
        if (fv_csv_next(&c) != FV_OK) return fv_error();
        if (c.n == 0) return out;
        snprintf(out + strlen(out), sizeof out - strlen(out), "%zu:", c.line);
        for (int i = 0; i < c.n; i++) snprintf(out + strlen(out), sizeof out - strlen(out), "%s|", c.fields[i]);
    }
}

static void reads_records(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"\n\r\n\n", ""},
        {"a,b", "1:a|b|"},
        {"a,b\n", "1:a|b|"},
        {"\xef\xbb\xbf"
         "a,b\r\nc,d\re\n",
         "1:a|b|2:c|d|3:e|"},
        {"a,\n,b\n,\n", "1:a||2:|b|3:||"},
        {" a b\t, c ,d", "1:a b|c|d|"},
        {"\"a,b\",\"say \"\"hi\"\"\",\"\"\nc", "1:a,b|say \"hi\"||2:c|"},
        {"\"two\nlines\",x\ny", "1:two\nlines|x|3:y|"},
        {" \" a\" ,b", "1: a|b|"},
        {"a\"b,c", "1:a\"b|c|"},
        {"a\n\n\nb", "1:a|4:b|"},
        {"a,\"b\nc", "t: line 1: a quote is not closed"},
        {"a\n\"", "t: line 2: a quote is not closed"},
        {"\"a\"b,c", "t: line 1: text after a closing quote"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) assert_string_equal(records_of(cases[i][0]), cases[i][1]);
}

static void limits_fields_and_refuses_what_is_no_text(void **state) {
    (void)state;
    char text[200] = "";
    for (int i = 0; i < FV_CSV_FIELDS; i++) strcat(text, i ? ",x" : "x");
    assert_int_equal(strlen(records_of(text)), 2 + 2 * FV_CSV_FIELDS);
    strcat(text, ",x");
    assert_string_equal(records_of(text), "t: line 1: more than 64 fields");
    fv_csv c;
    assert_int_equal(fv_csv_begin(&c, (char[]){"a\0,\0b\0"}, 6, "t"), FV_BAD_DATA); /* UTF-16 */
    assert_contains(fv_error(), "t: holds NULs");
}

/* ---- Sets -------------------------------------------------------------------------------------------------------- */

static fv_dataset *open_csv(const char *text) {
    tree_text("set/list.csv", text);
    return fv_csv(temporary("set/list.csv"));
}

static int make_pictures(void **state) {
    (void)state;
    tree_picture("set/1.ppm", 2, 2, 'A');
    tree_picture("set/sub/a, b.ppm", 2, 2, 'B');
    tree_picture("set/..c/3.ppm", 2, 2, 'C');
    return 0;
}

static void labels_are_indices(void **state) {
    (void)state;
    int label;
    fv_dataset *d = open_csv("1.ppm,0\n\"sub/a, b.ppm\",4\n..c/3.ppm,2\n");
    assert_non_null(d);
    assert_int_equal(fv_dataset_count(d), 3);
    assert_int_equal(fv_dataset_classes(d), 5);
    assert_string_equal(fv_dataset_class_name(d, 4), "4");
    assert_string_equal(fv_dataset_name(d), "csv");
    assert_int_equal(fv_dataset_split(d), FV_SPLIT_DEFAULT);
    assert_int_equal(color_of(d, 1, &label), 'B');
    assert_int_equal(label, 4);
    assert_int_equal(color_of(d, 2, &label), 'C');
    assert_int_equal(label, 2);
    fv_dataset_free(d);
}

static void labels_are_names(void **state) {
    (void)state;
    int label;
    fv_dataset *d = open_csv("\xef\xbb\xbf"
                             "1.ppm,dog\r\nsub/../sub/a.ppm,cat\r\n");
    assert_refused(d, FV_BAD_DATA, "line 2: path 'sub/../sub/a.ppm': must lie in the folder");
    d = open_csv("\xef\xbb\xbf"
                 "1.ppm,dog\r\n\r\n\"sub/a, b.ppm\",Zebra\r\n..c/3.ppm,cat\r\n");
    assert_non_null(d);
    assert_int_equal(fv_dataset_classes(d), 3);
    assert_string_equal(fv_dataset_class_name(d, 0), "Zebra");
    assert_int_equal(color_of(d, 0, &label), 'A');
    assert_int_equal(label, 2);
    fv_dataset_free(d);
}

static void a_header_names_the_columns(void **state) {
    (void)state;
    int label;
    fv_dataset *d = open_csv("Label,note,Image\nb,x,1.ppm\na,y,..c/3.ppm\n");
    assert_non_null(d);
    assert_int_equal(fv_dataset_count(d), 2);
    assert_int_equal(color_of(d, 0, &label), 'A');
    assert_int_equal(label, 1);
    fv_dataset_free(d);
}

static void is_recognised_and_takes_keys(void **state) {
    (void)state;
    fv_dataset_free(open_csv("1.ppm,a\n..c/3.ppm,b\n"));
    fv_dataset *d = fv_dataset_open(temporary("set/list.csv,positive=a,limit=1"), FV_TRAIN);
    assert_non_null(d);
    assert_int_equal(fv_dataset_positive(d), 0);
    assert_int_equal(fv_dataset_count(d), 1);
    fv_dataset_free(d);
    assert_null(fv_dataset_open_validation(temporary("set/list.csv")));
    assert_int_equal(fv_last_status(), FV_UNSUPPORTED);
    assert_contains(fv_error(), "has no splits: give each its own file");
}

static void names_the_line(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"path,label\n", "list.csv: no line with path,label"},
        {"", "list.csv: no line with path,label"},
        {"1.ppm\n", "list.csv: line 1: 1 field: expected path,label"},
        {"path,label\n1.ppm,0\n\n..c/3.ppm\n", "list.csv: line 4: 1 field: expected"},
        {"1.ppm,-1\n", "line 1: label '-1': must be an index 0..65534"},
        {"1.ppm,0\n1.ppm,NaN\n", "line 2: label 'NaN': must be an index 0..65534"},
        {"1.ppm,nan\n", "line 1: label 'nan'"},
        {"1.ppm,\n", "line 1: label '': must be an index"},
        {"1.ppm,1.0\n", "line 1: label '1.0'"},
        {"1.ppm,65535\n", "line 1: label '65535'"},
        {"1.ppm,99999999999999999999\n", "label '99999999999999999999'"},
        {"1.ppm,0\n1.ppm,cat\n", "line 2: label 'cat': must be an index 0..65534, as in the lines before"},
        {"1.ppm,cat\n1.ppm,1\n", "line 2: label '1': must be the name of a class, as in the lines before"},
        {"1.ppm,cat\n1.ppm,Cat\n", "differ only in case"},
        {"1.ppm,cat\n1.ppm,caf\xe9\n", "list.csv: the class 'caf\xe9' is not named in UTF-8: rename it"},
        {"/etc/1.ppm,1\n", "line 1: path '/etc/1.ppm': must lie in the folder of the file, or below it"},
        {"1.ppm,0\n../1.ppm,1\n", "line 2: path '../1.ppm'"},
        {"sub/..,1\n", "line 1: path 'sub/..'"},
        {",1\n", "line 1: the path is empty"},
        {"1.ppm,\"0\n", "line 1: a quote is not closed"},
        {"no.ppm,0\n", "none of the 1 images can be read; the first is no.ppm: cannot read: No such file"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(open_csv(cases[i][0]), FV_BAD_DATA, cases[i][1]);
    assert_refused(fv_csv(temporary("set/absent.csv")), FV_IO_ERROR, "absent.csv: cannot read: No such file");
    assert_refused(fv_csv(temporary("set")), FV_IO_ERROR, "Is a directory");
}

static void survives_failing_allocations(void **state) {
    (void)state;
    fv_dataset_free(open_csv("1.ppm,a\n..c/3.ppm,b\n"));
    for (long i = 0;; i++) {
        fv_memory_fail_after(i);
        fv_dataset *d = fv_csv(temporary("set/list.csv"));
        long made = fv_memory_fail_after(-1);
        fv_dataset_free(d);
        if (made <= i) break;
        assert_null(d);
        assert_int_equal(fv_last_status(), FV_NO_MEMORY);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_records),
        cmocka_unit_test(limits_fields_and_refuses_what_is_no_text),
        cmocka_unit_test(labels_are_indices),
        cmocka_unit_test(labels_are_names),
        cmocka_unit_test(a_header_names_the_columns),
        cmocka_unit_test(is_recognised_and_takes_keys),
        cmocka_unit_test(names_the_line),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, make_pictures, NULL);
}
