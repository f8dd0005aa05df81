/* Balanced orders: how often classes and images come, and that workers change nothing. */
#include "data/order.h"

#include "core/memory.h"
#include "data/loader.h"
#include "support/unit.h"

#include <string.h>

enum { IMAGES = 103, CLASSES = 5, SIDE = 4 };

static uint8_t pixels[IMAGES][SIDE * SIDE];
static int labels[IMAGES];
static const int sizes[CLASSES] = {80, 3, 0, 19, 1}; /* images of each class */

static fv_dataset *uneven(void) {
    for (int c = 0, i = 0; c < CLASSES; c++)
        for (int k = 0; k < sizes[c]; k++, i++) labels[i * 41 % IMAGES] = c; /* 41 and 103 are coprime */
    for (int i = 0; i < IMAGES; i++) memset(pixels[i], 10 + i, sizeof pixels[i]);
    fv_dataset *d = fv_dataset_from_memory(&pixels[0][0], labels, IMAGES, 1, SIDE, SIDE, CLASSES, NULL);
    assert_non_null(d);
    return d;
}

/* Four classes have images: 26 or 25 times each. No image comes a time more than another of its class, but for one. */
static void classes_come_equally_often(void **state) {
    (void)state;
    fv_dataset *d = uneven();
    fv_order o;
    int more[CLASSES] = {0};
    assert_int_equal(fv_order_init(&o, d, true), FV_OK);
    for (uint64_t epoch = 0; epoch < 100; epoch++) {
        int times[IMAGES] = {0}, of_class[CLASSES] = {0}, least[CLASSES], most[CLASSES] = {0};
        for (int c = 0; c < CLASSES; c++) least[c] = IMAGES;
        fv_order_make(&o, true, 7, epoch);
        for (size_t i = 0; i < IMAGES; i++) times[o.at[i]]++, of_class[labels[o.at[i]]]++;
        for (int i = 0; i < IMAGES; i++) {
            int c = labels[i];
            least[c] = times[i] < least[c] ? times[i] : least[c], most[c] = times[i] > most[c] ? times[i] : most[c];
        }
        for (int c = 0; c < CLASSES; c++) {
            if (sizes[c]) assert_in_range(of_class[c], 25, 26);
            if (sizes[c]) assert_in_range(most[c] - least[c], 0, 1);
            more[c] += of_class[c] == 26;
        }
    }
    for (int c = 0; c < CLASSES; c++)
        if (sizes[c]) assert_in_range(more[c], 55, 95); /* 3 of 4 in 100 epochs */
    assert_int_equal(more[2], 0);
    fv_order_free(&o);
    fv_dataset_free(d);
}

/* The part of a large class that comes is another in each epoch, and its images stand anywhere. */
static void orders_are_drawn(void **state) {
    (void)state;
    fv_dataset *d = uneven();
    fv_order a, b;
    int met[IMAGES] = {0}, first_half = 0;
    assert_int_equal(fv_order_init(&a, d, true), FV_OK);
    assert_int_equal(fv_order_init(&b, d, true), FV_OK);
    for (uint64_t epoch = 0; epoch < 60; epoch++) {
        fv_order_make(&a, true, 7, epoch);
        for (size_t i = 0; i < IMAGES; i++) met[a.at[i]]++, first_half += i < IMAGES / 2 && labels[a.at[i]] == 0;
    }
    for (int i = 0; i < IMAGES; i++) assert_true(met[i] > 0);
    assert_in_range(first_half, 60 * 26 / 2 - 100, 60 * 26 / 2 + 100);
    fv_order_make(&b, true, 7, 59); /* whatever was made before */
    assert_memory_equal(a.at, b.at, IMAGES * sizeof *a.at);
    fv_order_make(&b, true, 8, 59);
    assert_memory_not_equal(a.at, b.at, IMAGES * sizeof *a.at);
    fv_order_free(&a);
    fv_order_free(&b);
    fv_dataset_free(d);
}

/* The images of an epoch as they are made: [IMAGES][SIDE * SIDE]. */
static void read_epoch(const fv_dataset *d, int workers, float *x) {
    fv_loader_args args = {.channels = 1,
                           .height = SIDE,
                           .width = SIDE,
                           .batch_size = 8,
                           .workers = workers,
                           .shuffle = true,
                           .balanced = true,
                           .seed = 5,
                           .augment = "brightness:0.5"};
    fv_loader *l = fv_loader_new(d, &args);
    fv_batch b;
    assert_int_equal(fv_loader_start(l, 1, 0), FV_OK);
    for (size_t at = 0; at < fv_dataset_count(d) * SIDE * SIDE;) {
        assert_int_equal(fv_loader_next(l, &b), FV_OK);
        assert_true(b.count > 0);
        memcpy(x + at, b.x, (size_t)b.count * SIDE * SIDE * sizeof *x);
        at += (size_t)b.count * SIDE * SIDE;
    }
    fv_loader_free(l);
}

/* An image that comes again is another variant of it; workers change nothing, also of a part of a set. */
static void repeats_differ_and_workers_do_not_matter(void **state) {
    (void)state;
    static float alone[IMAGES * SIDE * SIDE], helped[IMAGES * SIDE * SIDE];
    fv_dataset *d = uneven(), *part = fv_dataset_part(d, FV_TRAIN, 0.3f, 1);
    assert_non_null(part);
    for (int whole = 0; whole < 2; whole++) {
        const fv_dataset *set = whole ? d : part;
        read_epoch(set, 0, alone);
        for (int workers = 1; workers <= 3; workers++) {
            read_epoch(set, workers, helped);
            assert_memory_equal(alone, helped, fv_dataset_count(set) * SIDE * SIDE * sizeof *alone);
        }
        int equal = 0;
        for (size_t i = 0; i < fv_dataset_count(set); i++)
            for (size_t j = 0; j < i; j++) equal += alone[i * SIDE * SIDE] == alone[j * SIDE * SIDE];
        assert_in_range(equal, 0, 3); /* by chance */
    }
    fv_dataset_free(part);
    fv_dataset_free(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_come_equally_often),
        cmocka_unit_test(orders_are_drawn),
        cmocka_unit_test(repeats_differ_and_workers_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
