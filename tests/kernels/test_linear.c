/* The linear layer of few images, of every ISA this machine has: against sums in double, and the same bits however it is shared. */
#include "core/memory.h"
#include "core/random.h"
#include "core/threads.h"
#include "kernels/cpu.h"
#include "support/unit.h"

#include <math.h>

static float *normal(size_t count, uint64_t stream) {
    fv_random random = fv_random_stream(11, stream, count);
    float *v = FV_NEW_N(float, count);
    assert_non_null(v);
    for (size_t i = 0; i < count; i++) v[i] = fv_random_normal(&random);
    return v;
}

typedef struct layer {
    fv_conv_shape s;
    float *x, *w, *bias;
} layer;

static double sum_of(const layer *l, int n, int o) {
    double sum = l->bias ? (double)l->bias[o] : 0;
    for (int i = 0; i < l->s.ic; i++) sum += (double)l->x[n * l->s.ic + i] * (double)l->w[o * l->s.ic + i];
    return sum;
}

static void check(const fv_simd *simd, const layer *l) {
    const size_t count = (size_t)(l->s.n * l->s.oc);
    float *y = FV_NEW_N(float, count), *shared = FV_NEW_N(float, count);
    assert_true(y && shared && simd->linear_supported(&l->s));
    simd->linear_forward(&l->s, 0, l->s.oc, l->x, l->w, l->bias, y);
    for (int i = 0, begin, end; i < 3; i++) {
        fv_share(l->s.oc, i, 3, &begin, &end);
        simd->linear_forward(&l->s, begin, end, l->x, l->w, l->bias, shared);
    }
    assert_memory_equal(y, shared, count * sizeof(float));
    for (int n = 0; n < l->s.n; n++)
        for (int o = 0; o < l->s.oc; o++) {
            double should = sum_of(l, n, o), is = (double)y[n * l->s.oc + o];
            if (!(fabs(is - should) <= 1e-6 * (20 + l->s.ic)))
                fail_msg("%s, [%d,%d] to %d, image %d, output %d: %g, should be %g", simd->name, l->s.n, l->s.ic,
                         l->s.oc, n, o, is, should);
        }
    fv_free(y);
    fv_free(shared);
}

static void sums_are_right(void **state) {
    (void)state;
    static const char *const isas[] = {"generic", "avx2", "avx512"};
    static const int ins[] = {1, 19, 512, 1100}, outs[] = {1, 10, 101};
    for (int n = 1; n <= 8; n++)
        for (size_t i = 0; i < sizeof ins / sizeof *ins; i++)
            for (size_t o = 0; o < sizeof outs / sizeof *outs; o++) {
                layer l = {.s = fv_linear_shape(n, ins[i], outs[o])};
                l.x = normal((size_t)(n * ins[i]), 1), l.w = normal((size_t)(ins[i] * outs[o]), 2);
                l.bias = n % 2 ? normal((size_t)outs[o], 3) : NULL;
                for (size_t k = 0; k < sizeof isas / sizeof *isas; k++)
                    if (fv_simd_named(isas[k])) check(fv_simd_named(isas[k]), &l);
                fv_free(l.x);
                fv_free(l.w);
                fv_free(l.bias);
            }
}

static void many_images_are_refused(void **state) {
    (void)state;
    fv_conv_shape few = fv_linear_shape(8, 16, 16), many = fv_linear_shape(9, 16, 16);
    assert_true(fv_simd_pick()->linear_supported(&few));
    assert_false(fv_simd_pick()->linear_supported(&many));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_right),
        cmocka_unit_test(many_images_are_refused),
    };
    return cmocka_run_group_tests_name("kernels/linear", tests, NULL, NULL);
}
