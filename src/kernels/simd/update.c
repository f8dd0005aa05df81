/* Optimizers' rules that compute more than they move. Plain loops: the compiler makes vectors of them for each ISA. */
#include "kernels/simd/vector.h"

#include <math.h>

void SIMD(adam_update)(size_t count, const fv_adam_terms *a, const float *restrict g, float *restrict p,
                       float *restrict m, float *restrict v) {
    const fv_adam_terms t = *a;
    for (size_t i = 0; i < count; i++) {
        m[i] = t.beta1 * m[i] + t.one_less_beta1 * g[i];
        v[i] = t.beta2 * v[i] + t.one_less_beta2 * g[i] * g[i];
        p[i] -= t.rate * m[i] / (sqrtf(v[i]) * t.scale + t.epsilon);
    }
}
