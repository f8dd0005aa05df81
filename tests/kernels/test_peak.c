/* What the machine's limits are measured with does what it says; and a process can be held to a lesser instruction set. */
#include "core/memory.h"
#include "kernels/cpu.h"
#include "kernels/peak.h"
#include "support/unit.h"

#include <math.h>

static const char *const isas[] = {"generic", "avx2", "avx512"};

/* x <- (x + 1) / 2, from 0, 1, 2, ... in so many lanes: the operations are as many as counted, and all are done. */
static void test_multiply_adds(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        const fv_simd *simd = fv_simd_named(isas[i]);
        if (!simd) continue;
        float start, once, often;
        assert_int_equal(simd->multiply_adds(0, &start), 0);
        size_t operations = simd->multiply_adds(1, &once);
        float values = (float)operations / 2; /* one multiply-add of each */
        assert_true(start > values);
        assert_true(fabsf(once - (start + values) / 2) < 1e-3f);
        assert_int_equal(simd->multiply_adds(100, &often), 100 * operations);
        assert_true(often == values);
    }
}

static void test_sum_of(void **state) {
    (void)state;
    enum { MOST = 300 };
    float x[MOST];
    for (int i = 0; i < MOST; i++) x[i] = (float)(i % 7);
    for (int i = 0; i < 3; i++) {
        const fv_simd *simd = fv_simd_named(isas[i]);
        float sum = 0;
        for (size_t n = 0; simd && n < MOST; sum += x[n++]) assert_true(simd->sum_of(n, x) == sum);
    }
}

static void test_measured(void **state) {
    (void)state;
    fv_team *team = fv_team_new(2);
    fv_peak peak;
    assert_int_equal(fv_peak_measure(team, &peak), FV_OK);
    assert_true(isfinite(peak.flops) && peak.flops > 0);
    assert_true(isfinite(peak.bytes) && peak.bytes > 0);
    fv_memory_fail_after(0);
    assert_int_equal(fv_peak_measure(team, &peak), FV_NO_MEMORY);
    fv_team_free(team);
}

/* The last test: it is for the whole process, and once. */
static void test_isa_limit(void **state) {
    (void)state;
    const char *all = fv_isa_name(), *lesser = fv_simd_named("avx2") ? "avx2" : "generic";
    assert_int_equal(fv_isa_limit("avx9"), FV_UNSUPPORTED);
    assert_contains(fv_error(), "avx9");
    assert_contains(fv_error(), all);
    assert_string_equal(fv_isa_name(), all);
    assert_int_equal(fv_isa_limit(lesser), FV_OK);
    assert_string_equal(fv_isa_name(), lesser);
    assert_int_equal(fv_block(), 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_multiply_adds),
        cmocka_unit_test(test_sum_of),
        cmocka_unit_test(test_measured),
        cmocka_unit_test(test_isa_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
