#include "data/trees.h"

#include "core/memory.h"
#include "support/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The labels of all images as digits, "0011"; the colors as letters from 'A' on. */
static const char *labels_of(const fv_dataset *d, char colors[64]) {
    static char labels[64];
    size_t n = fv_dataset_count(d);
    assert_in_range(n, 1, 63);
    for (size_t i = 0; i < n; i++) {
        int label;
        colors[i] = (char)color_of(d, i, &label);
        labels[i] = (char)('0' + label);
    }
    labels[n] = colors[n] = '\0';
    return labels;
}

static void a_class_is_a_folder_of_any_depth(void **state) {
    (void)state;
    char colors[64];
    tree_picture("flat/cat/2.ppm", 4, 3, 'C');
    tree_picture("flat/cat/10.PPM", 4, 3, 'B');
    tree_picture("flat/cat/.hidden.ppm", 4, 3, 'X');
    tree_picture("flat/Zebra/deep/er/1.ppm", 5, 3, 'A');
    tree_picture("flat/dog/x/1.pgm.ppm", 4, 3, 'D');
    tree_picture("flat/dog/y.ppm", 4, 3, 'E');
    tree_text("flat/dog/notes.txt", "not a picture");
    tree_text("flat/readme.ppm.txt", "not a class");
    fv_dataset *d = fv_folder(temporary("flat"));
    assert_non_null(d);
    assert_string_equal(labels_of(d, colors), "01122"); /* in byte order: Zebra, cat, dog */
    assert_string_equal(colors, "ABCDE");
    assert_int_equal(fv_dataset_classes(d), 3);
    assert_string_equal(fv_dataset_class_name(d, 0), "Zebra");
    assert_string_equal(fv_dataset_class_name(d, 2), "dog");
    assert_string_equal(fv_dataset_name(d), "folder");
    assert_int_equal(fv_dataset_split(d), FV_SPLIT_DEFAULT);
    assert_int_equal(fv_dataset_positive(d), -1);
    int c, h, w;
    fv_dataset_image_size(d, &c, &h, &w);
    assert_int_equal(c * 100 + h * 10 + w, 335);
    fv_dataset_free(d);
    assert_refused(fv_folder(temporary("flat"), .split = FV_VAL), FV_UNSUPPORTED, "flat has no val split");
}

static void splits_are_folders_with_the_classes_of_train(void **state) {
    (void)state;
    char colors[64];
    tree_picture("split/train/a/1.ppm", 2, 2, 'A');
    tree_picture("split/train/b/1.ppm", 2, 2, 'B');
    tree_picture("split/train/c/1.ppm", 2, 2, 'C');
    tree_picture("split/valid/c/1.ppm", 2, 2, 'D');
    tree_picture("split/valid/b/1.ppm", 2, 2, 'E');
    tree_picture("split/other/z/1.ppm", 2, 2, 'Z');
    fv_dataset *d = fv_folder(temporary("split"));
    assert_string_equal(labels_of(d, colors), "012");
    assert_int_equal(fv_dataset_split(d), FV_TRAIN);
    fv_dataset_free(d);
    d = fv_folder(temporary("split/"), .split = FV_VAL); /* a class that it lacks keeps its index */
    assert_string_equal(labels_of(d, colors), "12");
    assert_string_equal(colors, "ED");
    assert_int_equal(fv_dataset_classes(d), 3);
    fv_dataset_free(d);
    assert_refused(fv_folder(temporary("split"), .split = FV_TEST), FV_UNSUPPORTED, "no test split");
    tree_picture("split/valid/d/1.ppm", 2, 2, 'D');
    assert_refused(fv_folder(temporary("split"), .split = FV_VAL), FV_BAD_DATA, "split/valid/d: ");
    assert_contains(fv_error(), "split/train has no such class");

    tree_picture("only/test/p/1.ppm", 2, 2, 'A'); /* nothing but splits: p is the class, not test */
    d = fv_folder(temporary("only"), .split = FV_TEST);
    assert_string_equal(fv_dataset_class_name(d, 0), "p");
    fv_dataset_free(d);
}

static void limit_keeps_the_share_of_every_class(void **state) {
    (void)state;
    char colors[64], path[64];
    for (int i = 0; i < 20; i++) {
        snprintf(path, sizeof path, "many/%c/%02d.ppm", i < 10 ? 'a' : 'b', i);
        tree_picture(path, 2, 2, 'A' + i);
    }
    fv_dataset *d = fv_folder(temporary("many"), .limit = 4);
    assert_string_equal(labels_of(d, colors), "0011");
    assert_string_equal(colors, "AFKP");
    fv_dataset_free(d);
    d = fv_folder(temporary("many"), .limit = 21);
    assert_int_equal(fv_dataset_count(d), 20);
    fv_dataset_free(d);
}

