/* Batch norm on one map: a block of channels of one image (lanes 8 or 16), or one channel of a plain image (lanes 1, f32 alone). */
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

/* The last values of a plain map, fewer than a vector. */
FV_INLINE vf rest_of(const void *x, size_t i, size_t count) { return load_some((const float *)x + i, count); }
FV_INLINE void rest_to(void *y, size_t i, size_t count, vf v) { store_some((float *)y + i, v, count); }

FV_INLINE vf term(const float *of, int lanes, int l) { return lanes == 1 ? splat(*of) : load(of + l); }

FV_INLINE void add_up(double *total, vf sum, int lanes, int l) {
    if (lanes == 1)
        *total += (double)sum_lanes(sum);
    else
        for (int j = 0; j < WIDTH; j++) total[l + j] += (double)sum[j];
}

/* X, Y, as what the maps before and behind it are stored, and the activation F are constants where these are inlined. */
FV_INLINE void sums(const fv_precision X, size_t places, int lanes, const void *x, const float *shift, double *sum,
                    double *squares) {
    walk w = walk_of(places, lanes);
    for (int l = 0; l < lanes; l += WIDTH) {
        vf origin = term(shift, lanes, l), s[2] = {{0}, {0}}, q[2] = {{0}, {0}};
        size_t i = (size_t)l;
        for (; i + w.step < w.end; i += 2 * w.step) {
            vf a = load_as(X, x, i) - origin, b = load_as(X, x, i + w.step) - origin;
            s[0] += a, q[0] += a * a;
            s[1] += b, q[1] += b * b;
        }
        vf a = {0};
        if (i < w.end) a = load_as(X, x, i) - origin, i += w.step;
        s[0] += a, q[0] += a * a;
        vf last = origin;
        memcpy(&last, (const float *)x + i, w.left * sizeof(float));
        last -= origin;
        add_up(sum, s[0] + s[1] + last, lanes, l);
        add_up(squares, q[0] + q[1] + last * last, lanes, l);
    }
}

void SIMD(norm_sums)(fv_precision x_as, size_t places, int lanes, const void *x, const float *shift, double *sum,
                     double *squares) {
    if (x_as == FV_BF16)
        sums(FV_BF16, places, lanes, x, shift, sum, squares);
    else
        sums(FV_F32, places, lanes, x, shift, sum, squares);
}

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

FV_INLINE void forward(const fv_precision X, const fv_precision Y, const fv_activation F, size_t places, int lanes,
                       const fv_norm_terms *t, const void *x, void *y) {
    walk w = walk_of(places, lanes);
    for (int l = 0; l < lanes; l += WIDTH) {
        vf mean = term(t->mean, lanes, l), scale = term(t->scale, lanes, l), beta = term(t->beta, lanes, l);
        size_t i = (size_t)l;
        for (; i < w.end; i += w.step) store_as(Y, y, i, activate(F, (load_as(X, x, i) - mean) * scale + beta));
        if (w.left) rest_to(y, i, w.left, activate(F, (rest_of(x, i, w.left) - mean) * scale + beta));
    }
}

/* One vector's contribution: g = dy f'(z), and g (x - mean). */
#define GRADIENT(x_, dy_)   \
    vf centred = (x_)-mean; \
    vf g = slope_times(F, centred * scale + beta, dy_)

FV_INLINE void backward_sums(const fv_precision X, const fv_precision Y, const fv_activation F, size_t places,
                             int lanes, const fv_norm_terms *t, const void *x, const void *dy, double *sum,
                             double *products) {
    walk w = walk_of(places, lanes);
    for (int l = 0; l < lanes; l += WIDTH) {
        vf mean = term(t->mean, lanes, l), scale = term(t->scale, lanes, l), beta = term(t->beta, lanes, l);
        vf s = {0}, q = {0};
        size_t i = (size_t)l;
        for (; i < w.end; i += w.step) {
            GRADIENT(load_as(X, x, i), load_as(Y, dy, i));
            s += g, q += g * centred;
        }
        if (w.left) {
            GRADIENT(rest_of(x, i, w.left), rest_of(dy, i, w.left));
            s += g, q += g * centred;
        }
        add_up(sum, s, lanes, l);
        add_up(products, q, lanes, l);
    }
}

FV_INLINE void backward(const fv_precision X, const fv_precision Y, const fv_activation F, size_t places, int lanes,
                        const fv_norm_terms *t, const void *x, const void *dy, void *dx) {
    walk w = walk_of(places, lanes);
    for (int l = 0; l < lanes; l += WIDTH) {
        vf mean = term(t->mean, lanes, l), scale = term(t->scale, lanes, l), beta = term(t->beta, lanes, l);
        vf along = term(t->along, lanes, l), offset = term(t->offset, lanes, l);
        size_t i = (size_t)l;
        for (; i < w.end; i += w.step) {
            GRADIENT(load_as(X, x, i), load_as(Y, dy, i));
            store_as(X, dx, i, scale * g + (along * centred + offset));
        }
        if (w.left) {
            GRADIENT(rest_of(x, i, w.left), rest_of(dy, i, w.left));
            rest_to(dx, i, w.left, scale * g + (along * centred + offset));
        }
    }
}

