#include "data/cache.h"

#include "core/memory.h"
#include "data/dataset.h"
#include "data/loader.h"
#include "data/trees.h"
#include "support/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static fv_image gray(int side, int value) {
    fv_image image;
    assert_int_equal(fv_image_new(&image, side, side, 1, 8), FV_OK);
    memset(image.owned, value, (size_t)(side * side));
    return image;
}

static int value_of(const fv_image *image) { return *(const uint8_t *)image->pixels; }

static void lends_what_it_was_given(void **state) {
    (void)state;
    fv_cache *c = fv_cache_new(3, 10000);
    fv_image image = gray(4, 7), lent;
    assert_false(fv_cache_get(c, 1, NULL, &lent));
    assert_int_equal(fv_cache_put(c, 1, NULL, &image), FV_OK);
    assert_null(image.owned); /* taken over, and lent back */
    assert_int_equal(value_of(&image), 7);
    assert_true(fv_cache_get(c, 1, NULL, &lent));
    assert_null(lent.owned);
    assert_ptr_equal(lent.pixels, image.pixels);
    assert_false(fv_cache_get(c, 0, NULL, &lent));
    assert_int_equal(fv_cache_misses(c), 2);
    fv_cache_free(c);
    fv_cache_free(NULL);
}

static void another_want_is_another_image(void **state) {
    (void)state;
    fv_cache *c = fv_cache_new(1, 10000);
    fv_image image = gray(4, 7), other = gray(2, 8), lent;
    const fv_decode_want fast = {.fast = true, .width = 2, .height = 2},
                         faster = {.fast = true, .width = 1, .height = 1};
    assert_int_equal(fv_cache_put(c, 0, &fast, &image), FV_OK);
    assert_true(fv_cache_get(c, 0, &fast, &lent));
    assert_false(fv_cache_get(c, 0, &faster, &lent));
    assert_false(fv_cache_get(c, 0, NULL, &lent));
    assert_int_equal(fv_cache_put(c, 0, NULL, &other), FV_OK); /* the first stays: somebody may hold it */
    assert_non_null(other.owned);
    fv_image_free(&other);
    assert_true(fv_cache_get(c, 0, &fast, &lent));
    fv_cache_free(c);
}

static void keeps_within_its_bound(void **state) {
    (void)state;
    enum { SIDE = 20, LIMIT = 3000 };
    fv_cache *c = fv_cache_new(100, LIMIT);
    int kept = 0;
    for (size_t i = 0; i < 100; i++) {
        fv_image image = gray(SIDE, (int)i);
        assert_int_equal(fv_cache_put(c, i, NULL, &image), FV_OK);
        kept += !image.owned;
        fv_image_free(&image);
        assert_in_range(fv_cache_bytes(c), 0, LIMIT);
    }
    assert_in_range(kept, 4, LIMIT / (SIDE * SIDE));
    fv_image small = gray(1, 1);
    assert_int_equal(fv_cache_put(c, 99, NULL, &small), FV_OK); /* there may be room for it yet */
    fv_image_free(&small);
    fv_cache_free(c);
}

/* ---- Datasets ---------------------------------------------------------------------------------------------------- */

enum { IMAGES = 24, SIDE = 8 };

static fv_dataset *open_tree(void) {
    char path[32];
    for (int i = 0; i < IMAGES; i++) {
        snprintf(path, sizeof path, "set/%c/%02d.ppm", 'a' + i % 3, i);
        tree_picture(path, SIDE, SIDE, i);
    }
    fv_dataset *d = fv_folder(temporary("set"));
    assert_non_null(d);
    return d;
}

/* Loads an epoch at 4x4 and adds up its numbers. */
static double sum_epoch(const fv_dataset *d, uint64_t epoch, int workers) {
    fv_loader_args a = {.channels = 3, .height = 4, .width = 4, .batch_size = 5, .workers = workers, .shuffle = true};
    fv_loader *l = fv_loader_new(d, &a);
    fv_batch b;
    double sum = 0;
    assert_int_equal(fv_loader_start(l, epoch, 0), FV_OK);
    while (fv_loader_next(l, &b) == FV_OK && b.count)
        for (int i = 0; i < b.count * 48; i++) sum += (double)b.x[i] * (i % 7);
    fv_loader_free(l);
    return sum;
}

