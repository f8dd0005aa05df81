/* Losses on logits z with soft targets t, and their gradients. */
#include "kernels/simd/math.h"

#include <math.h>

/* The first `n` lanes of a vector, others zero; n may be anything. */
FV_INLINE vf first_lanes(vf v, int n) {
    for (int i = 0; i < WIDTH; i++)
        if (i >= n) v[i] = 0;
    return v;
}

/* ---- Cross entropy. */

/* One row of logits, [classes]. */
static void entropy_row(int classes, const float *z, const float *t, float scale, float *loss, float *dz) {
    float top = z[0];
    for (int k = 1; k < classes; k++)
        if (z[k] > top) top = z[k];
    double all = 0, weight = 0, along = 0; /* sums of e^(z - top), of t, of t (z - top) */
    for (int k = 0; k < classes; k++) {
        all += exp((double)z[k] - top);
        weight += t[k];
        along += t[k] != 0 ? t[k] * ((double)z[k] - top) : 0;
    }
    *loss = (float)(weight * log(all) - along);
    if (dz)
        for (int k = 0; k < classes; k++) dz[k] = (float)(scale * (exp((double)z[k] - top) / all * weight - t[k]));
}

void SIMD(cross_entropy_plain)(int rows, int classes, const float *z, const float *t, float scale, float *loss,
                               float *dz) {
    for (int r = 0; r < rows; r++) {
        size_t at = (size_t)r * (size_t)classes;
        entropy_row(classes, z + at, t + at, scale, loss + r, dz ? dz + at : NULL);
    }
}

/* A vector of images, [classes][16]; `images` of its lanes count. */
static void entropy_lanes(int classes, int images, const float *z, const float *t, float scale, float *loss,
                          float *dz) {
    vf top = load(z), all = {0}, weight = {0}, along = {0};
    for (int k = 1; k < classes; k++) {
        vf next = load(z + k * LANES);
        top = choose(greater(next, top), next, top);
    }
    for (int k = 0; k < classes; k++) {
        vf down = load(z + k * LANES) - top, target = load(t + k * LANES);
        all += vexp(down);
        weight += target;
        along += choose(either(greater(target, (vf){0}), greater((vf){0}, target)), target * down, (vf){0});
    }
    vf log_all;
    for (int i = 0; i < WIDTH; i++) log_all[i] = logf(all[i]);
    store(loss, first_lanes(weight * log_all - along, images));
    if (!dz) return;
    vf unit = weight / all;
    for (int k = 0; k < classes; k++) {
        vf grad = scale * (vexp(load(z + k * LANES) - top) * unit - load(t + k * LANES));
        store(dz + k * LANES, first_lanes(grad, images));
    }
}

void SIMD(cross_entropy_batch)(int n, int g0, int g1, int classes, const float *z, const float *t, float scale,
                               float *loss, float *dz) {
    for (int g = g0; g < g1; g++)
        for (int slice = 0; slice < LANES; slice += WIDTH) {
            size_t at = (size_t)g * (size_t)classes * LANES + (size_t)slice;
            entropy_lanes(classes, n - g * LANES - slice, z + at, t + at, scale, loss + g * LANES + slice,
                          dz ? dz + at : NULL);
        }
}

/* ---- Binary cross entropy. */

/* One logit. log(1 + e^-z) = log1p(e^-|z|) + max(-z, 0), and log(1 + e^z) is z more. */
static float bce_one(float z, float t, float pos_weight, float scale, float *dz) {
    float positive = pos_weight * t, negative = 1 - t;
    float e = expf(-fabsf(z)), soft = log1pf(e), sigmoid = z < 0 ? e / (1 + e) : 1 / (1 + e);
    if (dz) *dz = scale * (sigmoid * negative - (1 - sigmoid) * positive);
    return positive * (soft + fmaxf(-z, 0)) + negative * (soft + fmaxf(z, 0));
}

/* One image's logits, `step` floats apart. */
static float bce_image(int classes, size_t step, const float *z, const float *t, const float *pos_weight, float scale,
                       float *dz) {
    float loss = 0;
    for (int k = 0; k < classes; k++) {
        size_t at = (size_t)k * step;
        loss += bce_one(z[at], t[at], pos_weight ? pos_weight[k] : 1, scale, dz ? dz + at : NULL);
    }
    return loss;
}

void SIMD(bce_plain)(int rows, int classes, const float *z, const float *t, const float *pos_weight, float scale,
                     float *loss, float *dz) {
    for (int r = 0; r < rows; r++) {
        size_t at = (size_t)r * (size_t)classes;
        loss[r] = bce_image(classes, 1, z + at, t + at, pos_weight, scale, dz ? dz + at : NULL);
    }
}

void SIMD(bce_batch)(int n, int g0, int g1, int classes, const float *z, const float *t, const float *pos_weight,
                     float scale, float *loss, float *dz) {
    for (int image = g0 * LANES; image < g1 * LANES; image++) {
        size_t at = (size_t)(image / LANES) * (size_t)classes * LANES + (size_t)image % LANES;
        loss[image] = image < n ? bce_image(classes, LANES, z + at, t + at, pos_weight, scale, dz ? dz + at : NULL) : 0;
        if (image >= n && dz)
            for (int k = 0; k < classes; k++) dz[at + (size_t)k * LANES] = 0;
    }
}