#define FOR_EACH_STORAGE(CALL, ...)          \
    if (x_as == FV_F32 && y_as == FV_F32) {  \
        CALL(FV_F32, FV_F32, __VA_ARGS__);   \
    } else if (x_as == FV_F32) {             \
        CALL(FV_F32, FV_BF16, __VA_ARGS__);  \
    } else if (y_as == FV_F32) {             \
        CALL(FV_BF16, FV_F32, __VA_ARGS__);  \
    } else {                                 \
        CALL(FV_BF16, FV_BF16, __VA_ARGS__); \
    }

#define FOR_EACH_ACTIVATION(X, Y, function, ...)               \
    switch (f) {                                               \
    case FV_ACTIVATION_RELU:                                   \
        function(X, Y, FV_ACTIVATION_RELU, __VA_ARGS__);       \
        break;                                                 \
    case FV_ACTIVATION_RELU6:                                  \
        function(X, Y, FV_ACTIVATION_RELU6, __VA_ARGS__);      \
        break;                                                 \
    case FV_ACTIVATION_HARD_SWISH:                             \
        function(X, Y, FV_ACTIVATION_HARD_SWISH, __VA_ARGS__); \
        break;                                                 \
    default:                                                   \
        function(X, Y, FV_ACTIVATION_NONE, __VA_ARGS__);       \
    }

void SIMD(norm_forward)(fv_precision x_as, fv_precision y_as, size_t places, int lanes, fv_activation f,
                        const fv_norm_terms *t, const void *x, void *y) {
    FOR_EACH_STORAGE(FOR_EACH_ACTIVATION, forward, places, lanes, t, x, y);
}

void SIMD(norm_backward_sums)(fv_precision x_as, fv_precision y_as, size_t places, int lanes, fv_activation f,
                              const fv_norm_terms *t, const void *x, const void *dy, double *sum, double *products) {
    FOR_EACH_STORAGE(FOR_EACH_ACTIVATION, backward_sums, places, lanes, t, x, dy, sum, products);
}

void SIMD(norm_backward)(fv_precision x_as, fv_precision y_as, size_t places, int lanes, fv_activation f,
                         const fv_norm_terms *t, const void *x, const void *dy, void *dx) {
    FOR_EACH_STORAGE(FOR_EACH_ACTIVATION, backward, places, lanes, t, x, dy, dx);
}

/* ---- With a skip ---------------------------------------------------------------------------------------------------- */

FV_INLINE void skip_forward(const fv_precision X, const fv_precision Y, const fv_activation F, size_t places, int lanes,
                            const fv_norm_terms *t, const void *x, const void *skip, void *y) {
    walk w = walk_of(places, lanes);
    for (int l = 0; l < lanes; l += WIDTH) {
        vf mean = term(t->mean, lanes, l), scale = term(t->scale, lanes, l), beta = term(t->beta, lanes, l);
        size_t i = (size_t)l;
        for (; i < w.end; i += w.step)
            store_as(Y, y, i, activate(F, (load_as(X, x, i) - mean) * scale + beta + load_as(X, skip, i)));
        if (!w.left) continue;
        vf z = (rest_of(x, i, w.left) - mean) * scale + beta + rest_of(skip, i, w.left);
        rest_to(y, i, w.left, activate(F, z));
    }
}

void SIMD(norm_skip_forward)(fv_precision x_as, fv_precision y_as, size_t places, int lanes, fv_activation f,
                             const fv_norm_terms *t, const void *x, const void *skip, void *y) {
    FOR_EACH_STORAGE(FOR_EACH_ACTIVATION, skip_forward, places, lanes, t, x, skip, y);
}

FV_INLINE void skip_backward_sums(const fv_precision X, const fv_precision Y, size_t places, int lanes,
                                  const fv_norm_terms *t, const void *x, const void *y, const void *dy, void *g,
                                  double *sum, double *products) {
    walk w = walk_of(places, lanes);
    for (int l = 0; l < lanes; l += WIDTH) {
        vf mean = term(t->mean, lanes, l), s = {0}, q = {0};
        size_t i = (size_t)l;
        for (; i < w.end; i += w.step) {
            vf masked = slope_times(FV_ACTIVATION_RELU, load_as(Y, y, i), load_as(Y, dy, i));
            store_as(X, g, i, masked);
            s += masked, q += masked * (load_as(X, x, i) - mean);
        }
        if (w.left) {
            vf masked = slope_times(FV_ACTIVATION_RELU, rest_of(y, i, w.left), rest_of(dy, i, w.left));
            rest_to(g, i, w.left, masked);
            s += masked, q += masked * (rest_of(x, i, w.left) - mean);
        }
        add_up(sum, s, lanes, l);
        add_up(products, q, lanes, l);
    }
}

void SIMD(norm_skip_backward_sums)(fv_precision x_as, fv_precision y_as, size_t places, int lanes,
                                   const fv_norm_terms *t, const void *x, const void *y, const void *dy, void *g,
                                   double *sum, double *products) {
    FOR_EACH_STORAGE(skip_backward_sums, places, lanes, t, x, y, dy, g, sum, products);
}
