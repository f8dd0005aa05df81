/* Winograd's convolution of every ISA this machine has: its matrices, and its relative L2 error on layers as networks have them,
 * against plain loops in double. Broken tiles, odd channels and paddings are test_ops' matter. */
#include "core/memory.h"
#include "core/random.h"
#include "core/threads.h"
#include "kernels/cpu.h"
#include "support/unit.h"

#include <math.h>
#include <string.h>

static const double limit = 2e-5; /* of the relative L2 error */

static const char *const isas[] = {"generic", "avx2", "avx512"};
static fv_random rng;

/* ---- Matrices -------------------------------------------------------------------------------------------------------- */

/* Entry (point, column) of a matrix from its rows by pairs: a negative point's odd columns change their sign. */
static double entry(const fv_winograd_tile *t, float rows[][FV_WINOGRAD_MOST], int point, int column) {
    int row = (point + 1) / 2;
    bool negative = point && point % 2 == 0 && row < t->points / 2;
    return negative && column % 2 ? -(double)rows[row][column] : (double)rows[row][column];
}

/* y[j] = sum over i of g[i] d[j + i] for all unit vectors g and d. */
static void matrices_filter(void **state) {
    (void)state;
    for (int kind = 0; kind < fv_winograd_kinds(); kind++) {
        fv_winograd_tile t = fv_winograd_tile_of(kind);
        assert_int_equal(t.points, t.outputs + t.taps - 1);
        for (int y = 0; y < t.outputs; y++)
            for (int g = 0; g < t.taps; g++)
                for (int d = 0; d < t.points; d++) {
                    double sum = 0;
                    for (int p = 0; p < t.points; p++)
                        sum += entry(&t, t.output, p, y) * entry(&t, t.weights, p, g) * entry(&t, t.input, p, d);
                    if (fabs(sum - (d == y + g)) > 1e-5) fail_msg("%s: y %d, g %d, d %d: %g", t.name, y, g, d, sum);
                }
    }
}

/* ---- Layers ------------------------------------------------------------------------------------------------------------ */

typedef struct layer {
    fv_conv_shape s;
    int lanes;
    float *x, *dy, *w, *b; /* blocked, blocked, plain, plain */
    double *y, *dx, *dw, *db;
} layer;

static size_t blocked(int channels, int lanes) { return (size_t)((channels + lanes - 1) / lanes * lanes); }

/* Where pixel p of a channel lies. */
static size_t at(int channels, int lanes, int n, int c, int pixels, int p) {
    size_t map = (size_t)n * blocked(channels, lanes) / (size_t)lanes + (size_t)(c / lanes);
    return (map * (size_t)pixels + (size_t)p) * (size_t)lanes + (size_t)(c % lanes);
}

/* Normal values, of which an activation may have left the positive ones; zero in the lanes beyond. */
static float *images(int n, int channels, int lanes, int pixels, bool activated) {
    float *v = FV_NEW_N(float, (size_t)n *blocked(channels, lanes) * (size_t)pixels);
    assert_non_null(v);
    for (int i = 0; i < n; i++)
        for (int c = 0; c < channels; c++)
            for (int p = 0; p < pixels; p++) {
                float value = fv_random_normal(&rng);
                v[at(channels, lanes, i, c, pixels, p)] = activated && value < 0 ? 0 : value;
            }
    return v;
}

static float *parameters(size_t count) {
    float *v = FV_NEW_N(float, count);
    assert_non_null(v);
    for (size_t i = 0; i < count; i++) v[i] = fv_random_normal(&rng);
    return v;
}

static double *zeros(size_t count) {
    double *v = FV_NEW_N(double, count);
    assert_non_null(v);
    return v;
}

/* All products of one output row with one row of the kernel. */
static void add_row(layer *l, int n, int o, int c, int p, int i) {
    const fv_conv_shape *s = &l->s;
    int taps = s->kernel[0], row = p + i - s->pad[0];
    if (row < 0 || row >= s->ih) return;
    for (int j = 0; j < taps; j++) {
        size_t w = (((size_t)o * (size_t)s->ic + (size_t)c) * (size_t)taps + (size_t)i) * (size_t)taps + (size_t)j;
        for (int q = 0; q < s->ow; q++) {
            int column = q + j - s->pad[1];
            if (column < 0 || column >= s->iw) continue;
            size_t x = at(s->ic, l->lanes, n, c, s->ih * s->iw, row * s->iw + column);
            size_t y = at(s->oc, l->lanes, n, o, s->oh * s->ow, p * s->ow + q);
            l->y[y] += (double)l->x[x] * (double)l->w[w];
            l->dx[x] += (double)l->dy[y] * (double)l->w[w];
            l->dw[w] += (double)l->dy[y] * (double)l->x[x];
        }
    }
}

