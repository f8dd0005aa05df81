/* The kernels on images of every ISA this machine has, against their definitions, which have one right answer. */
#include "core/memory.h"
#include "kernels/cpu.h"
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

enum { ROUNDS = 150 };

static const char *const isas[] = {"generic", "avx2", "avx512"};

static fv_random rng;

static int between(int low, int high) { return low + (int)fv_random_below(&rng, (uint32_t)(high - low + 1)); }

static uint8_t *random_bytes(size_t count) {
    uint8_t *bytes = FV_NEW_N(uint8_t, count);
    assert_non_null(bytes);
    for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)fv_random_u32(&rng);
    return bytes;
}

/* Weights that now and then sum to a little too much. */
static fv_filter random_filter(int n, int span) {
    fv_filter f = {.n = n, .most = between(1, span < 9 ? span : 9), .span = span};
    f.first = FV_NEW_N(int, (size_t)n);
    f.count = FV_NEW_N(int, (size_t)n);
    f.weight = FV_NEW_N(int32_t, (size_t)n * (size_t)f.most);
    assert_true(f.first && f.count && f.weight);
    for (int i = 0; i < n; i++) {
        f.count[i] = between(1, f.most);
        f.first[i] = between(0, span - f.count[i]);
        for (int k = 0; k < f.count[i]; k++)
            f.weight[i * f.most + k] = ((1 << FV_FILTER_BITS) + between(0, 3)) / f.count[i];
    }
    return f;
}

static void free_filter(fv_filter *f) {
    fv_free(f->first);
    fv_free(f->count);
    fv_free(f->weight);
}

/* Output i of samples `step` apart. */
static uint8_t filtered(const fv_filter *f, int i, const uint8_t *from, size_t step) {
    int64_t sum = 1 << (FV_FILTER_BITS - 1);
    for (int k = 0; k < f->count[i]; k++)
        sum += (int64_t)f->weight[i * f->most + k] * from[(size_t)(f->first[i] + k) * step];
    return (uint8_t)(sum >> FV_FILTER_BITS > 255 ? 255 : sum >> FV_FILTER_BITS);
}

static void check_columns(const fv_simd *simd) {
    const int c = between(1, 4), rows = between(1, 40), span = between(1, 70), n = between(1, 50);
    const size_t extra = (size_t)between(0, 9), stride = (size_t)(span * c) + extra, out = (size_t)(n * c);
    fv_filter f = random_filter(n, span);
    uint8_t *from = random_bytes((size_t)rows * stride - extra), *to = random_bytes((size_t)rows * out);
    void *scratch = fv_alloc(simd->resample_scratch(&f, c), 1);
    assert_non_null(scratch);
    simd->resample_columns(&f, c, rows, from, stride, to, scratch);
    for (size_t y = 0; y < (size_t)rows; y++)
        for (int i = 0; i < n; i++)
            for (int k = 0; k < c; k++)
                assert_int_equal(to[y * out + (size_t)(i * c + k)],
                                 filtered(&f, i, from + y * stride + (size_t)k, (size_t)c));
    fv_free(scratch);
    fv_free(from);
    fv_free(to);
    free_filter(&f);
}

static void check_row(const fv_simd *simd) {
    const size_t length = (size_t)between(1, 300);
    const int span = between(1, 30), i = between(0, 4);
    fv_filter f = random_filter(5, span);
    uint8_t *from = random_bytes((size_t)span * length), *to = random_bytes(length);
    simd->resample_row(&f, i, length, from, to);
    for (size_t x = 0; x < length; x++) assert_int_equal(to[x], filtered(&f, i, from + x, length));
    fv_free(from);
    fv_free(to);
    free_filter(&f);
}

static void check_pairs(const fv_simd *simd) {
    enum { N = 40 };
    const int c = between(1, 4), width = between(1, 50);
    int at[2][N];
    int16_t weight[2][N], line[2][N * 4];
    fv_pairs p = {N, {at[0], at[1]}, {weight[0], weight[1]}, {NULL, NULL}};
    uint8_t *from[2] = {random_bytes((size_t)(width * c)), random_bytes((size_t)(width * c))}, to[N * 4];
    for (int i = 0; i < N; i++) {
        at[0][i] = between(0, width - 1), at[1][i] = between(0, width - 1);
        weight[0][i] = (int16_t)between(0, 2048), weight[1][i] = (int16_t)(2048 - weight[0][i]);
    }
    for (int k = 0; k < 2; k++) simd->pair_columns(&p, c, from[k], line[k]);
    const int row = between(0, N - 1);
    simd->pair_rows(&p, row, (size_t)(N * c), line[0], line[1], to);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < c; k++) {
            int x = i * c + k, sum = 2;
            for (int r = 0; r < 2; r++) {
                int s = from[r][at[0][i] * c + k] * weight[0][i] + from[r][at[1][i] * c + k] * weight[1][i];
                assert_int_equal(line[r][x], s >> 4);
                sum += line[r][x] * weight[r][row] >> 16;
            }
            assert_int_equal(to[x], sum >> 2);
        }
    fv_free(from[0]);
    fv_free(from[1]);
}

static void on_every_isa(void (*check)(const fv_simd *simd)) {
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++) {
        const fv_simd *simd = fv_simd_named(isas[i]);
        rng = fv_random_stream(7, 0, FV_STREAM_DATA);
        for (int round = 0; simd && round < ROUNDS; round++) check(simd);
        if (!simd) print_message("# %s: not on this machine\n", isas[i]);
    }
}

static void columns(void **state) { (void)state, on_every_isa(check_columns); }
static void rows(void **state) { (void)state, on_every_isa(check_row); }
static void pairs(void **state) { (void)state, on_every_isa(check_pairs); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns),
        cmocka_unit_test(rows),
        cmocka_unit_test(pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
