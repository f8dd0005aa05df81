#include "core/random.h"

#include <math.h>

fv_random fv_random_stream(uint64_t seed, uint64_t stream, uint32_t substream) {
    return (fv_random){.key = seed, .counter = {0, substream, (uint32_t)stream, (uint32_t)(stream >> 32)}};
}

uint32_t fv_random_u32(fv_random *r) {
    if (r->left == 0) {
        fv_philox(r->key, r->counter, r->block);
        r->counter[0]++;
        r->left = 4;
    }
    return r->block[4 - r->left--];
}

float fv_random_float(fv_random *r) { return (float)(fv_random_u32(r) >> 8) * 0x1p-24f; }

uint32_t fv_random_below(fv_random *r, uint32_t n) {
    uint64_t product = (uint64_t)fv_random_u32(r) * n;
    if ((uint32_t)product < n) {
        uint32_t threshold = -n % n;
        while ((uint32_t)product < threshold) product = (uint64_t)fv_random_u32(r) * n;
    }
    return (uint32_t)(product >> 32);
}

float fv_random_normal(fv_random *r) {
    double radius = sqrt(-2.0 * log(1.0 - fv_random_float(r)));
    return (float)(radius * cos(6.283185307179586 * fv_random_float(r)));
}

/* The logarithm of a number of Gamma(a, 1). Marsaglia and Tsang 2000, "A simple method for generating gamma variables", for
 * a + 1, which is above 1; that of a is U^(1/a) times it, and too small for a double where a is. */
static double log_gamma_variate(fv_random *r, double a) {
    const double d = a + 1 - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = (double)fv_random_normal(r), v = 1 + c * x, u = 1 - (double)fv_random_float(r);
        if (v <= 0) continue;
        v *= v * v;
        if (log(u) < 0.5 * x * x + d - d * v + d * log(v)) return log(d * v) + log(1 - (double)fv_random_float(r)) / a;
    }
}

double fv_random_beta(fv_random *r, double a) {
    double one = log_gamma_variate(r, a), other = log_gamma_variate(r, a);
    return 1 / (1 + exp(other - one));
}
