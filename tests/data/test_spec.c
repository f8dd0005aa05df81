#include "core/memory.h"
#include "data/dataset.h"
#include "data/idx_files.h"
#include "support/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void opens_kinds_with_keys(void **state) {
    (void)state;
    char spec[4200];
    make_mnist_folder(temporary("set"), 20);
    snprintf(spec, sizeof spec, "mnist:%s,limit=12", temporary("set"));
    fv_dataset *d = fv_dataset_open(spec, FV_SPLIT_DEFAULT);
    assert_int_equal(fv_dataset_count(d), 12);
    assert_string_equal(fv_dataset_name(d), "mnist");
    fv_dataset_free(d);
    snprintf(spec, sizeof spec, "fashion_mnist:%s", temporary("set"));
    d = fv_dataset_open(spec, FV_TRAIN);
    assert_string_equal(fv_dataset_name(d), "fashion_mnist");
    fv_dataset_free(d);

    d = fv_dataset_open("synthetic:fundus,size=20,count=6,seed=3,split=test", FV_TRAIN);
    int c, h, w;
    fv_dataset_image_size(d, &c, &h, &w);
    assert_int_equal(fv_dataset_count(d), 6);
    assert_int_equal(h, 20);
    assert_int_equal(fv_dataset_split(d), FV_TEST); /* the spec goes before the argument */
    fv_dataset_free(d);
}

static void recognises_bare_folders(void **state) {
    (void)state;
    static const char *const names[][2] = {
        {"plain", "mnist"}, {"with,comma", "mnist"}, {"my-Fashion-set", "fashion_mnist"}};
    for (int i = 0; i < 3; i++) {
        make_mnist_folder(temporary("%s", names[i][0]), 5);
        fv_dataset *d = fv_dataset_open(temporary("%s", names[i][0]), FV_TRAIN);
        assert_non_null(d);
        assert_string_equal(fv_dataset_name(d), names[i][1]);
        fv_dataset_free(d);
        d = fv_dataset_open(temporary("%s,split=train,limit=2", names[i][0]), FV_SPLIT_DEFAULT);
        assert_int_equal(fv_dataset_count(d), 2);
        fv_dataset_free(d);
    }
    mkdir(temporary("nothing"), 0777);
    assert_null(fv_dataset_open(temporary("nothing"), FV_TRAIN));
    assert_contains(fv_error(), "nothing: no dataset is recognised in this folder");
    assert_null(fv_dataset_open(temporary("absent"), FV_TRAIN));
    assert_contains(fv_error(), "absent: no such folder");
}

static void finds_what_validates(void **state) {
    (void)state;
    fv_dataset *d = fv_dataset_open_validation("synthetic:fundus,size=16,count=4,split=train");
    assert_int_equal(fv_dataset_split(d), FV_VAL);
    fv_dataset_free(d);
    make_mnist_folder(temporary("trainonly"), 5);
    assert_null(
        fv_dataset_open_validation(temporary("trainonly"))); /* mnist has no val split, this one no test files */
    assert_contains(fv_error(), "expected t10k-images-idx3-ubyte(.gz)");
}

static void explains_mistakes(void **state) {
    (void)state;
    static const struct {
        const char *spec, *message;
    } cases[] = {
        {"minst:data", "minst:data: no kind of dataset named \"minst\": did you mean \"mnist\"?"},
        {"imagenet:data",
         "no kind of dataset named \"imagenet\": there are fashion_mnist, mnist, cifar10, cifar100, palm, "
         "csv, folder, synthetic"},
        {"mnist:data,spilt=test", "no key named \"spilt\": did you mean \"split\"?"},
        {"mnist:data,size=3", "no key named \"size\": there are split, limit"},
        {"mnist:data,split=tset", "no split named \"tset\": did you mean \"test\"?"},
        {"mnist:data,limit=0", "limit=0: must be a whole number, 1..4294967295"},
        {"mnist:data,limit=-1", "limit=-1: must be"},
        {"mnist:data,limit=", "limit=: must be"},
        {"mnist:data,limit=3x", "limit=3x: must be"},
        {"synthetic:fundus,seed=18446744073709551616", "seed=18446744073709551616: must be"},
        {"synthetic:fundus,size=15", "size=15: must be a whole number, 16..2048"},
        {"synthetic:retina", "synthetic:retina: unknown; the synthetic dataset is synthetic:fundus"},
        {"synthetic:fundus,=3", "no key named \"\""},
        {"mnist:/no/such/place", "/no/such/place: no such folder"},
        {"", "no such folder"},
        {":", "no kind of dataset named \"\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_null(fv_dataset_open(cases[i].spec, FV_TRAIN));
        assert_contains(fv_error(), cases[i].message);
    }
    fv_fail(FV_NOT_FINITE, "what failed before");
    assert_null(fv_dataset_open(NULL, FV_TRAIN));
    assert_string_equal(fv_error(), "what failed before");
}

static void survives_failing_allocations(void **state) {
    (void)state;
    for (long i = 0;; i++) {
        fv_memory_fail_after(i);
        fv_dataset *d = fv_dataset_open("synthetic:fundus,size=16,count=2", FV_TRAIN);
        long made = fv_memory_fail_after(-1);
        fv_dataset_free(d);
        if (made <= i) break;
        assert_null(d);
        assert_int_equal(fv_last_status(), FV_NO_MEMORY);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_kinds_with_keys),        cmocka_unit_test(recognises_bare_folders),
        cmocka_unit_test(finds_what_validates),         cmocka_unit_test(explains_mistakes),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
