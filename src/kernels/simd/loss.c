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

FV_INLINE vf top_of(int classes, const float *z) {
    vf top = load(z);
    for (int k = 1; k < classes; k++) {
        vf next = load(z + k * LANES);
        top = choose(greater(next, top), next, top);
    }
    return top;
}

/* A vector of images, [classes][16]; `images` of its lanes count. */
static void entropy_lanes(int classes, int images, const float *z, const float *t, float scale, float *loss,
                          float *dz) {
    vf top = top_of(classes, z), all = {0}, weight = {0}, along = {0};
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

/* ---- Focal loss. With l = -log p, u = 1 - p, q = t u^gamma: loss = sum_k q_k l_k, and for g_k = q_k (1 + gamma p_k l_k / u_k)
 * dz_k = p_k sum_j g_j - g_k, where l / u is 1 as both vanish. */

static void focal_row(int classes, const float *z, const float *t, double gamma, float scale, float *loss, float *dz) {
    double top = (double)z[0], all = 0, sum = 0, along = 0;
    for (int k = 1; k < classes; k++) top = z[k] > top ? z[k] : top;
    for (int k = 0; k < classes; k++) all += exp(z[k] - top);
    for (int k = 0; k < classes; k++) {
        double l = log(all) + top - z[k], u = -expm1(-l), g = 0;
        if (t[k] != 0) {
            double q = t[k] * pow(u, gamma);
            sum += q * l;
            g = q * (1 + gamma * (1 - u) * (u > 0 ? l / u : 1));
        }
        along += g;
        if (dz) dz[k] = (float)g;
    }
    *loss = (float)sum;
    if (dz)
        for (int k = 0; k < classes; k++) dz[k] = (float)(scale * (exp(z[k] - top) / all * along - dz[k]));
}

void SIMD(focal_plain)(int rows, int classes, const float *z, const float *t, float gamma, float scale, float *loss,
                       float *dz) {
    for (int r = 0; r < rows; r++) {
        size_t at = (size_t)r * (size_t)classes;
        focal_row(classes, z + at, t + at, (double)gamma, scale, loss + r, dz ? dz + at : NULL);
    }
}

/* A vector of images, as entropy_lanes. */
static void focal_lanes(int classes, int images, const float *z, const float *t, float gamma, float scale, float *loss,
                        float *dz) {
    vf top = top_of(classes, z), all = {0}, sum = {0}, along = {0};
    for (int k = 0; k < classes; k++) all += vexp(load(z + k * LANES) - top);
    vf log_all = vlog(all);
    for (int k = 0; k < classes; k++) {
        vf l = log_all + top - load(z + k * LANES), p = vexp(-l), u = 1.0f - p, target = load(t + k * LANES);
        l = choose(greater((vf){0}, l), (vf){0}, l);
        u = choose(greater((vf){0}, u), (vf){0}, u);
        vf q = target * vexp(gamma * vlog(u)), ratio = choose(greater(u, (vf){0}), l / u, splat(1));
        mask counts = greater(target, (vf){0});
        vf g = choose(counts, q * (1.0f + gamma * p * ratio), (vf){0});
        sum += choose(counts, q * l, (vf){0});
        along += g;
        if (dz) store(dz + k * LANES, g);
    }
    store(loss, first_lanes(sum, images));
    if (!dz) return;
    for (int k = 0; k < classes; k++) {
        vf p = vexp(load(z + k * LANES) - top) / all, g = load(dz + k * LANES);
        store(dz + k * LANES, first_lanes(scale * (p * along - g), images));
    }
}

void SIMD(focal_batch)(int n, int g0, int g1, int classes, const float *z, const float *t, float gamma, float scale,
                       float *loss, float *dz) {
    for (int g = g0; g < g1; g++)
        for (int slice = 0; slice < LANES; slice += WIDTH) {
            size_t at = (size_t)g * (size_t)classes * LANES + (size_t)slice;
            focal_lanes(classes, n - g * LANES - slice, z + at, t + at, gamma, scale, loss + g * LANES + slice,
                        dz ? dz + at : NULL);
        }
}

/* ---- Binary cross entropy. */

/* One logit. -log p = log1p(e^-|z|) + max(-z, 0), and -log(1 - p) is z more. The gradient of u^gamma (-log p) by z is
 * -u^gamma (u + gamma p (-log p)), u = 1 - p. */
static float bce_one(float z, float t, const fv_bce_terms *terms, float scale, float *dz) {
    float soft = (1 - terms->smoothing) * t + terms->smoothing / 2;
    float positive = terms->positive * soft, negative = terms->negative * (1 - soft), gamma = terms->gamma;
    float e = expf(-fabsf(z)), log_1 = log1pf(e), p = z < 0 ? e / (1 + e) : 1 / (1 + e), u = 1 - p;
    float loss_p = log_1 + fmaxf(-z, 0), loss_u = log_1 + fmaxf(z, 0), slope_p = p, slope_u = u;
    if (gamma > 0) {
        positive *= powf(u, gamma), negative *= powf(p, gamma);
        slope_p += gamma * u * loss_u, slope_u += gamma * p * loss_p;
    }
    if (dz) *dz = scale * (slope_p * negative - slope_u * positive);
    return positive * loss_p + negative * loss_u;
}

/* One image's logits, `step` floats apart. */
static float bce_image(int classes, size_t step, const float *z, const float *t, const fv_bce_terms *terms, float scale,
                       float *dz) {
    float loss = 0;
    for (int k = 0; k < classes; k++) {
        size_t at = (size_t)k * step;
        if (t[at] >= 0)
            loss += bce_one(z[at], t[at], terms, scale, dz ? dz + at : NULL);
        else if (dz)
            dz[at] = 0;
    }
    return loss;
}

void SIMD(bce_plain)(int rows, int classes, const float *z, const float *t, const fv_bce_terms *terms, float scale,
                     float *loss, float *dz) {
    for (int r = 0; r < rows; r++) {
        size_t at = (size_t)r * (size_t)classes;
        loss[r] = bce_image(classes, 1, z + at, t + at, terms, scale, dz ? dz + at : NULL);
    }
}

void SIMD(bce_batch)(int n, int g0, int g1, int classes, const float *z, const float *t, const fv_bce_terms *terms,
                     float scale, float *loss, float *dz) {
    for (int image = g0 * LANES; image < g1 * LANES; image++) {
        size_t at = (size_t)(image / LANES) * (size_t)classes * LANES + (size_t)image % LANES;
        loss[image] = image < n ? bce_image(classes, LANES, z + at, t + at, terms, scale, dz ? dz + at : NULL) : 0;
        if (image >= n && dz)
            for (int k = 0; k < classes; k++) dz[at + (size_t)k * LANES] = 0;
    }
}
