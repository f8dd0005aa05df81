#include "core/memory.h"
#include "support/unit.h"

#include <string.h>

static void products_and_sums_know_their_limit(void **state) {
    (void)state;
    size_t out;
    assert_true(fv_size_mul(SIZE_MAX / 3, 3, &out));
    assert_int_equal(out, SIZE_MAX);
    assert_false(fv_size_mul(SIZE_MAX / 2 + 1, 2, &out));
    assert_true(fv_size_add(SIZE_MAX - 1, 1, &out));
    assert_false(fv_size_add(SIZE_MAX, 1, &out));
}

static void blocks_are_zero_and_never_null(void **state) {
    (void)state;
    unsigned char *block = fv_alloc(1000, 3);
    assert_non_null(block);
    for (int i = 0; i < 3000; i++) assert_int_equal(block[i], 0);
    assert_int_equal((uintptr_t)block % 16, 0);
    fv_free(block);
    void *nothing = fv_alloc(0, 8);
    assert_non_null(nothing);
    fv_free(nothing);
    fv_free(NULL);
}

static void overflow_is_out_of_memory(void **state) {
    (void)state;
    volatile size_t huge = SIZE_MAX / 2; /* volatile: the compiler would warn */
    assert_null(fv_alloc(huge, 3));
    assert_int_equal(fv_last_status(), FV_NO_MEMORY);
    assert_contains(fv_error(), "x 3 bytes");
    char *block = fv_strdup("stays");
    assert_null(fv_realloc(block, huge, 3));
    assert_string_equal(block, "stays");
    fv_free(block);
}

static void realloc_keeps_content(void **state) {
    (void)state;
    int *items = FV_NEW_N(int, 3);
    items[2] = 7;
    items = fv_realloc(items, 1000, sizeof *items);
    assert_non_null(items);
    assert_int_equal(items[2], 7);
    fv_free(items);
}

static void formats_a_string_of_any_length(void **state) {
    (void)state;
    char *text = fv_format("%0*d-%s", 3000, 5, "end");
    assert_int_equal(strlen(text), 3004);
    assert_string_equal(text + 2999, "5-end");
    fv_free(text);
}

static void maps_zeroed_pages(void **state) {
    (void)state;
    size_t bytes = 3 << 20;
    unsigned char *block = fv_map(bytes);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % 4096, 0);
    assert_int_equal(block[0] | block[bytes / 2] | block[bytes - 1], 0);
    block[bytes - 1] = 1;
    fv_unmap(block, bytes);
    fv_unmap(fv_map(0), 0);
    fv_unmap(NULL, 1);
    assert_null(fv_map(SIZE_MAX / 2));
    assert_int_equal(fv_last_status(), FV_NO_MEMORY);
}

/* Five allocations of every kind; returns how many succeeded. */
static int allocate_five(void) {
    int made = 0;
    void *blocks[] = {fv_alloc(1, 8), fv_realloc(NULL, 1, 8), fv_strdup("x"), fv_format("%d", 1)};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        made += blocks[i] != NULL;
        fv_free(blocks[i]);
    }
    void *pages = fv_map(8);
    made += pages != NULL;
    fv_unmap(pages, 8);
    return made;
}

static void each_allocation_can_be_made_to_fail(void **state) {
    (void)state;
    fv_memory_fail_after(-1);
    assert_int_equal(allocate_five(), 5);
    for (long passes = 0; passes < 5; passes++) {
        assert_int_equal(fv_memory_fail_after(passes), 5);
        fv_fail(FV_OK, "%s", "");
        assert_int_equal(allocate_five(), 4);
        assert_int_equal(fv_last_status(), FV_NO_MEMORY);
    }
    assert_int_equal(allocate_five(), 5); /* it fails once */
    assert_int_equal(fv_memory_fail_after(-1), 10);
}

static void available_memory_is_plausible(void **state) {
    (void)state;
    size_t available = fv_memory_available();
    assert_true(available > 1 << 20);
    assert_true(available == SIZE_MAX || available < (size_t)1 << 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_and_sums_know_their_limit),  cmocka_unit_test(blocks_are_zero_and_never_null),
        cmocka_unit_test(overflow_is_out_of_memory),           cmocka_unit_test(realloc_keeps_content),
        cmocka_unit_test(formats_a_string_of_any_length),      cmocka_unit_test(maps_zeroed_pages),
        cmocka_unit_test(each_allocation_can_be_made_to_fail), cmocka_unit_test(available_memory_is_plausible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
