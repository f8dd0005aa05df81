/* Rounding to bf16 and back, on every ISA this machine has. */
#include "kernels/cpu.h"
#include "support/unit.h"

#include <math.h>
#include <string.h>

static const char *const isas[] = {"generic", "avx2", "avx512"};

static float from_bits(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static uint16_t narrow(const fv_simd *simd, float x) {
    uint16_t y;
    simd->narrow(1, &x, &y);
    return y;
}

static void each_isa(void (*check)(const fv_simd *simd)) {
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++)
        if (fv_simd_named(isas[i])) check(fv_simd_named(isas[i]));
}

/* All 2^16 of them, at once, in a number that is no multiple of a vector. */
static void check_all(const fv_simd *simd) {
    enum { ALL = 1 << 16 };
    static uint16_t every[ALL + 1], again[ALL + 1];
    static float wide[ALL + 1];
    for (int i = 0; i <= ALL; i++) every[i] = (uint16_t)i;
    simd->widen(ALL + 1, every, wide);
    simd->narrow(ALL + 1, wide, again);
    for (int i = 0; i <= ALL; i++) {
        float should = from_bits((uint32_t)every[i] << 16);
        if (isnan(should)) {
            assert_true(isnan(wide[i]));
            assert_true(isnan(from_bits((uint32_t)again[i] << 16)));
            continue;
        }
        assert_memory_equal(&wide[i], &should, sizeof should);
        assert_int_equal(again[i], every[i]);
    }
}

static void test_all_there_are(void **state) {
    (void)state;
    each_isa(check_all);
}

/* Below, at and above the middle between two neighbours: the middle goes to the even one. The largest floats become infinite,
 * and a NaN whose low bits alone say so, or whose bits are all set, stays one. */
static void check_rounding(const fv_simd *simd) {
    static const struct {
        uint32_t from;
        uint16_t to;
    } rows[] = {
        {0x3f808000, 0x3f80}, {0x3f808001, 0x3f81}, {0x3f807fff, 0x3f80}, {0x3f818000, 0x3f82}, {0x3f817fff, 0x3f81},
        {0xbf818000, 0xbf82}, {0x00008000, 0x0000}, {0x00018000, 0x0002}, {0x00000001, 0x0000}, {0x80000001, 0x8000},
        {0x7f7f7fff, 0x7f7f}, {0x7f7f8000, 0x7f80}, {0x7f7fffff, 0x7f80}, {0xff7fffff, 0xff80}, {0x7f800000, 0x7f80},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (narrow(simd, from_bits(rows[i].from)) != rows[i].to)
            fail_msg("%s: %08x becomes %04x, not %04x", simd->name, rows[i].from, narrow(simd, from_bits(rows[i].from)),
                     rows[i].to);
    static const uint32_t nans[] = {0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff, 0x7fc00000};
    for (size_t i = 0; i < sizeof nans / sizeof *nans; i++)
        assert_true(isnan(from_bits((uint32_t)narrow(simd, from_bits(nans[i])) << 16)));
}

static void test_rounding(void **state) {
    (void)state;
    each_isa(check_rounding);
}

static void test_names(void **state) {
    (void)state;
    assert_string_equal(fv_precision_name(FV_F32), "f32");
    assert_string_equal(fv_precision_name(FV_BF16), "bf16");
    assert_null(fv_precision_name(2));
    assert_int_equal(fv_precision_check(FV_F32), FV_OK);
    assert_int_equal(fv_precision_check((fv_precision)2), FV_BAD_ARGUMENT);
    if (fv_precision_check(FV_BF16) == FV_OK) return;
    assert_contains(fv_error(), "precision bf16: needs oneDNN and a processor with AVX512_BF16, and here are ");
    assert_contains(fv_error(), ": use f32");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_there_are),
        cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
