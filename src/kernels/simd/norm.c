/* Batch norm on one map: a block of channels of one image (lanes 8 or 16), or one channel of a plain image (lanes 1). */
#include "kernels/simd/math.h"

/* How vectors follow each other from slice l of the lanes on: at l, l + step, ... below end. Of a plain map the last, partial
 * vector stays. */
typedef struct walk {
    size_t step, end, left;
} walk;

FV_INLINE walk walk_of(size_t places, int lanes) {
    if (lanes > 1) return (walk){(size_t)lanes, places * (size_t)lanes, 0};
    return (walk){WIDTH, places / WIDTH * WIDTH, places % WIDTH};
}

FV_INLINE vf term(const float *of, int lanes, int l) { return lanes == 1 ? splat(*of) : load(of + l); }

FV_INLINE void add_up(double *total, vf sum, int lanes, int l) {
    if (lanes == 1)
        *total += (double)sum_lanes(sum);
    else
        for (int j = 0; j < WIDTH; j++) total[l + j] += (double)sum[j];
}

void SIMD(norm_sums)(size_t places, int lanes, const float *x, const float *shift, double *sum, double *squares) {
    walk w = walk_of(places, lanes);
    for (int l = 0; l < lanes; l += WIDTH) {
        vf origin = term(shift, lanes, l), s[2] = {{0}, {0}}, q[2] = {{0}, {0}};
        size_t i = (size_t)l;
        for (; i + w.step < w.end; i += 2 * w.step) {
            vf a = load(x + i) - origin, b = load(x + i + w.step) - origin;
            s[0] += a, q[0] += a * a;
            s[1] += b, q[1] += b * b;
        }
        vf a = {0};
        if (i < w.end) a = load(x + i) - origin, i += w.step;
        s[0] += a, q[0] += a * a;
        vf last = origin;
        memcpy(&last, x + i, w.left * sizeof *x);
        last -= origin;
        add_up(sum, s[0] + s[1] + last, lanes, l);
        add_up(squares, q[0] + q[1] + last * last, lanes, l);
    }
}

/* F is constant where these are inlined. */
FV_INLINE vf activate(const fv_activation F, vf z) {
    if (F == FV_ACTIVATION_RELU) return choose(greater(splat(0), z), splat(0), z);
    if (F == FV_ACTIVATION_RELU6) return limit(z, 0, 6);
    if (F == FV_ACTIVATION_HARD_SWISH) return z * limit(z + 3.0f, 0, 6) * (1 / 6.0f);
    return z;
}

FV_INLINE vf slope_times(const fv_activation F, vf z, vf dy) {
    if (F == FV_ACTIVATION_RELU) return choose(greater(z, splat(0)), dy, splat(0));
    if (F == FV_ACTIVATION_RELU6)
        return choose(greater(z, splat(0)), choose(greater(splat(6), z), dy, splat(0)), splat(0));
    if (F == FV_ACTIVATION_HARD_SWISH)
        return choose(greater(splat(-3), z), splat(0), choose(greater(splat(3), z), dy * (z * (1 / 3.0f) + 0.5f), dy));
    return dy;
}

FV_INLINE void forward(const fv_activation F, size_t places, int lanes, const fv_norm_terms *t, const float *x,
                       float *y) {
    walk w = walk_of(places, lanes);
    for (int l = 0; l < lanes; l += WIDTH) {
        vf mean = term(t->mean, lanes, l), scale = term(t->scale, lanes, l), beta = term(t->beta, lanes, l);
        size_t i = (size_t)l;
        for (; i < w.end; i += w.step) store(y + i, activate(F, (load(x + i) - mean) * scale + beta));
        if (w.left) store_some(y + i, activate(F, (load_some(x + i, w.left) - mean) * scale + beta), w.left);
    }
}

/* One vector's contribution: g = dy f'(z), and g (x - mean). */
#define GRADIENT(x_, dy_)   \
    vf centred = (x_)-mean; \
    vf g = slope_times(F, centred * scale + beta, dy_)

FV_INLINE void backward_sums(const fv_activation F, size_t places, int lanes, const fv_norm_terms *t, const float *x,
                             const float *dy, double *sum, double *products) {
    walk w = walk_of(places, lanes);
    for (int l = 0; l < lanes; l += WIDTH) {
        vf mean = term(t->mean, lanes, l), scale = term(t->scale, lanes, l), beta = term(t->beta, lanes, l);
        vf s = {0}, q = {0};
        size_t i = (size_t)l;
        for (; i < w.end; i += w.step) {
            GRADIENT(load(x + i), load(dy + i));
            s += g, q += g * centred;
        }
        if (w.left) {
            GRADIENT(load_some(x + i, w.left), load_some(dy + i, w.left));
            s += g, q += g * centred;
        }
        add_up(sum, s, lanes, l);
        add_up(products, q, lanes, l);
    }
}

