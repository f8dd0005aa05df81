#include "data/loader.h"

#include "core/memory.h"
#include "data/dataset.h"
#include "support/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { IMAGES = 101, SIDE = 6, PIXELS = SIDE * SIDE };

static uint8_t pixels[IMAGES][PIXELS];
static int labels[IMAGES];

static fv_dataset *small_set(void) {
    for (int i = 0; i < IMAGES; i++) {
        labels[i] = i % 7;
        for (int j = 0; j < PIXELS; j++) pixels[i][j] = (uint8_t)(i * 31 + j * 7);
    }
    fv_dataset *d = fv_dataset_from_memory(&pixels[0][0], labels, IMAGES, 1, SIDE, SIDE, 7, NULL);
    assert_non_null(d);
    return d;
}

static fv_loader_args args(int batch_size, int workers, bool shuffle) {
    return (fv_loader_args){.channels = 1,
                            .height = SIDE,
                            .width = SIDE,
                            .batch_size = batch_size,
                            .workers = workers,
                            .shuffle = shuffle,
                            .seed = 5};
}

/* Reads an epoch to its end from batch `first`; the positions in order go to `seen`. Returns how many. */
static size_t run_epoch(fv_loader *l, uint64_t epoch, size_t first, size_t *seen) {
    fv_batch b;
    size_t count = 0;
    assert_int_equal(fv_loader_start(l, epoch, first), FV_OK);
    for (;;) {
        assert_int_equal(fv_loader_next(l, &b), FV_OK);
        if (b.count == 0) return count;
        for (int i = 0; i < b.count; i++) {
            size_t at = b.index[i];
            assert_int_equal(b.labels[i], labels[at]);
            for (int j = 0; j < PIXELS; j++)
                assert_true(b.x[i * PIXELS + j] == (float)pixels[at][j] * (float)(1.0 / 255.0));
            seen[count++] = at;
        }
    }
}

static void an_epoch_has_every_image_once(void **state) {
    (void)state;
    fv_dataset *d = small_set();
    fv_loader_args a = args(8, 0, true);
    fv_loader *l = fv_loader_new(d, &a);
    size_t seen[IMAGES], times[IMAGES] = {0}, moved = 0;
    assert_int_equal(fv_loader_batches(l), 13);
    assert_int_equal(run_epoch(l, 0, 0, seen), IMAGES);
    for (size_t i = 0; i < IMAGES; i++) times[seen[i]]++, moved += seen[i] != i;
    for (size_t i = 0; i < IMAGES; i++) assert_int_equal(times[i], 1);
    assert_true(moved > IMAGES / 2);
    fv_loader_free(l);
    fv_dataset_free(d);
}

static void without_shuffling_the_order_is_the_datasets(void **state) {
    (void)state;
    fv_dataset *d = small_set();
    fv_loader_args a = args(IMAGES, 2, false);
    fv_loader *l = fv_loader_new(d, &a);
    size_t seen[IMAGES];
    assert_int_equal(run_epoch(l, 3, 0, seen), IMAGES);
    for (size_t i = 0; i < IMAGES; i++) assert_int_equal(seen[i], i);
    fv_loader_free(l);
    fv_dataset_free(d);
}

static void the_order_depends_on_seed_and_epoch_alone(void **state) {
    (void)state;
    fv_dataset *d = small_set();
    size_t first[IMAGES], other[IMAGES];
    for (int batch = 1; batch <= 64; batch *= 4)
        for (int workers = 0; workers <= 5; workers++) {
            fv_loader_args a = args(batch, workers, true);
            fv_loader *l = fv_loader_new(d, &a);
            assert_int_equal(run_epoch(l, 1, 0, other), IMAGES);
            if (batch == 1 && workers == 0) memcpy(first, other, sizeof first);
            assert_memory_equal(first, other, sizeof first);
            assert_int_equal(run_epoch(l, 2, 0, other), IMAGES);
            assert_memory_not_equal(first, other, sizeof first);
            fv_loader_free(l);
        }
    fv_dataset_free(d);
}

