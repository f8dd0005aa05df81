#include "formats/tensor.h"

#include "support/unit.h"

#include <math.h>
#include <string.h>

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The value of a number of 1 + exponent_bits + fraction_bits bits, by the standard's formula. */
static double value_of(unsigned bits, int exponent_bits, int fraction_bits) {
    int bias = (1 << (exponent_bits - 1)) - 1, top = (1 << exponent_bits) - 1;
    int exponent = (int)(bits >> fraction_bits) & top, fraction = (int)bits & ((1 << fraction_bits) - 1);
    double sign = bits >> (exponent_bits + fraction_bits) & 1 ? -1.0 : 1.0;
    if (exponent == top) return fraction ? NAN : sign * INFINITY;
    if (exponent == 0) return sign * ldexp(fraction, 1 - bias - fraction_bits);
    return sign * ldexp((1 << fraction_bits) + fraction, exponent - bias - fraction_bits);
}

static void check_all_16_bits(fv_dtype dtype, int exponent_bits, int fraction_bits) {
    static unsigned char bytes[1 + 2 * 65536]; /* the first one unused: an odd address */
    static float out[65536];
    for (unsigned i = 0; i < 65536; i++)
        bytes[1 + 2 * i] = (unsigned char)i, bytes[2 + 2 * i] = (unsigned char)(i >> 8);
    const fv_tensor_view view = {
        .name = "t", .dtype = dtype, .rank = 1, .dims = {65536}, .data = bytes + 1, .bytes = 2 * 65536};
    assert_int_equal(fv_tensor_to_f32(&view, out), FV_OK);
    for (unsigned i = 0; i < 65536; i++) {
        double wanted = value_of(i, exponent_bits, fraction_bits);
        assert_int_equal(isnan(wanted) != 0, isnan(out[i]) != 0);
        if (isnan(wanted)) { /* the payload and its quiet bit stay the uppermost of the fraction */
            uint32_t fraction = i & ((1u << fraction_bits) - 1);
            assert_int_equal(bits_of(out[i]), (i & 0x8000u) << 16 | 0x7f800000u | fraction << (23 - fraction_bits));
        } else {
            assert_true((double)out[i] == wanted);
            assert_int_equal(signbit(out[i]) != 0, signbit(wanted) != 0);
        }
    }
}

static void every_half_becomes_its_value(void **state) {
    (void)state;
    check_all_16_bits(FV_DTYPE_F16, 5, 10);
}

static void every_bfloat_becomes_its_value(void **state) {
    (void)state;
    check_all_16_bits(FV_DTYPE_BF16, 8, 7);
}

static void floats_are_copied_and_doubles_rounded(void **state) {
    (void)state;
    const float floats[] = {0.1f, -0.0f, 1e-45f, INFINITY};
    const double doubles[] = {0.1, -0.0, 1e-45, 1e300};
    float out[4];
    const fv_tensor_view single = {
        .name = "t", .dtype = FV_DTYPE_F32, .rank = 1, .dims = {4}, .data = floats, .bytes = sizeof floats};
    const fv_tensor_view twice = {
        .name = "t", .dtype = FV_DTYPE_F64, .rank = 1, .dims = {4}, .data = doubles, .bytes = sizeof doubles};
    assert_int_equal(fv_tensor_to_f32(&single, out), FV_OK);
    assert_memory_equal(out, floats, sizeof floats);
    memset(out, 0xff, sizeof out);
    assert_int_equal(fv_tensor_to_f32(&twice, out), FV_OK);
    assert_memory_equal(out, floats, sizeof floats);
}

static void integers_are_not_converted(void **state) {
    (void)state;
    const fv_dtype integers[] = {FV_DTYPE_BOOL, FV_DTYPE_U8,  FV_DTYPE_I8,  FV_DTYPE_U16, FV_DTYPE_I16,
                                 FV_DTYPE_U32,  FV_DTYPE_I32, FV_DTYPE_U64, FV_DTYPE_I64};
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        const uint64_t one = 1;
        float out = 5;
        fv_tensor_view view = {
            .name = "count", .dtype = integers[i], .data = &one, .bytes = fv_dtype_bytes(integers[i])};
        assert_int_equal(fv_tensor_to_f32(&view, &out), FV_UNSUPPORTED);
        assert_true(out == 5);
    }
    assert_string_equal(fv_error(), "tensor \"count\" is of type I64: floats are wanted (F32, F16, BF16 or F64)");
}

static void names_and_sizes_of_types(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t bytes;
    } types[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"U16", 2}, {"I16", 2}, {"F16", 2}, {"BF16", 2},
                 {"U32", 4},  {"I32", 4}, {"F32", 4}, {"U64", 8}, {"I64", 8}, {"F64", 8}};
    assert_int_equal(sizeof types / sizeof *types, FV_DTYPES);
    for (int i = 0; i < FV_DTYPES; i++) {
        fv_dtype dtype = fv_dtype_find(types[i].name);
        assert_int_not_equal(dtype, FV_DTYPES);
        assert_string_equal(fv_dtype_name(dtype), types[i].name);
        assert_int_equal(fv_dtype_bytes(dtype), types[i].bytes);
    }
    assert_int_equal(fv_dtype_find("F33"), FV_DTYPES);
    assert_int_equal(fv_dtype_find(""), FV_DTYPES);
    assert_int_equal(fv_dtype_find("f32"), FV_DTYPES);
}

static void sizes_are_checked_for_overflow(void **state) {
    (void)state;
    size_t bytes;
    assert_true(fv_tensor_bytes(FV_DTYPE_F32, 0, NULL, &bytes));
    assert_int_equal(bytes, 4);
    assert_true(fv_tensor_bytes(FV_DTYPE_F64, 3, (size_t[]){2, 3, 5}, &bytes));
    assert_int_equal(bytes, 240);
    assert_true(fv_tensor_bytes(FV_DTYPE_U8, 2, (size_t[]){SIZE_MAX, 1}, &bytes));
    assert_int_equal(bytes, SIZE_MAX);
    assert_false(fv_tensor_bytes(FV_DTYPE_U8, 2, (size_t[]){SIZE_MAX, 2}, &bytes));
    assert_false(fv_tensor_bytes(FV_DTYPE_F32, 1, (size_t[]){SIZE_MAX / 4 + 1}, &bytes));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_becomes_its_value),
        cmocka_unit_test(every_bfloat_becomes_its_value),
        cmocka_unit_test(floats_are_copied_and_doubles_rounded),
        cmocka_unit_test(integers_are_not_converted),
        cmocka_unit_test(names_and_sizes_of_types),
        cmocka_unit_test(sizes_are_checked_for_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
