/* A factor to each channel of each image. */
#include "kernels/simd/vector.h"

void SIMD(scale_lanes)(size_t places, int lanes, const float *x, const float *s, float *y) {
    for (int l = 0; l < lanes; l += WIDTH) {
        vf factor = load(s + l);
        for (size_t p = (size_t)l; p < places * (size_t)lanes; p += (size_t)lanes) store(y + p, load(x + p) * factor);
    }
}

void SIMD(scale_lanes_backward)(size_t places, int lanes, const float *dy, const float *x, const float *s, float *dx,
                                float *ds) {
    for (int l = 0; l < lanes; l += WIDTH) {
        vf factor = load(s + l), sum[2] = {{0}, {0}};
        for (size_t p = 0; p < places; p++) {
            size_t at = p * (size_t)lanes + (size_t)l;
            vf d = load(dy + at);
            sum[p % 2] += d * load(x + at);
            store(dx + at, d * factor);
        }
        store(ds + l, sum[0] + sum[1]);
    }
}

float SIMD(scale_backward)(size_t count, float factor, const float *dy, const float *x, float *dx) {
    vf sum = {0};
    size_t i = 0;
    for (; i + WIDTH <= count; i += WIDTH) {
        vf d = load(dy + i);
        sum += d * load(x + i);
        store(dx + i, d * factor);
    }
    float total = sum_lanes(sum);
    for (; i < count; i++) {
        total += dy[i] * x[i];
        dx[i] = dy[i] * factor;
    }
    return total;
}