static void the_positive_class_is_named(void **state) {
    (void)state;
    tree_picture("two/ill/1.ppm", 2, 2, 'A');
    tree_picture("two/well/1.ppm", 2, 2, 'B');
    fv_dataset *d = fv_folder(temporary("two"), .positive = "ill");
    assert_int_equal(fv_dataset_positive(d), 0);
    fv_dataset_free(d);
    assert_refused(fv_folder(temporary("two"), .positive = "sick"), FV_BAD_ARGUMENT,
                   "folder: positive: no class named \"sick\": there are ill, well");
}

static void links_are_followed_but_not_for_ever(void **state) {
    (void)state;
    char colors[64];
    tree_picture("links/real/1.ppm", 2, 2, 'A');
    tree_picture("links/real/sub/2.ppm", 2, 2, 'B');
    tree_picture("elsewhere/3.ppm", 2, 2, 'C');
    mkdir(temporary("links/linked"), 0777);
    assert_int_equal(symlink("../../elsewhere/3.ppm", temporary("links/linked/file.ppm")), 0);
    assert_int_equal(symlink("..", temporary("links/real/sub/up")), 0);
    assert_int_equal(symlink("../..", temporary("links/real/sub/top")), 0);
    assert_int_equal(symlink(".", temporary("links/real/self")), 0);
    fv_dataset *d = fv_folder(temporary("links"));
    assert_non_null(d);
    assert_string_equal(labels_of(d, colors), "011");
    assert_string_equal(colors, "CAB");
    fv_dataset_free(d);
}

static void refuses_what_is_no_set(void **state) {
    (void)state;
    assert_refused(fv_folder(temporary("nowhere")), FV_IO_ERROR, "nowhere: No such file or directory");
    assert_refused(fv_folder(""), FV_IO_ERROR, "no name of a folder");
    mkdir(temporary("void"), 0777);
    assert_refused(fv_folder(temporary("void")), FV_BAD_DATA, "void: no class here: expected a folder for each");
    tree_picture("case/Cat/1.ppm", 2, 2, 'A');
    tree_picture("case/bird/1.ppm", 2, 2, 'A');
    tree_picture("case/cat/1.ppm", 2, 2, 'A');
    assert_refused(fv_folder(temporary("case")), FV_BAD_DATA, "the classes '");
    assert_contains(fv_error(), "differ only in case: rename one");
    tree_picture("latin/a/1.ppm", 2, 2, 'A');
    tree_picture("latin/caf\xe9/1.ppm", 2, 2, 'B');
    assert_refused(fv_folder(temporary("latin")), FV_BAD_DATA, "latin: the class 'caf\xe9' is not named in UTF-8");
    tree_picture("hollow/a/1.ppm", 2, 2, 'A');
    tree_text("hollow/b/readme.txt", "soon");
    assert_refused(fv_folder(temporary("hollow")), FV_BAD_DATA,
                   "hollow/b: no image of this class: add some, or remove");
    tree_text("broken/a/1.png", "<html>");
    tree_text("broken/a/2.png", "");
    assert_refused(fv_folder(temporary("broken")), FV_BAD_DATA,
                   "none of the 2 images can be read; the first is a/1.png: not an image");
    fv_fail(FV_NOT_FINITE, "what failed before");
    assert_null(fv_folder(NULL));
    assert_string_equal(fv_error(), "what failed before");
}

static void is_recognised(void **state) {
    (void)state;
    tree_picture("bare/a/1.ppm", 2, 2, 'A');
    tree_picture("barer/train/a/1.ppm", 2, 2, 'A');
    fv_dataset *d = fv_dataset_open(temporary("bare"), FV_TRAIN);
    assert_string_equal(fv_dataset_name(d), "folder");
    fv_dataset_free(d);
    d = fv_dataset_open(temporary("barer,positive=a"), FV_TRAIN);
    assert_int_equal(fv_dataset_positive(d), 0);
    fv_dataset_free(d);
    tree_picture("pictures/1.ppm", 2, 2, 'A');
    assert_refused(fv_dataset_open(temporary("pictures"), FV_TRAIN), FV_BAD_DATA, "no dataset is recognised");
}

static void survives_failing_allocations(void **state) {
    (void)state;
    tree_picture("sweep/train/a/1.ppm", 2, 2, 'A');
    tree_picture("sweep/train/b/c/1.ppm", 2, 2, 'B');
    tree_text("sweep/train/a/0.ppm", "bad");
    for (long i = 0;; i++) {
        fv_memory_fail_after(i);
        fv_dataset *d = fv_folder(temporary("sweep"), .limit = 2);
        long made = fv_memory_fail_after(-1);
        fv_dataset_free(d);
        if (made <= i) break;
        assert_null(d);
        assert_int_equal(fv_last_status(), FV_NO_MEMORY);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_class_is_a_folder_of_any_depth),
        cmocka_unit_test(splits_are_folders_with_the_classes_of_train),
        cmocka_unit_test(limit_keeps_the_share_of_every_class),
        cmocka_unit_test(the_positive_class_is_named),
        cmocka_unit_test(links_are_followed_but_not_for_ever),
        cmocka_unit_test(refuses_what_is_no_set),
        cmocka_unit_test(is_recognised),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