FV_INLINE void backward(const fv_activation F, size_t places, int lanes, const fv_norm_terms *t, const float *x,
                        const float *dy, float *dx) {
    walk w = walk_of(places, lanes);
    for (int l = 0; l < lanes; l += WIDTH) {
        vf mean = term(t->mean, lanes, l), scale = term(t->scale, lanes, l), beta = term(t->beta, lanes, l);
        vf along = term(t->along, lanes, l), offset = term(t->offset, lanes, l);
        size_t i = (size_t)l;
        for (; i < w.end; i += w.step) {
            GRADIENT(load(x + i), load(dy + i));
            store(dx + i, scale * g + (along * centred + offset));
        }
        if (w.left) {
            GRADIENT(load_some(x + i, w.left), load_some(dy + i, w.left));
            store_some(dx + i, scale * g + (along * centred + offset), w.left);
        }
    }
}

#define FOR_EACH_ACTIVATION(function, ...)               \
    switch (f) {                                         \
    case FV_ACTIVATION_RELU:                             \
        function(FV_ACTIVATION_RELU, __VA_ARGS__);       \
        break;                                           \
    case FV_ACTIVATION_RELU6:                            \
        function(FV_ACTIVATION_RELU6, __VA_ARGS__);      \
        break;                                           \
    case FV_ACTIVATION_HARD_SWISH:                       \
        function(FV_ACTIVATION_HARD_SWISH, __VA_ARGS__); \
        break;                                           \
    default:                                             \
        function(FV_ACTIVATION_NONE, __VA_ARGS__);       \
    }

void SIMD(norm_forward)(size_t places, int lanes, fv_activation f, const fv_norm_terms *t, const float *x, float *y) {
    FOR_EACH_ACTIVATION(forward, places, lanes, t, x, y)
}

void SIMD(norm_backward_sums)(size_t places, int lanes, fv_activation f, const fv_norm_terms *t, const float *x,
                              const float *dy, double *sum, double *products) {
    FOR_EACH_ACTIVATION(backward_sums, places, lanes, t, x, dy, sum, products)
}

void SIMD(norm_backward)(size_t places, int lanes, fv_activation f, const fv_norm_terms *t, const float *x,
                         const float *dy, float *dx){FOR_EACH_ACTIVATION(backward, places, lanes, t, x, dy, dx)}

/* ---- With a skip ---------------------------------------------------------------------------------------------------- */

FV_INLINE void skip_forward(const fv_activation F, size_t places, int lanes, const fv_norm_terms *t, const float *x,
                            const float *skip, float *y) {
    walk w = walk_of(places, lanes);
    for (int l = 0; l < lanes; l += WIDTH) {
        vf mean = term(t->mean, lanes, l), scale = term(t->scale, lanes, l), beta = term(t->beta, lanes, l);
        size_t i = (size_t)l;
        for (; i < w.end; i += w.step) store(y + i, activate(F, (load(x + i) - mean) * scale + beta + load(skip + i)));
        if (!w.left) continue;
        vf z = (load_some(x + i, w.left) - mean) * scale + beta + load_some(skip + i, w.left);
        store_some(y + i, activate(F, z), w.left);
    }
}

void SIMD(norm_skip_forward)(size_t places, int lanes, fv_activation f, const fv_norm_terms *t, const float *x,
                             const float *skip, float *y) {
    if (f == FV_ACTIVATION_RELU)
        skip_forward(FV_ACTIVATION_RELU, places, lanes, t, x, skip, y);
    else
        skip_forward(FV_ACTIVATION_NONE, places, lanes, t, x, skip, y);
}

void SIMD(norm_skip_backward_sums)(size_t places, int lanes, const fv_norm_terms *t, const float *x, const float *y,
                                   const float *dy, float *g, double *sum, double *products) {
    walk w = walk_of(places, lanes);
    for (int l = 0; l < lanes; l += WIDTH) {
        vf mean = term(t->mean, lanes, l), s = {0}, q = {0};
        size_t i = (size_t)l;
        for (; i < w.end; i += w.step) {
            vf masked = slope_times(FV_ACTIVATION_RELU, load(y + i), load(dy + i));
            store(g + i, masked);
            s += masked, q += masked * (load(x + i) - mean);
        }
        if (w.left) {
            vf masked = slope_times(FV_ACTIVATION_RELU, load_some(y + i, w.left), load_some(dy + i, w.left));
            store_some(g + i, masked, w.left);
            s += masked, q += masked * (load_some(x + i, w.left) - mean);
        }
        add_up(sum, s, lanes, l);
        add_up(products, q, lanes, l);
    }
}