static void starts_in_the_middle_and_restarts(void **state) {
    (void)state;
    fv_dataset *d = small_set();
    for (int workers = 0; workers <= 3; workers++) {
        fv_loader_args a = args(8, workers, true);
        fv_loader *l = fv_loader_new(d, &a);
        size_t whole[IMAGES], rest[IMAGES];
        fv_batch b;
        run_epoch(l, 4, 0, whole);
        for (size_t first = 0; first <= 13; first++) {
            assert_int_equal(fv_loader_start(l, 9, 0), FV_OK);
            for (size_t i = 0; i < first % 4; i++) assert_int_equal(fv_loader_next(l, &b), FV_OK);
            size_t at = first * 8 < IMAGES ? first * 8 : IMAGES;
            assert_int_equal(run_epoch(l, 4, first, rest), IMAGES - at);
            assert_memory_equal(rest, whole + at, (IMAGES - at) * sizeof *rest);
        }
        assert_int_equal(fv_loader_start(l, 4, 14), FV_BAD_ARGUMENT);
        fv_loader_free(l);
    }
    fv_dataset_free(d);
}

static void a_batch_stays_while_others_are_made(void **state) {
    (void)state;
    fv_dataset *d = small_set();
    fv_loader_args a = args(1, 2, false);
    fv_loader *l = fv_loader_new(d, &a);
    fv_batch b;
    assert_int_equal(fv_loader_start(l, 0, 0), FV_OK);
    for (size_t i = 0; i < IMAGES; i++) {
        assert_int_equal(fv_loader_next(l, &b), FV_OK);
        for (int again = 0; again < 50; again++) {
            assert_int_equal(b.index[0], i);
            assert_true(b.x[0] == (float)pixels[i][0] * (float)(1.0 / 255.0));
            sched_yield();
        }
    }
    fv_loader_free(l);
    fv_dataset_free(d);
}

/* Images 40 and 43 fail, with their number; reading counts how far the loader has gone. */
static fv_status read_failing(void *user, size_t index, uint8_t *out, int *label) {
    atomic_fetch_add((atomic_int *)user, 1);
    memset(out, (int)index, PIXELS);
    *label = (int)index % 7;
    return index == 40 || index == 43 ? FV_BAD_DATA : FV_OK;
}

static void a_failing_image_fails_its_batch_alone(void **state) {
    (void)state;
    atomic_int reads = 0;
    fv_dataset *d = fv_dataset_from_callback(read_failing, &reads, IMAGES, 1, SIDE, SIDE, 7, NULL);
    for (int workers = 0; workers <= 4; workers++) {
        fv_loader_args a = args(16, workers, false);
        fv_loader *l = fv_loader_new(d, &a);
        for (int again = 0; again < 5; again++) {
            fv_batch b;
            assert_int_equal(fv_loader_start(l, 0, 0), FV_OK);
            for (size_t i = 0; i < fv_loader_batches(l); i++) {
                assert_int_equal(fv_loader_next(l, &b), i == 2 ? FV_BAD_DATA : FV_OK);
                if (i == 2) assert_string_equal(fv_error(), "callback: image 40 could not be read (status 4)");
                assert_int_equal(b.count, i == 2 ? 0 : i == 6 ? IMAGES - 96 : 16);
            }
        }
        fv_loader_free(l);
    }
    fv_dataset_free(d);
}

/* Freed at every moment: before the start, in the middle, after a failure, at the end. */
static void frees_at_any_moment(void **state) {
    (void)state;
    atomic_int reads = 0;
    fv_dataset *d = fv_dataset_from_callback(read_failing, &reads, IMAGES, 1, SIDE, SIDE, 7, NULL);
    for (int workers = 0; workers <= 4; workers++)
        for (int batches = -1; batches <= 7; batches++) {
            fv_loader_args a = args(16, workers, true);
            fv_loader *l = fv_loader_new(d, &a);
            fv_batch b;
            if (batches >= 0) assert_int_equal(fv_loader_start(l, 0, 0), FV_OK);
            for (int i = 0; i < batches; i++) (void)fv_loader_next(l, &b);
            fv_loader_free(l);
        }
    fv_dataset_free(d);
}

/* Workers stop when the ring is full: 2 workers, batches of one chunk: four ahead of the one being read. */
static void prefetch_is_bounded(void **state) {
    (void)state;
    atomic_int reads = 0;
    fv_dataset *d = fv_dataset_from_callback(read_failing, &reads, IMAGES, 1, SIDE, SIDE, 7, NULL);
    fv_loader_args a = args(8, 2, false);
    fv_loader *l = fv_loader_new(d, &a);
    fv_batch b;
    assert_int_equal(fv_loader_start(l, 0, 0), FV_OK);
    assert_int_equal(fv_loader_next(l, &b), FV_OK);
    for (int i = 0; i < 2000; i++) sched_yield();
    assert_in_range(atomic_load(&reads), 8, 5 * 8);
    fv_loader_free(l);
    fv_dataset_free(d);
}

