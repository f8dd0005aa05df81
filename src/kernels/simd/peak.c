/* What kernels/peak.c measures with: arithmetic that waits for no memory, and reading that waits for nothing else. */
#include "kernels/simd/vector.h"

/* Sums in work at once: two multiply-adds a cycle, each of four cycles, take eight; AVX2 has registers for twelve. */
enum { CHAINS = 12, AT_ONCE = 8 };

size_t SIMD(multiply_adds)(size_t turns, float *result) {
    vf sum[CHAINS], all = {0}, p = splat(0.5f), q = splat(0.5f);
    for (int k = 0; k < CHAINS; k++) sum[k] = splat((float)k);
    HOLD(p);
    HOLD(q);
    for (size_t i = 0; i < turns; i++)
        for (int k = 0; k < CHAINS; k++) sum[k] = sum[k] * p + q;
    for (int k = 0; k < CHAINS; k++) all += sum[k];
    *result = sum_lanes(all);
    return turns * CHAINS * 2 * WIDTH;
}

float SIMD(sum_of)(size_t count, const float *x) {
    vf sum[AT_ONCE] = {{0}}, all = {0};
    size_t i = 0;
    for (; i + AT_ONCE * WIDTH <= count; i += AT_ONCE * WIDTH)
        for (size_t k = 0; k < AT_ONCE; k++) sum[k] += load(x + i + k * WIDTH);
    for (int k = 0; k < AT_ONCE; k++) all += sum[k];
    float total = sum_lanes(all);
    for (; i < count; i++) total += x[i];
    return total;
}
