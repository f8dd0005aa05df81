#include "core/memory.h"
#include "data/dataset.h"
#include "data/idx_files.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void opens_a_folder(void **state) {
    (void)state;
    const char *folder = temporary("mnist");
    make_mnist_folder(folder, 25);
    fv_dataset *d = fv_mnist(folder);
    assert_non_null(d);
    assert_int_equal(fv_dataset_count(d), 25);
    assert_int_equal(fv_dataset_classes(d), 10);
    assert_string_equal(fv_dataset_class_name(d, 7), "7");
    assert_null(fv_dataset_class_name(d, 10));
    assert_int_equal(fv_dataset_positive(d), -1);
    assert_int_equal(fv_dataset_split(d), FV_TRAIN);
    assert_string_equal(fv_dataset_name(d), "mnist");
    assert_true(fv_dataset_preprocess(d, 1).std[0] == 0.3081f);
    int c, h, w, label;
    fv_dataset_image_size(d, &c, &h, &w);
    assert_int_equal(c * 10000 + h * 100 + w, 12828);
    fv_image image;
    assert_int_equal(fv_dataset_read(d, 13, NULL, &image, &label), FV_OK);
    assert_int_equal(label, 3);
    assert_int_equal(((const uint8_t *)image.pixels)[5], (13 * 784 + 5) % 251);
    fv_image_free(&image);
    assert_int_equal(fv_dataset_read(d, 25, NULL, &image, &label), FV_BAD_ARGUMENT);
    fv_dataset_free(d);

    d = fv_mnist(folder, .limit = 7);
    assert_int_equal(fv_dataset_count(d), 7);
    fv_dataset_free(d);
}

static void fashion_has_names(void **state) {
    (void)state;
    const char *folder = temporary("fashion");
    make_mnist_folder(folder, 10);
    fv_dataset *d = fv_fashion_mnist(folder);
    assert_string_equal(fv_dataset_class_name(d, 0), "T-shirt/top");
    assert_string_equal(fv_dataset_class_name(d, 9), "Ankle boot");
    assert_string_equal(fv_dataset_name(d), "fashion_mnist");
    fv_dataset_free(d);
}

static void finds_every_spelling(void **state) {
    (void)state;
    static const char *const names[][2] = {
        {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"},
        {"t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"},
        {"t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"},
        {"t10k-images.idx3-ubyte.gz", "t10k-labels.idx1-ubyte.gz"},
    };
    for (int i = 0; i < 4; i++) {
        uint8_t bytes[2000], packed[2000];
        const char *folder = temporary("spelling%d", i);
        mkdir(folder, 0777);
        for (int part = 0; part < 2; part++) {
            const char *path = temporary("spelling%d/%s", i, names[i][part]);
            size_t n = part == 0 ? make_idx(bytes, 3, (uint32_t[]){2, 28, 28}, 2 * 784, 200)
                                 : make_idx(bytes, 1, (uint32_t[]){2}, 2, 10);
            if (i % 2)
                put_file(path, packed, gzip(bytes, n, packed, sizeof packed));
            else
                put_file(path, bytes, n);
        }
        fv_dataset *d = fv_mnist(folder, .split = FV_TEST);
        assert_int_equal(fv_dataset_count(d), 2);
        fv_dataset_free(d);
    }
}

/* Opens a folder whose train files are images of dims[0..2] and labels counting modulo `modulus`, and expects failure. */
static void refuses(const char *name, uint32_t images, uint32_t labels, int modulus, const char *message) {
    uint8_t bytes[100];
    mkdir(temporary("%s", name), 0777);
    put_file(temporary("%s/train-images-idx3-ubyte", name), bytes,
             make_idx(bytes, 3, (uint32_t[]){images, 2, 2}, images * 4, 200));
    put_file(temporary("%s/train-labels-idx1-ubyte", name), bytes,
             make_idx(bytes, 1, (uint32_t[]){labels}, labels, modulus));
    assert_null(fv_mnist(temporary("%s", name)));
    assert_int_equal(fv_last_status(), FV_BAD_DATA);
    assert_contains(fv_error(), name);
    assert_contains(fv_error(), message);
}

static void refuses_what_does_not_fit_together(void **state) {
    (void)state;
    refuses("counts", 12, 11, 10, "12 train images but 11 labels");
    refuses("range", 12, 12, 11, "train image 10 has label 10: must be 0..9");
}

static void refuses_missing_files(void **state) {
    (void)state;
    assert_null(fv_mnist(temporary("nowhere")));
    assert_contains(fv_error(), "nowhere: no such folder");
    const char *folder = temporary("empty");
    mkdir(folder, 0777);
    assert_null(fv_mnist(folder));
    assert_contains(fv_error(), "empty: no MNIST files here; expected train-images-idx3-ubyte(.gz) and "
                                "train-labels-idx1-ubyte(.gz)");
    assert_null(fv_mnist(folder, .split = FV_VAL));
    assert_int_equal(fv_last_status(), FV_UNSUPPORTED);
    fv_fail(FV_NOT_FINITE, "what failed before");
    assert_null(fv_mnist(NULL));
    assert_string_equal(fv_error(), "what failed before");
}

static void survives_failing_allocations(void **state) {
    (void)state;
    const char *folder = temporary("sweep");
    make_mnist_folder(folder, 3);
    fv_memory_fail_after(-1);
    fv_dataset_free(fv_fashion_mnist(folder));
    long allocations = fv_memory_fail_after(-1);
    assert_true(allocations > 10);
    for (long i = 0; i < allocations; i++) {
        fv_memory_fail_after(i);
        assert_null(fv_fashion_mnist(folder));
        fv_memory_fail_after(-1);
        assert_int_equal(fv_last_status(), FV_NO_MEMORY);
    }
}

static void reads_the_real_thing(void **state) {
    (void)state;
    const char *data = getenv("FOVEA_DATA");
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/mnist", data ? data : "../shared/data");
    if (access(folder, R_OK) != 0) {
        print_message("skipped: no MNIST at %s (set FOVEA_DATA)\n", folder);
        skip();
    }
    fv_dataset *train = fv_mnist(folder), *test = fv_mnist(folder, .split = FV_TEST);
    assert_int_equal(fv_dataset_count(train), 60000);
    assert_int_equal(fv_dataset_count(test), 10000);
    static const int first[10] = {5, 0, 4, 1, 9, 2, 1, 3, 1, 4};
    for (size_t i = 0; i < 10; i++) {
        int label;
        assert_int_equal(fv_dataset_label(train, i, &label), FV_OK);
        assert_int_equal(label, first[i]);
    }
    fv_dataset_free(train);
    fv_dataset_free(test);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_a_folder),        cmocka_unit_test(fashion_has_names),
        cmocka_unit_test(finds_every_spelling),  cmocka_unit_test(refuses_what_does_not_fit_together),
        cmocka_unit_test(refuses_missing_files), cmocka_unit_test(survives_failing_allocations),
        cmocka_unit_test(reads_the_real_thing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
