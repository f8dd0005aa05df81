#include "core/random.h"
#include "support/unit.h"

#include <math.h>
#include <string.h>

/* The known answers published with Random123 (kat_vectors, philox4x32 10 rounds). */
static void philox_gives_the_published_numbers(void **state) {
    (void)state;
    static const struct {
        uint64_t key;
        uint32_t counter[4], out[4];
    } answers[] = {
        {0, {0, 0, 0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {UINT64_MAX,
         {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {0x299f31d0a4093822,
         {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        uint32_t out[4];
        fv_philox(answers[i].key, answers[i].counter, out);
        assert_memory_equal(out, answers[i].out, sizeof out);
    }
}

static void a_stream_walks_its_blocks(void **state) {
    (void)state;
    fv_random r = fv_random_stream(42, 0x100000002u, FV_STREAM_SHUFFLE);
    for (uint32_t block = 0; block < 3; block++) {
        uint32_t expected[4];
        fv_philox(42, (uint32_t[]){block, FV_STREAM_SHUFFLE, 2, 1}, expected);
        for (int i = 0; i < 4; i++) assert_int_equal(fv_random_u32(&r), expected[i]);
    }
}

static void streams_differ(void **state) {
    (void)state;
    fv_random streams[] = {fv_random_stream(1, 1, 1), fv_random_stream(2, 1, 1), fv_random_stream(1, 2, 1),
                           fv_random_stream(1, 1, 2), fv_random_stream(1, (uint64_t)1 << 32, 1)};
    uint32_t first[5];
    for (int i = 0; i < 5; i++) first[i] = fv_random_u32(&streams[i]);
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < i; j++) assert_int_not_equal(first[i], first[j]);
}

enum { DRAWS = 200000 };

static void floats_are_uniform(void **state) {
    (void)state;
    fv_random r = fv_random_stream(7, 0, 0);
    double sum = 0, squares = 0;
    for (int i = 0; i < DRAWS; i++) {
        float x = fv_random_float(&r);
        assert_true(x >= 0 && x < 1);
        sum += x, squares += (double)x * x;
    }
    assert_true(fabs(sum / DRAWS - 0.5) < 0.003); /* 4.6 standard errors */
    assert_true(fabs(squares / DRAWS - 1.0 / 3) < 0.003);
}

static void normals_have_their_moments(void **state) {
    (void)state;
    fv_random r = fv_random_stream(8, 0, 0);
    double sum = 0, squares = 0, fourth = 0;
    for (int i = 0; i < DRAWS; i++) {
        double x = fv_random_normal(&r);
        assert_true(isfinite(x));
        sum += x, squares += x * x, fourth += x * x * x * x;
    }
    assert_true(fabs(sum / DRAWS) < 0.01);
    assert_true(fabs(squares / DRAWS - 1) < 0.015);
    assert_true(fabs(fourth / DRAWS - 3) < 0.1);
}

static void below_reaches_all_and_no_more(void **state) {
    (void)state;
    fv_random r = fv_random_stream(9, 0, 0);
    int counts[7] = {0};
    for (int i = 0; i < 70000; i++) {
        uint32_t n = fv_random_below(&r, 7);
        assert_true(n < 7);
        counts[n]++;
    }
    for (int i = 0; i < 7; i++) assert_in_range(counts[i], 9600, 10400);
    for (int i = 0; i < 100; i++) assert_int_equal(fv_random_below(&r, 1), 0);
}

/* With n = 3 * 2^30 a plain multiplication would give every third value twice as often. */
static void below_has_no_bias(void **state) {
    (void)state;
    fv_random r = fv_random_stream(10, 0, 0);
    int counts[3] = {0};
    for (int i = 0; i < 60000; i++) counts[fv_random_below(&r, 3u << 30) % 3]++;
    for (int i = 0; i < 3; i++) assert_in_range(counts[i], 19400, 20600);
}

/* Mean 1/2, variance 1 / (4 (2a + 1)); of a = 1, uniform; of a small a, nearly all at the ends. */
static void betas_have_their_moments(void **state) {
    (void)state;
    static const double alphas[] = {1e-3, 0.05, 0.2, 1, 8, 100};
    for (int k = 0; k < 6; k++) {
        fv_random r = fv_random_stream(11, (uint64_t)k, 0);
        const double a = alphas[k], variance = 1 / (4 * (2 * a + 1));
        double sum = 0, squares = 0;
        int tenth = 0;
        for (int i = 0; i < 40000; i++) {
            double x = fv_random_beta(&r, a);
            assert_true(x >= 0 && x <= 1);
            sum += x, squares += (x - 0.5) * (x - 0.5), tenth += x < 0.1;
        }
        assert_true(fabs(sum / 40000 - 0.5) < 4 * sqrt(variance / 40000));
        assert_true(fabs(squares / 40000 / variance - 1) < 0.04);
        if (a == 1) assert_in_range(tenth, 3760, 4240);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_published_numbers),
        cmocka_unit_test(a_stream_walks_its_blocks),
        cmocka_unit_test(streams_differ),
        cmocka_unit_test(floats_are_uniform),
        cmocka_unit_test(normals_have_their_moments),
        cmocka_unit_test(betas_have_their_moments),
        cmocka_unit_test(below_reaches_all_and_no_more),
        cmocka_unit_test(below_has_no_bias),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