static void the_second_epoch_decodes_nothing(void **state) {
    (void)state;
    fv_dataset *d = open_tree();
    for (int workers = 0; workers <= 3; workers += 3) {
        assert_int_equal(fv_dataset_cache(d, 1 << 20), FV_OK); /* empty again */
        double first = sum_epoch(d, 1, workers);
        assert_int_equal(fv_cache_misses(d->cache), IMAGES);
        assert_true(sum_epoch(d, 1, workers) == first);
        sum_epoch(d, 2, workers);
        assert_int_equal(fv_cache_misses(d->cache), IMAGES);
    }
    fv_dataset_free(d);
}

static void what_does_not_fit_is_decoded_again(void **state) {
    (void)state;
    fv_dataset *d = open_tree();
    assert_int_equal(fv_dataset_cache(d, 0), FV_OK);
    assert_null(d->cache);
    double first = sum_epoch(d, 1, 2);
    assert_int_equal(fv_dataset_cache(d, 2000), FV_OK); /* seven images or so */
    assert_true(sum_epoch(d, 1, 2) == first);
    assert_true(sum_epoch(d, 1, 2) == first);
    assert_in_range(fv_cache_misses(d->cache), 2 * IMAGES - 10, 2 * IMAGES - 4);
    fv_dataset_free(d);
}

static void parts_share_the_cache(void **state) {
    (void)state;
    fv_dataset *d = open_tree();
    fv_dataset *train = fv_dataset_part(d, FV_TRAIN, 0.25f, 1), *val = fv_dataset_part(d, FV_VAL, 0.25f, 1);
    for (int i = 0; i < 3; i++) sum_epoch(train, 0, 2), sum_epoch(val, 0, 0);
    assert_int_equal(fv_cache_misses(d->cache), IMAGES);
    fv_dataset_free(val);
    fv_dataset_free(train);
    fv_dataset_free(d);
}

static void only_costly_kinds_have_one(void **state) {
    (void)state;
    static const uint8_t pixels[4];
    static const int labels[1];
    fv_dataset *d = fv_dataset_from_memory(pixels, labels, 1, 1, 2, 2, 1, NULL);
    assert_int_equal(fv_dataset_cache(d, 1000), FV_OK);
    assert_null(d->cache);
    fv_dataset_free(d);
    d = fv_fundus(.size = 16, .count = 6);
    sum_epoch(d, 0, 0);
    sum_epoch(d, 1, 0);
    assert_int_equal(fv_cache_misses(d->cache), 6);
    fv_dataset_free(d);
}

/* ---- Threads ----------------------------------------------------------------------------------------------------- */

static void *read_all(void *cache) {
    for (size_t round = 0; round < 3; round++)
        for (size_t i = 0; i < 64; i++) {
            fv_image image;
            if (!fv_cache_get(cache, i, NULL, &image)) {
                image = gray(3, (int)i);
                if (fv_cache_put(cache, i, NULL, &image) != FV_OK) return NULL;
            }
            if (value_of(&image) != (int)i) return NULL;
            fv_image_free(&image);
        }
    return cache;
}

static void threads_agree(void **state) {
    (void)state;
    pthread_t threads[4];
    fv_cache *c = fv_cache_new(64, 50 * (9 + 100));
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, read_all, c), 0);
    for (int i = 0; i < 4; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_ptr_equal(result, c);
    }
    fv_cache_free(c);
}

static void survives_failing_allocations(void **state) {
    (void)state;
    for (long i = 0;; i++) {
        fv_memory_fail_after(i);
        fv_cache *c = fv_cache_new(2, 1000);
        fv_image image = {0};
        fv_status status = c ? fv_image_new(&image, 2, 2, 1, 8) : FV_NO_MEMORY;
        if (status == FV_OK) status = fv_cache_put(c, 0, NULL, &image);
        long made = fv_memory_fail_after(-1);
        fv_image_free(&image);
        fv_cache_free(c);
        assert_int_equal(status, made <= i ? FV_OK : FV_NO_MEMORY);
        if (made <= i) break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lends_what_it_was_given),
        cmocka_unit_test(another_want_is_another_image),
        cmocka_unit_test(keeps_within_its_bound),
        cmocka_unit_test(the_second_epoch_decodes_nothing),
        cmocka_unit_test(what_does_not_fit_is_decoded_again),
        cmocka_unit_test(parts_share_the_cache),
        cmocka_unit_test(only_costly_kinds_have_one),
        cmocka_unit_test(threads_agree),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