/* Every image of an epoch, by its position in the set. */
static void read_epoch(fv_loader *l, uint64_t epoch, float x[IMAGES][PIXELS]) {
    fv_batch b;
    assert_int_equal(fv_loader_start(l, epoch, 0), FV_OK);
    for (;;) {
        assert_int_equal(fv_loader_next(l, &b), FV_OK);
        if (b.count == 0) return;
        for (int i = 0; i < b.count; i++) memcpy(x[b.index[i]], b.x + i * PIXELS, sizeof x[0]);
    }
}

/* What becomes of an image is a matter of (seed, epoch, index): not of workers, batches, or the order. */
static void augmentation_depends_on_seed_epoch_and_index_alone(void **state) {
    (void)state;
    static float first[IMAGES][PIXELS], other[IMAGES][PIXELS];
    fv_dataset *d = small_set();
    for (int batch = 1; batch <= 64; batch *= 8)
        for (int workers = 0; workers <= 4; workers++) {
            fv_loader_args a = args(batch, workers, workers % 2);
            a.augment = "crop:1 flip rotate:30 brightness:0.5 contrast:0.5";
            fv_loader *l = fv_loader_new(d, &a);
            read_epoch(l, 7, other);
            if (batch == 1 && workers == 0) memcpy(first, other, sizeof first);
            assert_memory_equal(first, other, sizeof first);
            read_epoch(l, 8, other);
            int differ = 0;
            for (int i = 0; i < IMAGES; i++) differ += memcmp(first[i], other[i], sizeof first[i]) != 0;
            assert_true(differ > IMAGES * 9 / 10);
            fv_loader_free(l);
        }
    fv_dataset_free(d);
}

static void refuses_bad_arguments(void **state) {
    (void)state;
    fv_dataset *d = small_set();
    const struct {
        fv_loader_args args;
        const char *message;
    } cases[] = {
        {args(0, 0, true), "--batch-size 0: must be at least 1"},
        {args(102, 0, true), "--batch-size 102: the dataset memory has only 101 images"},
        {args(8, -1, true), "--workers -1: must be 0..256"},
        {{.channels = 3, .height = 6, .width = 6, .batch_size = 8, .preprocess.channels = FV_GRAY},
         "preprocess: 1 channels asked for, the network's input has 3"},
        {{.channels = 1, .height = 0, .width = 6, .batch_size = 8}, "network input 1x0x6"},
        {{.channels = 1, .height = 6, .width = 6, .batch_size = 8, .preprocess.resize = (fv_resize)3}, "resize 3"},
        {{.channels = 1, .height = 6, .width = 6, .batch_size = 8, .augment = "flop"},
         "augment: no transform named \"flop\""},
        {{.channels = 1, .height = 6, .width = 6, .batch_size = 8, .preprocess.std = {-1}}, "std -1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_null(fv_loader_new(d, &cases[i].args));
        assert_contains(fv_error(), cases[i].message);
    }
    fv_dataset_free(d);
    assert_null(fv_loader_new(NULL, &cases[0].args));
    assert_contains(fv_error(), "std -1"); /* a NULL passes the failure on */
}

static void survives_failing_allocations(void **state) {
    (void)state;
    fv_dataset *d = small_set();
    fv_loader_args a = args(64, 2, true);
    fv_memory_fail_after(-1);
    fv_loader_free(fv_loader_new(d, &a));
    long allocations = fv_memory_fail_after(-1);
    assert_true(allocations > 5);
    for (long i = 0; i < allocations; i++) {
        fv_memory_fail_after(i);
        assert_null(fv_loader_new(d, &a));
        fv_memory_fail_after(-1);
        assert_int_equal(fv_last_status(), FV_NO_MEMORY);
    }
    fv_dataset_free(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_epoch_has_every_image_once),
        cmocka_unit_test(without_shuffling_the_order_is_the_datasets),
        cmocka_unit_test(the_order_depends_on_seed_and_epoch_alone),
        cmocka_unit_test(starts_in_the_middle_and_restarts),
        cmocka_unit_test(a_batch_stays_while_others_are_made),
        cmocka_unit_test(a_failing_image_fails_its_batch_alone),
        cmocka_unit_test(frees_at_any_moment),
        cmocka_unit_test(prefetch_is_bounded),
        cmocka_unit_test(augmentation_depends_on_seed_epoch_and_index_alone),
        cmocka_unit_test(refuses_bad_arguments),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
