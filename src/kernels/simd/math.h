/* Elementary functions over vectors. NaN gives NaN; results outside the range of float become 0 or infinity. */
#ifndef KERNELS_SIMD_MATH_H
#define KERNELS_SIMD_MATH_H

#include "kernels/simd/vector.h"

/* 2^n for -127 < n < 128, n given as the low bits of `shifted` = n + 1.5 * 2^23. */
FV_INLINE vf power_of_two(vi n) { return (vf)((n + 127) << 23); }

/* x limited to [low, high]; NaN stays. */
FV_INLINE vf limit(vf x, float low, float high) {
    x = choose(greater(splat(low), x), splat(low), x);
    return choose(greater(x, splat(high)), splat(high), x);
}

/* e^x = 2^n * e^r, n = round(x / ln 2), |r| <= ln 2 / 2; e^r = 1 + r + r^2 p(r), p a least-maximum fit with relative
 * error 3e-9 in e^r. Two scalings by about 2^(n/2) reach all of the range, also what is subnormal. */
FV_INLINE vf vexp(vf x) {
    const float round = 0x1.8p23f; /* adding it leaves the nearest integer in the low bits */
    x = limit(x, -105.0f, 89.0f);
    vf shifted = x * 0x1.715476p0f + round;
    vf whole = shifted - round;
    vi n = (vi)shifted - (vi)splat(round);
    vf r = x - whole * 0x1.62e4p-1f; /* ln 2 in two parts, the first exact when multiplied by n */
    r = r - whole * 0x1.7f7d1cp-20f;
    vf p = splat(0.00138144667f);
    p = p * r + 0.00836878043f;
    p = p * r + 0.0416683942f;
    p = p * r + 0.166665201f;
    p = p * r + 0.499999934f;
    vf e = p * (r * r) + r + 1.0f;
    vi half = n >> 1;
    return e * power_of_two(half) * power_of_two(n - half);
}

/* log x of normal x > 0; what is smaller gives about -88. x = 2^n m, m between the roots of 1/2 and 2, r = m - 1;
 * log m = r - r^2 / 2 + r^3 p(r), p a least-maximum fit with relative error 6e-9. */
FV_INLINE vf vlog(vf x) {
    vi n = ((vi)x - 0x3f3504f3) >> 23;
    vf whole = __builtin_convertvector(n, vf), r = (vf)((vi)x - (n << 23)) - 1.0f;
    vf p = splat(-0.0763450726f);
    p = p * r + 0.127615801f;
    p = p * r + -0.131601795f;
    p = p * r + 0.142017573f;
    p = p * r + -0.166233576f;
    p = p * r + 0.200012269f;
    p = p * r + -0.25000821f;
    p = p * r + 0.333333317f;
    vf rest = p * (r * r * r) - 0.5f * (r * r) + whole * -2.12194440e-4f; /* ln 2 in two parts, as above */
    return choose(unordered(x), x, r + rest + whole * 0.693359375f);
}

FV_INLINE vf vsigmoid(vf x) { return 1.0f / (1.0f + vexp(-x)); }

/* |x| < 0.64: x + x^3 p(x^2), a least-maximum fit; beyond: 1 - 2 / (e^2|x| + 1), with the sign of x. */
FV_INLINE vf vtanh(vf x) {
    vi sign = (vi)x & (vi)splat(-0.0f);
    vf size = (vf)((vi)x ^ sign), square = x * x;
    vf p = splat(-0.00560391359f);
    p = p * square + 0.020551719f;
    p = p * square + -0.0537141072f;
    p = p * square + 0.133311528f;
    p = p * square + -0.333332721f;
    vf small = x + x * square * p;
    vf large = 1.0f - 2.0f / (vexp(2.0f * size) + 1.0f);
    return choose(greater(splat(0.64f), size), small, (vf)((vi)large | sign));
}

#endif