static layer layer_new(fv_conv_shape s, int lanes) {
    layer l = {.s = s, .lanes = lanes};
    int in = s.ih * s.iw, out = s.oh * s.ow;
    size_t weights = (size_t)s.oc * (size_t)s.ic * (size_t)s.kernel[0] * (size_t)s.kernel[1];
    rng = fv_random_stream(7, (uint64_t)s.ic, (uint64_t)s.oc);
    l.x = images(s.n, s.ic, lanes, in, true), l.dy = images(s.n, s.oc, lanes, out, false);
    l.w = parameters(weights), l.b = parameters((size_t)s.oc);
    l.y = zeros((size_t)s.n * blocked(s.oc, lanes) * (size_t)out);
    l.dx = zeros((size_t)s.n * blocked(s.ic, lanes) * (size_t)in);
    l.dw = zeros(weights), l.db = zeros((size_t)s.oc);
    for (int n = 0; n < s.n; n++)
        for (int o = 0; o < s.oc; o++) {
            for (int p = 0; p < out; p++) {
                size_t y = at(s.oc, lanes, n, o, out, p);
                l.y[y] += (double)l.b[o], l.db[o] += (double)l.dy[y];
            }
            for (int c = 0; c < s.ic; c++)
                for (int p = 0; p < s.oh; p++)
                    for (int i = 0; i < s.kernel[0]; i++) add_row(&l, n, o, c, p, i);
        }
    return l;
}

static void layer_free(layer *l) {
    void *all[] = {l->x, l->dy, l->w, l->b, l->y, l->dx, l->dw, l->db};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) fv_free(all[i]);
}

static void check(const fv_simd *simd, const fv_winograd *k, const char *pass, const float *is, const double *should,
                  size_t count) {
    double error = 0, norm = 0;
    for (size_t i = 0; i < count; i++) {
        error += ((double)is[i] - should[i]) * ((double)is[i] - should[i]);
        norm += should[i] * should[i];
    }
    if (!(error <= limit * limit * norm))
        fail_msg("%s, %s, %s, %d to %d channels: relative L2 error %.3g", simd->name, k->tile.name, pass, k->shape.ic,
                 k->shape.oc, sqrt(error / norm));
}

/* ---- Passes, in shares ---------------------------------------------------------------------------------------- */

static float *room(size_t floats) {
    float *v = fv_map(floats * sizeof(float));
    assert_non_null(v);
    for (size_t i = 0; i < floats; i++) v[i] = NAN;
    return v;
}

/* As so many threads would share it. */
static void convolve(const fv_simd *simd, const fv_winograd *k, const layer *l, bool turned, int shares, float *y) {
    size_t u_floats = simd->winograd2d_weights_floats(k), v_floats = simd->winograd2d_inputs_floats(k);
    size_t m_floats = simd->winograd2d_products_floats(k);
    size_t one = (size_t)(k->tile.taps * k->tile.taps), many = one * (size_t)l->s.ic;
    float *u = room(u_floats), *v = room(v_floats), *m = room(m_floats);
    int begin, end;
    for (int i = 0; i < shares; i++) {
        fv_share(k->shape.ic, i, shares, &begin, &end);
        simd->winograd2d_weights(k, begin, end, l->w, turned ? one : many, turned ? many : one, turned, u);
    }
    for (int first = 0; first < k->tiles; first += k->block) {
        int count = k->tiles - first < k->block ? k->tiles - first : k->block;
        for (int i = 0; i < shares; i++) {
            fv_share(count, i, shares, &begin, &end);
            simd->winograd2d_spread(k, first, first + begin, first + end, turned ? l->dy : l->x, v);
        }
        for (int i = 0; i < shares; i++) {
            fv_share(k->panels, i, shares, &begin, &end);
            simd->winograd2d_outputs(k, first, count, begin, end, v, u, turned ? NULL : l->b, NULL, y, NULL, m);
        }
    }
    fv_unmap(u, u_floats * sizeof(float));
    fv_unmap(v, v_floats * sizeof(float));
    fv_unmap(m, m_floats * sizeof(float));
}

/* The error, and that the bits are those of any number of threads. */
static void check_convolution(const fv_simd *simd, const fv_winograd *k, const layer *l, bool turned,
                              const double *should, size_t count) {
    float *y = room(count), *alone = room(count);
    convolve(simd, k, l, turned, k->lanes <= 2 * simd->width ? 3 : 1, y); /* shares have whole blocks of channels */
    convolve(simd, k, l, turned, 1, alone);
    check(simd, k, turned ? "backward data" : "forward", y, should, count);
    assert_memory_equal(y, alone, count * sizeof(float));
    fv_unmap(y, count * sizeof(float));
    fv_unmap(alone, count * sizeof(float));
}

