/* Optimizers' rules that compute more than they move. Plain loops: the compiler makes vectors of them for each ISA. */
#include "kernels/simd/vector.h"

#include <math.h>

void SIMD(adam_update)(size_t count, const fv_adam_terms *a, const float *restrict g, float *restrict p,
                       float *restrict m, float *restrict v) {
    const fv_adam_terms t = *a;
    for (size_t i = 0; i < count; i++) {
        m[i] = t.beta1 * m[i] + t.one_less_beta1 * g[i];
        v[i] = t.beta2 * v[i] + t.one_less_beta2 * g[i] * g[i];
        p[i] -= (t.rate * m[i] + t.gradient_rate * g[i]) / (sqrtf(v[i]) * t.scale + t.epsilon);
    }
}

void SIMD(adamax_update)(size_t count, const fv_adam_terms *a, const float *restrict g, float *restrict p,
                         float *restrict m, float *restrict u) {
    const fv_adam_terms t = *a;
    for (size_t i = 0; i < count; i++) {
        const float decayed = t.beta2 * u[i], size = fabsf(g[i]) + t.epsilon;
        m[i] = t.beta1 * m[i] + t.one_less_beta1 * g[i];
        u[i] = decayed > size ? decayed : size;
        p[i] -= t.rate * m[i] / u[i];
    }
}

/* The variance may come out a little below 0. */
static void center(size_t count, const fv_rmsprop_terms *r, const float *restrict g, const float *restrict v,
                   float *restrict mean, float *restrict variance) {
    for (size_t i = 0; i < count; i++) {
        mean[i] = r->rho * mean[i] + r->one_less_rho * g[i];
        const float rest = v[i] - mean[i] * mean[i];
        variance[i] = rest > 0 ? rest : 0;
    }
}

static void rmsprop(size_t count, const fv_rmsprop_terms *r, const float *restrict g, float *restrict p,
                    float *restrict v, float *restrict b, float *restrict mean) {
    float variance[256];
    for (size_t i = 0; i < count; i++) v[i] = r->rho * v[i] + r->one_less_rho * g[i] * g[i];
    if (mean) center(count, r, g, v, mean, variance);
    const float *restrict under = mean ? variance : v;
    if (!b)
        for (size_t i = 0; i < count; i++) p[i] -= r->rate * g[i] / (sqrtf(under[i]) + r->epsilon);
    for (size_t i = 0; b && i < count; i++) {
        b[i] = r->momentum * b[i] + g[i] / (sqrtf(under[i]) + r->epsilon);
        p[i] -= r->rate * b[i];
    }
}

void SIMD(rmsprop_update)(size_t count, const fv_rmsprop_terms *r, const float *g, float *p, float *v, float *b,
                          float *mean) {
    const fv_rmsprop_terms t = *r;
    for (size_t at = 0, n; at < count; at += n) {
        n = count - at < 256 ? count - at : 256;
        rmsprop(n, &t, g + at, p + at, v + at, b ? b + at : NULL, mean ? mean + at : NULL);
    }
}

void SIMD(adagrad_update)(size_t count, float rate, float epsilon, const float *restrict g, float *restrict p,
                          float *restrict v) {
    for (size_t i = 0; i < count; i++) {
        v[i] += g[i] * g[i];
        p[i] -= rate * g[i] / (sqrtf(v[i]) + epsilon);
    }
}

void SIMD(adadelta_update)(size_t count, const fv_rmsprop_terms *r, const float *restrict g, float *restrict p,
                           float *restrict v, float *restrict d) {
    const fv_rmsprop_terms t = *r;
    for (size_t i = 0; i < count; i++) {
        v[i] = t.rho * v[i] + t.one_less_rho * g[i] * g[i];
        const float x = sqrtf(d[i] + t.epsilon) / sqrtf(v[i] + t.epsilon) * g[i];
        d[i] = t.rho * d[i] + t.one_less_rho * x * x;
        p[i] -= t.rate * x;
    }
}
