#include "data/idx.h"

#include "core/memory.h"
#include "data/idx_files.h"
#include "support/unit.h"

#include <string.h>

static uint8_t file[4096], packed[4096];

/* Parses, and expects FV_BAD_DATA with a message that has `part`. */
static void refuses(const void *bytes, size_t count, int rank, const char *part) {
    fv_idx idx;
    assert_int_equal(fv_idx_parse(bytes, count, "some.idx", rank, &idx), FV_BAD_DATA);
    assert_contains(fv_error(), "some.idx: ");
    assert_contains(fv_error(), part);
    assert_null(idx.data);
}

static void accepts(const void *bytes, size_t count) {
    fv_idx idx;
    assert_int_equal(fv_idx_parse(bytes, count, "some.idx", 3, &idx), FV_OK);
    assert_int_equal(idx.dims[0] * 100 + idx.dims[1] * 10 + idx.dims[2], 534);
    assert_int_equal(idx.bytes, 60);
    for (int i = 0; i < 60; i++) assert_int_equal(idx.data[i], i);
    fv_idx_free(&idx);
}

static size_t good(void) { return make_idx(file, 3, (uint32_t[]){5, 3, 4}, 60, 256); }

static void reads_plain_and_gzip(void **state) {
    (void)state;
    size_t count = good();
    accepts(file, count);
    accepts(packed, gzip(file, count, packed, sizeof packed));
}

static void refuses_every_truncation(void **state) {
    (void)state;
    size_t count = good();
    for (size_t n = 0; n < count; n++) refuses(file, n, 3, "truncated");
    size_t zipped = gzip(file, count, packed, sizeof packed);
    for (size_t n = 2; n < zipped; n++) refuses(packed, n, 3, "truncated");
}

static void refuses_what_goes_on(void **state) {
    (void)state;
    size_t count = good();
    refuses(file, count + 1, 3, "goes on after the 60 bytes");
    refuses(packed, gzip(file, count + 1, packed, sizeof packed), 3, "goes on after the 60 bytes");
    refuses(packed, gzip(file, count, packed, sizeof packed) + 1, 3, "goes on after the 60 bytes");
}

static void refuses_other_files(void **state) {
    (void)state;
    size_t count = good();
    refuses(file, count, 1, "not an IDX file of 1 dimensions: begins 00000803, expected 00000801");
    file[2] = 0x0d; /* floats */
    refuses(file, count, 3, "begins 00000d03");
    refuses("\x89PNG\r\n\x1a\nxxxxxxxxxx", 18, 3, "begins 89504e47");
    refuses(file, make_idx(file, 3, (uint32_t[]){0, 28, 28}, 0, 1), 3, "empty: dimension 0 is 0");
}

static void refuses_damaged_gzip(void **state) {
    (void)state;
    size_t zipped = gzip(file, good(), packed, sizeof packed);
    packed[zipped - 6] ^= 1; /* the checksum */
    refuses(packed, zipped, 3, "damaged gzip data");
    gzip(file, good(), packed, sizeof packed);
    packed[10] = 0xff; /* the first block's type */
    refuses(packed, zipped, 3, "damaged gzip data");
}

/* The claim is refused before anything is allocated for it: only the memory of inflate's window is. */
static void refuses_claims_beyond_the_memory_rule(void **state) {
    (void)state;
    size_t count = make_idx(file, 3, (uint32_t[]){60000, 1000, 1000}, 60, 256);
    fv_memory_fail_after(-1);
    refuses(file, count, 3, "claims 60000000000 bytes of data, too many for a file of 76 bytes");
    count = make_idx(file, 3, (uint32_t[]){0xffffffff, 0xffffffff, 0xffffffff}, 60, 256);
    refuses(file, count, 3, "too many for a file of 76 bytes");
    refuses(packed, gzip(file, count, packed, sizeof packed), 3, "too many for a file");
    assert_int_equal(fv_memory_fail_after(-1), 0);
}

/* A stream longer than its claim is refused after one byte more, not inflated. */
static void refuses_a_gzip_bomb(void **state) {
    (void)state;
    enum { BOMB = 8 << 20 };
    uint8_t *bomb = fv_alloc(BOMB, 1), *small = fv_alloc(BOMB / 100, 1);
    make_idx(bomb, 3, (uint32_t[]){5, 3, 4}, 60, 256);
    refuses(small, gzip(bomb, BOMB, small, BOMB / 100), 3, "goes on after the 60 bytes");
    fv_free(bomb);
    fv_free(small);
}

static void reads_files(void **state) {
    (void)state;
    const char *path = temporary("good.idx");
    put_file(path, file, good());
    fv_idx idx;
    assert_int_equal(fv_idx_read(path, 3, &idx), FV_OK);
    assert_int_equal(idx.data[59], 59);
    fv_idx_free(&idx);
    assert_int_equal(fv_idx_read(temporary("none.idx"), 3, &idx), FV_IO_ERROR);
    assert_contains(fv_error(), "none.idx");
    assert_null(idx.data);
}

static void survives_failing_allocations(void **state) {
    (void)state;
    size_t count = good();
    fv_idx idx;
    fv_memory_fail_after(0);
    assert_int_equal(fv_idx_parse(file, count, "some.idx", 3, &idx), FV_NO_MEMORY);
    fv_memory_fail_after(-1);
    assert_null(idx.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_plain_and_gzip),         cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(refuses_what_goes_on),         cmocka_unit_test(refuses_other_files),
        cmocka_unit_test(refuses_damaged_gzip),         cmocka_unit_test(refuses_claims_beyond_the_memory_rule),
        cmocka_unit_test(refuses_a_gzip_bomb),          cmocka_unit_test(reads_files),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