static void check_forward(const fv_simd *simd, const layer *l, int kind) {
    fv_winograd k;
    simd->winograd2d_plan(&l->s, l->lanes, kind, false, 1, &k);
    check_convolution(simd, &k, l, false, l->y,
                      (size_t)l->s.n * blocked(l->s.oc, l->lanes) * (size_t)(l->s.oh * l->s.ow));
}

static void check_data(const fv_simd *simd, const layer *l, int kind) {
    fv_winograd k;
    const fv_conv_shape *s = &l->s;
    fv_conv_shape back = *s;
    back.ic = s->oc, back.ih = s->oh, back.iw = s->ow;
    back.oc = s->ic, back.oh = s->ih, back.ow = s->iw;
    for (int i = 0; i < 4; i++) back.pad[i] = s->kernel[0] - 1 - s->pad[i];
    simd->winograd2d_plan(&back, l->lanes, kind, false, 1, &k);
    check_convolution(simd, &k, l, true, l->dx, (size_t)s->n * blocked(s->ic, l->lanes) * (size_t)(s->ih * s->iw));
}

static void check_weights(const fv_simd *simd, const layer *l, int kind) {
    fv_winograd k;
    size_t count = (size_t)l->s.oc * (size_t)l->s.ic * (size_t)(l->s.kernel[0] * l->s.kernel[1]);
    float *dw = room(count), *db = room((size_t)l->s.oc);
    simd->winograd2d_plan(&l->s, l->lanes, kind, true, 1, &k);
    size_t u_floats = simd->winograd2d_weights_floats(&k), v_floats = simd->winograd2d_inputs_floats(&k);
    size_t m_floats = simd->winograd2d_products_floats(&k);
    float *u = room(u_floats), *v = room(v_floats), *m = room(m_floats);
    int parts = k.tile.points * k.tile.points * k.panels, ic = l->s.ic, blocks = (l->s.oc + l->lanes - 1) / l->lanes;
    for (int first = 0; first < k.tiles; first += k.block) {
        int end = first + k.block < k.tiles ? first + k.block : k.tiles, middle = (first + end) / 2;
        simd->winograd2d_spread(&k, first, first, end, l->x, v);
        simd->winograd2d_spread_gradient(&k, first, first, middle, 0, k.panels, l->dy, m);
        simd->winograd2d_spread_gradient(&k, first, middle, end, 0, k.panels, l->dy, m);
        simd->winograd2d_multiply(&k, first, end - first, 0, k.panels, 0, parts / 2, v, m, u);
        simd->winograd2d_multiply(&k, first, end - first, 0, k.panels, parts / 2, parts, v, m, u);
    }
    simd->winograd2d_weights_back(&k, 0, ic / 2, u, dw);
    simd->winograd2d_weights_back(&k, ic / 2, ic, u, dw);
    simd->winograd2d_bias(&k, 0, blocks / 2, l->dy, db);
    simd->winograd2d_bias(&k, blocks / 2, blocks, l->dy, db);
    check(simd, &k, "backward weights", dw, l->dw, count);
    check(simd, &k, "backward bias", db, l->db, (size_t)l->s.oc);
    fv_unmap(u, u_floats * sizeof(float));
    fv_unmap(v, v_floats * sizeof(float));
    fv_unmap(m, m_floats * sizeof(float));
    fv_unmap(dw, count * sizeof(float));
    fv_unmap(db, (size_t)l->s.oc * sizeof(float));
}

static void check_layer(fv_conv_shape s) {
    for (int lanes = 8; lanes <= 16; lanes += 8) {
        layer l = layer_new(s, lanes);
        for (size_t i = 0; i < sizeof isas / sizeof *isas; i++)
            for (int kind = 0; kind < fv_winograd_kinds(); kind++) {
                const fv_simd *simd = fv_simd_named(isas[i]);
                if (!simd || simd->width > lanes || fv_winograd_tile_of(kind).taps != s.kernel[0]) continue;
                check_forward(simd, &l, kind);
                check_data(simd, &l, kind);
                check_weights(simd, &l, kind);
            }
        layer_free(&l);
    }
}

/* The sums that are long in networks: over input channels, over output channels, over images and pixels. */
static void errors_are_small(void **state) {
    (void)state;
#define LAYER(n, ic, side, oc, k) \
    ((fv_conv_shape){n, ic, side, side, oc, side, side, {k, k}, {1, 1}, {1, 1}, {k / 2, k / 2, k / 2, k / 2}, 1})
    static const int taps[] = {3, 5};
    for (int i = 0; i < 2; i++) {
        check_layer(LAYER(1, 512, 9, 24, taps[i]));
        check_layer(LAYER(1, 24, 9, 512, taps[i]));
        check_layer(LAYER(2, 17, 56, 10, taps[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matrices_filter),
        cmocka_unit_test(errors_are_small),
    };
    return cmocka_run_group_tests_name("kernels/winograd", tests, NULL, NULL);
}
