/* Elementwise functions and sums on flat arrays. Each is one expression over vectors; an array's last, partial vector
 * is worked on in a copy. */
#include "kernels/simd/math.h"

/* void name(size_t count, [parameter,] const float *a, float *y): y = expression of a. */
#define MAP1(name, parameter, expression)                                  \
    void SIMD(name)(size_t count parameter, const float *from, float *y) { \
        size_t i = 0;                                                      \
        for (; i + WIDTH <= count; i += WIDTH) {                           \
            vf a = load(from + i);                                         \
            store(y + i, expression);                                      \
        }                                                                  \
        if (i == count) return;                                            \
        vf a = load_some(from + i, count - i);                             \
        store_some(y + i, expression, count - i);                          \
    }

/* The same of two arrays, a and b. */
#define MAP2(name, parameter, expression)                                                         \
    void SIMD(name)(size_t count parameter, const float *from_a, const float *from_b, float *y) { \
        size_t i = 0;                                                                             \
        for (; i + WIDTH <= count; i += WIDTH) {                                                  \
            vf a = load(from_a + i), b = load(from_b + i);                                        \
            store(y + i, expression);                                                             \
        }                                                                                         \
        if (i == count) return;                                                                   \
        vf a = load_some(from_a + i, count - i), b = load_some(from_b + i, count - i);            \
        store_some(y + i, expression, count - i);                                                 \
    }

#define NONE
#define SLOPE  , float slope
#define FACTOR , float factor

static const vf zero;

/* A NaN passes through relu: what is not below zero is kept. */
MAP1(relu_forward, NONE, choose(greater(zero, a), zero, a))
MAP1(leaky_relu_forward, SLOPE, choose(greater(zero, a), a *slope, a))
MAP1(relu6_forward, NONE, limit(a, 0, 6))
MAP1(hard_sigmoid_forward, NONE, limit(a + 3.0f, 0, 6) * (1 / 6.0f))
MAP1(hard_swish_forward, NONE, a *limit(a + 3.0f, 0, 6) * (1 / 6.0f))
MAP1(sigmoid_forward, NONE, vsigmoid(a))
MAP1(tanh_forward, NONE, vtanh(a))
MAP1(exp_forward, NONE, vexp(a))
MAP1(scale, FACTOR, a *factor)

/* a is the output y, b its gradient. */
MAP2(relu_backward, NONE, choose(greater(a, zero), b, zero))
MAP2(leaky_relu_backward, SLOPE, choose(greater(a, zero), b, b *slope))
MAP2(relu6_backward, NONE, choose(greater(a, zero), choose(greater(splat(6), a), b, zero), zero))
MAP2(hard_sigmoid_backward, NONE, choose(greater(a, zero), choose(greater(splat(1), a), b *(1 / 6.0f), zero), zero))
/* x is a. */
MAP2(hard_swish_backward, NONE,
     choose(greater(splat(-3), a), zero, choose(greater(splat(3), a), b *(a *(1 / 3.0f) + 0.5f), b)))
MAP2(sigmoid_backward, NONE, b *a *(1.0f - a))
MAP2(tanh_backward, NONE, b *(1.0f - a * a))
MAP2(add, NONE, a + b)

void SIMD(sum_parts)(size_t count, int parts, size_t stride, const float *part, float *y) {
    size_t i = 0;
    for (; i + WIDTH <= count; i += WIDTH) {
        vf sum = load(part + i);
        for (int t = 1; t < parts; t++) sum += load(part + (size_t)t * stride + i);
        store(y + i, sum);
    }
    for (; i < count; i++) {
        float sum = part[i];
        for (int t = 1; t < parts; t++) sum += part[(size_t)t * stride + i];
        y[i] = sum;
    }
}

double SIMD(sum_squares)(size_t count, const float *x) {
    enum { SUMS = WIDTH }; /* independent, so that they become vectors */
    double sum[SUMS] = {0};
    size_t i = 0;
    for (; i + SUMS <= count; i += SUMS)
        for (int k = 0; k < SUMS; k++) sum[k] += (double)x[i + (size_t)k] * x[i + (size_t)k];
    for (; i < count; i++) sum[0] += (double)x[i] * x[i];
    for (int k = 1; k < SUMS; k++) sum[0] += sum[k];
    return sum[0];
}
