#include "data/cifar.h"

#include "core/memory.h"
#include "data/dataset.h"
#include "data/trees.h"
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

enum { RECORDS = 3, MOST = RECORDS * (2 + FV_CIFAR_IMAGE) };

static const char names10[] = "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n";

/* Records whose planes hold `start` + record + 40 * plane at pixel 0, and the pixel's number from there. */
static size_t make_records(uint8_t *out, int labels, int start) {
    uint8_t *to = out;
    for (int r = 0; r < RECORDS; r++) {
        if (labels == 2) *to++ = 19;
        *to++ = (uint8_t)(r + start);
        for (int c = 0; c < 3; c++)
            for (int i = 0; i < FV_CIFAR_SIDE * FV_CIFAR_SIDE; i++) *to++ = (uint8_t)(start + r + 40 * c + i);
    }
    return (size_t)(to - out);
}

static void put_records(const char *path, int labels, int start) {
    static uint8_t bytes[MOST];
    tree_text(path, "");
    put_file(temporary("%s", path), bytes, make_records(bytes, labels, start));
}

static const char *make_cifar10(const char *folder) {
    char path[128];
    for (int i = 1; i <= 5; i++) {
        snprintf(path, sizeof path, "%s/data_batch_%d.bin", folder, i);
        put_records(path, 1, i);
    }
    snprintf(path, sizeof path, "%s/test_batch.bin", folder);
    put_records(path, 1, 7);
    snprintf(path, sizeof path, "%s/batches.meta.txt", folder);
    tree_text(path, names10);
    return temporary("%s", folder);
}

/* Image `index` is record r of a file that starts at `start`. */
static void check_image(const fv_dataset *d, size_t index, int start, int r) {
    fv_image image;
    int label;
    assert_int_equal(fv_dataset_read(d, index, NULL, &image, &label), FV_OK);
    assert_int_equal(label, start + r);
    assert_int_equal(image.width * 1000 + image.height * 10 + image.channels, 32323);
    const uint8_t *p = image.pixels;
    for (int i = 0; i < FV_CIFAR_SIDE * FV_CIFAR_SIDE; i++)
        for (int c = 0; c < 3; c++) assert_int_equal(p[3 * i + c], (uint8_t)(start + r + 40 * c + i));
}

static void reads_cifar10(void **state) {
    (void)state;
    const char *folder = make_cifar10("ten");
    fv_dataset *d = fv_cifar10(folder);
    assert_non_null(d);
    assert_int_equal(fv_dataset_count(d), 5 * RECORDS);
    assert_int_equal(fv_dataset_classes(d), 10);
    assert_string_equal(fv_dataset_class_name(d, 9), "truck");
    assert_int_equal(fv_dataset_split(d), FV_TRAIN);
    assert_true(fv_dataset_preprocess(d, 3).std[2] == 0.2616f);
    for (int i = 0; i < 5 * RECORDS; i++) check_image(d, (size_t)i, 1 + i / RECORDS, i % RECORDS);
    fv_dataset_free(d);
    d = fv_cifar10(folder, .split = FV_TEST, .limit = 2);
    assert_int_equal(fv_dataset_count(d), 2);
    check_image(d, 1, 7, 1);
    fv_dataset_free(d);
    assert_refused(fv_cifar10(folder, .split = FV_VAL), FV_UNSUPPORTED, "cifar10 has no val split");
}

static void finds_the_archives_folder(void **state) {
    (void)state;
    make_cifar10("outer/cifar-10-batches-bin");
    fv_dataset *d = fv_dataset_open(temporary("outer"), FV_TEST);
    assert_non_null(d);
    assert_string_equal(fv_dataset_name(d), "cifar10");
    fv_dataset_free(d);
}

static void reads_cifar100_by_its_fine_labels(void **state) {
    (void)state;
    char text[1000] = "";
    for (int i = 0; i < 100; i++) snprintf(text + strlen(text), sizeof text - strlen(text), "fine%d\r\n", i);
    put_records("hundred/train.bin", 2, 90);
    tree_text("hundred/fine_label_names.txt", text);
    fv_dataset *d = fv_dataset_open(temporary("hundred"), FV_TRAIN);
    assert_non_null(d);
    assert_string_equal(fv_dataset_name(d), "cifar100");
    assert_string_equal(fv_dataset_class_name(d, 99), "fine99");
    check_image(d, 2, 90, 2);
    fv_dataset_free(d);
}

static void refuses_what_is_damaged(void **state) {
    (void)state;
    static uint8_t bytes[MOST];
    const char *folder = make_cifar10("bad");
    size_t size = make_records(bytes, 1, 1);
    put_file(temporary("bad/data_batch_3.bin"), bytes, size - 1);
    assert_refused(fv_cifar10(folder), FV_BAD_DATA, "data_batch_3.bin: 9218 bytes: must be records of 3073 bytes");
    put_file(temporary("bad/data_batch_3.bin"), bytes, 0);
    assert_refused(fv_cifar10(folder), FV_BAD_DATA, "data_batch_3.bin: 0 bytes");
    bytes[3073] = 10;
    put_file(temporary("bad/data_batch_3.bin"), bytes, size);
    assert_refused(fv_cifar10(folder), FV_BAD_DATA, "data_batch_3.bin: image 1 has label 10: must be 0..9");
    remove(temporary("bad/data_batch_3.bin"));
    assert_refused(fv_cifar10(folder), FV_IO_ERROR, "data_batch_3.bin: is missing (of cifar10, the binary version)");
    tree_text("bad/batches.meta.txt", "airplane\ncat\n");
    assert_refused(fv_cifar10(folder), FV_BAD_DATA, "batches.meta.txt: 2 names: must be 10, a line each");
    tree_text("bad/batches.meta.txt", "avi\xf3n\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");
    assert_refused(fv_cifar10(temporary("bad")), FV_BAD_DATA,
                   "batches.meta.txt: the class 'avi\xf3n' is not named in UTF-8");
    assert_refused(fv_cifar100(temporary("nowhere")), FV_IO_ERROR, "nowhere: no such folder");
}

static void survives_failing_allocations(void **state) {
    (void)state;
    const char *folder = make_cifar10("sweep");
    for (long i = 0;; i++) {
        fv_memory_fail_after(i);
        fv_dataset *d = fv_cifar10(folder);
        long made = fv_memory_fail_after(-1);
        fv_dataset_free(d);
        if (made <= i) break;
        assert_null(d);
        assert_int_equal(fv_last_status(), FV_NO_MEMORY);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_cifar10),
        cmocka_unit_test(finds_the_archives_folder),
        cmocka_unit_test(reads_cifar100_by_its_fine_labels),
        cmocka_unit_test(refuses_what_is_damaged),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
