/* The batch-innermost kernels of every ISA this machine has, against plain loops in double on random shapes. */
#include "core/memory.h"
#include "kernels/cpu.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 60 };

static const char *const isas[] = {"generic", "avx2", "avx512"};

/* ---- Tools. */

static fv_random rng;

static int between(int low, int high) { return low + (int)fv_random_below(&rng, (uint32_t)(high - low + 1)); }

static float *floats(size_t count) {
    float *v = FV_NEW_N(float, count + 1);
    assert_non_null(v);
    return v;
}
static float *random_floats(size_t count) {
    float *v = floats(count);
    for (size_t i = 0; i < count; i++) v[i] = fv_random_normal(&rng);
    return v;
}

/* Where element e of image n of a tensor of `size` elements an image lies in FV_BATCH. */
static size_t at(size_t size, int n, size_t e) { return ((size_t)(n / 16) * size + e) * 16 + (size_t)(n % 16); }
static size_t batch_count(int n, size_t size) { return (size_t)fv_groups(n) * 16 * size; }

/* A batch tensor of random values, lanes beyond n filled with `beyond`. */
static float *random_batch(int n, size_t size, float beyond) {
    float *v = random_floats(batch_count(n, size));
    for (int i = n; i < fv_groups(n) * 16; i++)
        for (size_t e = 0; e < size; e++) v[at(size, i, e)] = beyond;
    return v;
}

/* Fails unless |got - want| is within 1e-5 of the largest |want|. */
static void assert_close(const char *what, const char *isa, size_t count, const float *got, const double *want) {
    double top = 1e-3;
    for (size_t i = 0; i < count; i++) top = fmax(top, fabs(want[i]));
    for (size_t i = 0; i < count; i++)
        if (!(fabs(got[i] - want[i]) <= 1e-5 * top))
            fail_msg("%s, %s: element %zu of %zu is %.9g, not %.9g", what, isa, i, count, (double)got[i], want[i]);
}

/* The n real images of a batch tensor, plain; checks that lanes beyond are zero if asked, finite else. */
static float *take_batch(const char *what, int n, size_t size, const float *batch, bool zero_beyond) {
    float *v = floats((size_t)n * size);
    for (int i = 0; i < fv_groups(n) * 16; i++)
        for (size_t e = 0; e < size; e++) {
            float value = batch[at(size, i, e)];
            if (i < n)
                v[(size_t)i * size + e] = value;
            else if (zero_beyond ? value != 0 : !isfinite(value))
                fail_msg("%s: lane beyond N holds %g", what, (double)value);
        }
    return v;
}

static void assert_batch(const char *what, const char *isa, int n, size_t size, const float *batch, const double *want,
                         bool zero_beyond) {
    float *v = take_batch(what, n, size, batch, zero_beyond);
    assert_close(what, isa, (size_t)n * size, v, want);
    fv_free(v);
}

/* Runs `check` on every ISA there is, with the same random numbers. */
static void on_every_isa(uint64_t stream, void (*check)(const fv_simd *k, int round)) {
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++) {
        const fv_simd *k = fv_simd_named(isas[i]);
        if (!k) continue;
        rng = fv_random_stream(7, stream, 0);
        for (int round = 0; round < ROUNDS; round++) check(k, round);
    }
}

/* ---- Convolution. */

/* Calls visit for every multiply-add of the convolution: y[n,oc,p] += w[k] * x[n,e]. */
typedef void mac(void *context, int n, size_t y, size_t w, size_t x);
static void each_mac(const fv_conv_shape *s, mac *visit, void *context) {
    for (int n = 0; n < s->n; n++)
        for (int oc = 0; oc < s->oc; oc++)
            for (int p = 0; p < s->oh * s->ow; p++)
                for (int ic = 0; ic < s->ic; ic++)
                    for (int kh = 0; kh < s->kernel[0]; kh++)
                        for (int kw = 0; kw < s->kernel[1]; kw++) {
                            int h = p / s->ow * s->stride[0] + kh * s->dilation[0] - s->pad[0];
                            int w = p % s->ow * s->stride[1] + kw * s->dilation[1] - s->pad[1];
                            if (h < 0 || h >= s->ih || w < 0 || w >= s->iw) continue;
                            visit(context, n, (size_t)(oc * s->oh * s->ow + p),
                                  (size_t)(((oc * s->ic + ic) * s->kernel[0] + kh) * s->kernel[1] + kw),
                                  (size_t)((ic * s->ih + h) * s->iw + w));
                        }
}

typedef struct conv_case {
    fv_conv_shape s;
    size_t in, out, weights;
    float *x, *w, *bias, *dy;    /* batch; plain; plain; batch */
    double *y, *dx, *dw, *dbias; /* what is right: plain */
} conv_case;

static void add_macs(void *context, int n, size_t y, size_t w, size_t x) {
    conv_case *c = context;
    c->y[(size_t)n * c->out + y] += (double)c->w[w] * (double)c->x[at(c->in, n, x)];
    c->dx[(size_t)n * c->in + x] += (double)c->w[w] * (double)c->dy[at(c->out, n, y)];
    c->dw[w] += (double)c->dy[at(c->out, n, y)] * (double)c->x[at(c->in, n, x)];
}

static void conv_case_fill(conv_case *c) {
    const fv_conv_shape *s = &c->s;
    size_t map = (size_t)(s->oh * s->ow);
    c->in = (size_t)(s->ic * s->ih * s->iw), c->out = (size_t)s->oc * map;
    c->weights = (size_t)(s->oc * s->ic * s->kernel[0] * s->kernel[1]);
    c->x = random_batch(s->n, c->in, 3), c->dy = random_batch(s->n, c->out, 0);
    c->w = random_floats(c->weights), c->bias = random_floats((size_t)s->oc);
    c->y = FV_NEW_N(double, (size_t)s->n * c->out), c->dx = FV_NEW_N(double, (size_t)s->n * c->in);
    c->dw = FV_NEW_N(double, c->weights), c->dbias = FV_NEW_N(double, (size_t)s->oc);
    assert_true(c->y && c->dx && c->dw && c->dbias);
    for (int n = 0; n < s->n; n++)
        for (size_t e = 0; e < c->out; e++) {
            c->y[(size_t)n * c->out + e] = (double)c->bias[e / map];
            c->dbias[e / map] += (double)c->dy[at(c->out, n, e)];
        }
    each_mac(s, add_macs, c);
}

static void conv_case_free(conv_case *c) {
    void *all[] = {c->x, c->w, c->bias, c->dy, c->y, c->dx, c->dw, c->dbias};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) fv_free(all[i]);
}

static fv_conv_shape random_conv(int round) {
    fv_conv_shape s = {.n = between(1, 40), .ic = between(1, 9), .oc = between(1, 19), .groups = 1};
    int in[2];
    bool winograd = round % 4 >= 2; /* five wide, outputs by fours: conv_winograd.c */
    if (winograd) s.oc = between(4, 19);
    for (int d = 0; d < 2; d++) {
        s.kernel[d] = winograd && d ? 5 : between(1, 5);
        s.stride[d] = winograd || round % 3 ? 1 : between(1, 3);
        s.dilation[d] = round % 4 ? 1 : between(1, 2);
        if (round % 2) s.pad[d] = between(0, 3), s.pad[d + 2] = between(0, 3);
        int reach = (s.kernel[d] - 1) * s.dilation[d] + 1;
        in[d] = between(reach, reach + 8);
        if (winograd) in[d] = d ? 4 + 4 * between(1, 4) - s.pad[1] - s.pad[3] : in[d] + 1;
        if (round % 5 == 1) in[d] = s.kernel[d], s.dilation[d] = 1, s.pad[d] = s.pad[d + 2] = 0; /* fully connected */
    }
    s.ih = in[0], s.iw = in[1];
    if (round % 15 == 1) s.n = between(290, 320); /* more groups in each half than are transposed at once */
    s.oh = (s.ih + s.pad[0] + s.pad[2] - s.dilation[0] * (s.kernel[0] - 1) - 1) / s.stride[0] + 1;
    s.ow = (s.iw + s.pad[1] + s.pad[3] - s.dilation[1] * (s.kernel[1] - 1) - 1) / s.stride[1] + 1;
    return s;
}

static const char *conv_name(const fv_conv_shape *s, const char *pass) {
    static char text[200];
    snprintf(text, sizeof text,
             "conv %s n %d, %dx%dx%d -> %dx%dx%d, kernel %dx%d stride %dx%d dilation %dx%d pad %d,%d,%d,%d", pass, s->n,
             s->ic, s->ih, s->iw, s->oc, s->oh, s->ow, s->kernel[0], s->kernel[1], s->stride[0], s->stride[1],
             s->dilation[0], s->dilation[1], s->pad[0], s->pad[1], s->pad[2], s->pad[3]);
    return text;
}

static void check_conv(const fv_simd *k, int round) {
    conv_case c = {.s = random_conv(round)};
    const fv_conv_shape *s = &c.s;
    conv_case_fill(&c);
    assert_true(k->conv_supported(s));
    int groups = fv_groups(s->n), half = groups / 2;
    size_t bytes = k->conv_scratch(s);
    char *scratch = fv_alloc(bytes + 64, 1);
    assert_non_null(scratch);
    memset(scratch + bytes, 0x5A, 64);

    float *y = random_floats(batch_count(s->n, c.out)), *dx = random_floats(batch_count(s->n, c.in));
    float *dw = random_floats(2 * c.weights), *dbias = random_floats(2 * (size_t)s->oc);
    float *dw2 = dw + c.weights, *dbias2 = dbias + s->oc;
    for (int part = 0; part < 2; part++) { /* two threads' shares; the first may be empty */
        int g0 = part ? half : 0, g1 = part ? groups : half;
        k->conv_forward(s, g0, g1, c.x, c.w, c.bias, y, scratch);
        k->conv_backward_data(s, g0, g1, c.dy, c.w, dx, scratch);
        k->conv_backward_weights(s, g0, g1, c.x, c.dy, part ? dw2 : dw, part ? dbias2 : dbias, scratch);
    }
    k->sum_parts(c.weights, 2, c.weights, dw, dw);
    k->sum_parts((size_t)s->oc, 2, (size_t)s->oc, dbias, dbias);
    assert_batch(conv_name(s, "forward"), k->name, s->n, c.out, y, c.y, false);
    assert_batch(conv_name(s, "backward data"), k->name, s->n, c.in, dx, c.dx, true);
    assert_close(conv_name(s, "backward weights"), k->name, c.weights, dw, c.dw);
    assert_close(conv_name(s, "backward bias"), k->name, (size_t)s->oc, dbias, c.dbias);
    for (int i = 0; i < 64; i++) assert_int_equal(scratch[bytes + (size_t)i], 0x5A);
    fv_free(y), fv_free(dx), fv_free(dw), fv_free(dbias), fv_free(scratch);
    conv_case_free(&c);
}
static void test_conv(void **state) {
    (void)state;
    on_every_isa(1, check_conv);
}

static fv_pool_shape quad_behind(const fv_conv_shape *s) {
    return (fv_pool_shape){.n = s->n,
                           .c = s->oc,
                           .ih = s->oh,
                           .iw = s->ow,
                           .oh = s->oh / 2,
                           .ow = s->ow / 2,
                           .kernel = {2, 2},
                           .stride = {2, 2},
                           .dilation = {1, 1}};
}

/* Fused against unfused (whose parts are checked on their own): the pooled values and gradients must agree. */
static void check_conv_pool(const fv_simd *k, int round) {
    conv_case c = {.s = random_conv(round)};
    const fv_conv_shape *s = &c.s;
    if (s->oh < 2 || s->ow < 2) return;
    conv_case_fill(&c);
    fv_pool_shape pool = quad_behind(s);
    size_t pooled = (size_t)(pool.c * pool.oh * pool.ow), pooled_all = batch_count(s->n, pooled);
    int groups = fv_groups(s->n);
    char *scratch = fv_alloc(k->conv_pool_scratch(s), 1);
    uint16_t *index = FV_NEW_N(uint16_t, pooled_all);
    assert_true(scratch && index);
    float *full = floats(batch_count(s->n, c.out)), *y = floats(pooled_all), *y2 = floats(pooled_all);
    float *dx = random_floats(batch_count(s->n, c.in)), *dw = random_floats(c.weights), *dbias = floats((size_t)s->oc);
    float *dy = random_batch(s->n, pooled, 0);

    k->conv_forward(s, 0, groups, c.x, c.w, c.bias, full, scratch);
    k->max_pool_forward(&pool, 0, groups, full, y2, index);
    k->max_pool_backward(&pool, 0, groups, dy, index, full);
    memcpy(c.dy, full, batch_count(s->n, c.out) * sizeof *full);
    memset(c.dx, 0, (size_t)s->n * c.in * sizeof *c.dx), memset(c.dw, 0, c.weights * sizeof *c.dw);
    memset(c.dbias, 0, (size_t)s->oc * sizeof *c.dbias);
    for (int n = 0; n < s->n; n++)
        for (size_t e = 0; e < pooled; e++) c.dbias[e / (size_t)(pool.oh * pool.ow)] += (double)dy[at(pooled, n, e)];
    each_mac(s, add_macs, &c);

    k->conv_pool_forward(s, 0, groups, c.x, c.w, c.bias, y, index, scratch);
    for (size_t i = 0; i < pooled_all; i++) assert_true(fabsf(y[i] - y2[i]) <= 1e-4f);
    k->max_pool_backward(&pool, 0, groups, dy, index, full);
    for (size_t i = 0; i < batch_count(s->n, c.out); i++) assert_true(full[i] == c.dy[i]);
    k->conv_pool_backward_data(s, 0, groups, dy, index, c.w, dx, scratch);
    k->conv_pool_backward_weights(s, 0, groups, c.x, dy, index, dw, dbias, scratch);
    assert_batch(conv_name(s, "+ pool backward data"), k->name, s->n, c.in, dx, c.dx, true);
    assert_close(conv_name(s, "+ pool backward weights"), k->name, c.weights, dw, c.dw);
    assert_close(conv_name(s, "+ pool backward bias"), k->name, (size_t)s->oc, dbias, c.dbias);
    fv_free(full), fv_free(y), fv_free(y2), fv_free(dx), fv_free(dw), fv_free(dbias), fv_free(dy);
    fv_free(scratch), fv_free(index);
    conv_case_free(&c);
}
static void test_conv_pool(void **state) {
    (void)state;
    on_every_isa(2, check_conv_pool);
}

/* ---- Pooling. */

static fv_pool_shape random_pool(int round) {
    fv_pool_shape s = {.n = between(1, 40), .c = between(1, 5), .count_include_pad = between(0, 1)};
    int in[2], out[2];
    for (int d = 0; d < 2; d++) {
        s.kernel[d] = round % 3 ? between(1, 4) : 2;
        s.stride[d] = round % 3 ? between(1, 3) : 2;
        s.dilation[d] = round % 4 == 1 ? 2 : 1;
        if (round % 2) s.pad[d] = between(0, s.kernel[d] / 2), s.pad[d + 2] = between(0, s.kernel[d] / 2);
        int reach = (s.kernel[d] - 1) * s.dilation[d] + 1;
        in[d] = between(reach, reach + 9);
        out[d] = (in[d] + s.pad[d] + s.pad[d + 2] - reach) / s.stride[d] + 1;
        /* ceil_mode: one more window, if it still begins on the input */
        if (round % 5 == 1 && out[d] * s.stride[d] - s.pad[d] < in[d]) out[d]++;
    }
    s.ih = in[0], s.iw = in[1], s.oh = out[0], s.ow = out[1];
    return s;
}

/* One window of one map of image n: its maximum and where, its mean's divisor, calling `each` on its inputs. */
typedef struct window {
    double max, sum;
    int which, inside, padded;
    size_t where;
} window;
static window look(const fv_pool_shape *s, const float *x, size_t in, int n, int c, int oh, int ow) {
    window v = {.max = -INFINITY, .which = -1};
    for (int k = 0; k < s->kernel[0] * s->kernel[1]; k++) {
        int h = oh * s->stride[0] + k / s->kernel[1] * s->dilation[0] - s->pad[0];
        int w = ow * s->stride[1] + k % s->kernel[1] * s->dilation[1] - s->pad[1];
        if (h < s->ih + s->pad[2] && w < s->iw + s->pad[3]) v.padded++;
        if (h < 0 || h >= s->ih || w < 0 || w >= s->iw) continue;
        size_t e = (size_t)((c * s->ih + h) * s->iw + w);
        double value = (double)x[at(in, n, e)];
        v.inside++, v.sum += value;
        if (v.which < 0 || value > v.max) v.max = value, v.which = k, v.where = e;
    }
    return v;
}
static void spread(const fv_pool_shape *s, int c, int oh, int ow, double share, double *dx) {
    for (int k = 0; k < s->kernel[0] * s->kernel[1]; k++) {
        int h = oh * s->stride[0] + k / s->kernel[1] * s->dilation[0] - s->pad[0];
        int w = ow * s->stride[1] + k % s->kernel[1] * s->dilation[1] - s->pad[1];
        if (h >= 0 && h < s->ih && w >= 0 && w < s->iw) dx[(c * s->ih + h) * s->iw + w] += share;
    }
}

static void check_pool(const fv_simd *k, int round) {
    fv_pool_shape s = random_pool(round);
    size_t in = (size_t)(s.c * s.ih * s.iw), out = (size_t)(s.c * s.oh * s.ow);
    int groups = fv_groups(s.n);
    float *x = random_batch(s.n, in, 3), *dy = random_batch(s.n, out, 0);
    for (size_t i = 0; i < batch_count(s.n, in); i++) x[i] = roundf(x[i] * 2); /* ties */
    double *max = FV_NEW_N(double, (size_t)s.n *out), *mean = FV_NEW_N(double, (size_t)s.n *out);
    double *max_dx = FV_NEW_N(double, (size_t)s.n *in), *mean_dx = FV_NEW_N(double, (size_t)s.n *in);
    uint16_t *index = FV_NEW_N(uint16_t, batch_count(s.n, out));
    assert_true(max && mean && max_dx && mean_dx && index);
    float *y = floats(batch_count(s.n, out)), *dx = random_floats(batch_count(s.n, in));

    k->max_pool_forward(&s, 0, groups, x, y, index);
    for (int n = 0; n < s.n; n++)
        for (size_t e = 0; e < out; e++) {
            int c = (int)e / (s.oh * s.ow), oh = (int)e / s.ow % s.oh, ow = (int)e % s.ow;
            window v = look(&s, x, in, n, c, oh, ow);
            int divisor = s.count_include_pad ? v.padded : v.inside;
            double grad = (double)dy[at(out, n, e)], share = divisor ? grad / divisor : 0;
            max[(size_t)n * out + e] = v.max, mean[(size_t)n * out + e] = divisor ? v.sum / divisor : 0;
            assert_int_equal(index[at(out, n, e)], v.which);
            max_dx[(size_t)n * in + v.where] += grad;
            spread(&s, c, oh, ow, share, mean_dx + (size_t)n * in);
        }
    assert_batch("max pool", k->name, s.n, out, y, max, false);
    k->max_pool_backward(&s, 0, groups, dy, index, dx);
    assert_batch("max pool backward", k->name, s.n, in, dx, max_dx, true);
    k->avg_pool_forward(&s, 0, groups, x, y);
    assert_batch("average pool", k->name, s.n, out, y, mean, false);
    k->avg_pool_backward(&s, 0, groups, dy, dx);
    assert_batch("average pool backward", k->name, s.n, in, dx, mean_dx, true);
    fv_free(x), fv_free(dy), fv_free(max), fv_free(mean), fv_free(max_dx), fv_free(mean_dx);
    fv_free(index), fv_free(y), fv_free(dx);
}
static void test_pool(void **state) {
    (void)state;
    on_every_isa(3, check_pool);
}

/* A NaN anywhere in a window is its maximum; so is one computed by a fused convolution. */
static void check_nan(const fv_simd *k, int round) {
    fv_conv_shape s = {.n = 16,
                       .ic = 1,
                       .ih = 2,
                       .iw = 2,
                       .oc = 1,
                       .oh = 2,
                       .ow = 2,
                       .kernel = {1, 1},
                       .stride = {1, 1},
                       .dilation = {1, 1},
                       .groups = 1};
    fv_pool_shape pool = quad_behind(&s);
    float x[4 * 16] = {0}, y[16], one = 1;
    uint16_t index[16];
    int where = round % 4, lane = between(0, 15);
    x[where * 16 + lane] = NAN, x[(where ^ 1) * 16 + lane] = 5;
    char *scratch = fv_alloc(k->conv_pool_scratch(&s), 1);
    assert_non_null(scratch);
    for (int fused = 0; fused < 2; fused++) {
        if (fused)
            k->conv_pool_forward(&s, 0, 1, x, &one, NULL, y, index, scratch);
        else
            k->max_pool_forward(&pool, 0, 1, x, y, index);
        assert_true(isnan(y[lane]));
        assert_int_equal(index[lane], where);
        assert_true(y[(lane + 1) % 16] == 0 && index[(lane + 1) % 16] == 0);
    }
    fv_free(scratch);
}
static void test_nan(void **state) {
    (void)state;
    on_every_isa(4, check_nan);
}

/* ---- Reorders. */

static void check_reorder(const fv_simd *k, int round) {
    (void)round;
    int n = between(1, 50), groups = fv_groups(n);
    size_t size = (size_t)between(1, 70), count = (size_t)n * size;
    float *plain = random_floats(count), *batch = random_floats(batch_count(n, size)), *back = floats(count);
    k->plain_to_batch(n, size, 0, groups, plain, batch);
    float *seen = take_batch("reorder", n, size, batch, true);
    assert_memory_equal(seen, plain, count * sizeof *plain);
    k->batch_to_plain(n, size, 0, groups, batch, back);
    assert_memory_equal(back, plain, count * sizeof *plain);
    assert_true(back[count] == 0);
    fv_free(plain), fv_free(batch), fv_free(back), fv_free(seen);
}
static void test_reorder(void **state) {
    (void)state;
    on_every_isa(5, check_reorder);
}

/* ---- Elementwise. */

static double relative_error(float got, double want) { return want == 0 ? fabs((double)got) : fabs(got / want - 1); }

static void assert_accurate(const char *what, const char *isa, float x, float got, double want) {
    if (fabs(want) < 1.2e-38 ? fabs(got - want) > 3e-45 : relative_error(got, want) > 3e-7)
        fail_msg("%s(%.9g), %s: %.9g, not %.9g", what, (double)x, isa, (double)got, want);
}

static void check_math(const fv_simd *k, int round) {
    enum { COUNT = 4003 };
    static float x[COUNT], e[COUNT], s[COUNT], t[COUNT];
    for (int i = 0; i < COUNT; i++)
        x[i] = (fv_random_float(&rng) * 2 - 1) * (round % 3 == 0 ? 88 : round % 3 == 1 ? 8 : 0.8f);
    static const float special[] = {0, -0.0f, 88.722f, -87.3f, -100, 1e-30f, -1e-6f, 0.64f, -0.64f};
    memcpy(x, special, sizeof special);
    k->exp_forward(COUNT, x, e);
    k->sigmoid_forward(COUNT, x, s);
    k->tanh_forward(COUNT, x, t);
    for (int i = 0; i < COUNT; i++) {
        assert_accurate("exp", k->name, x[i], e[i], exp((double)x[i]));
        if (x[i] > -87) assert_accurate("sigmoid", k->name, x[i], s[i], 1 / (1 + exp(-(double)x[i])));
        assert_accurate("tanh", k->name, x[i], t[i], tanh((double)x[i]));
    }
    float edge[] = {INFINITY, -INFINITY, NAN, 200, -200}, y[5];
    k->exp_forward(5, edge, y);
    assert_true(y[0] == INFINITY && y[1] == 0 && isnan(y[2]) && y[3] == INFINITY && y[4] == 0);
    k->sigmoid_forward(5, edge, y);
    assert_true(y[0] == 1 && y[1] == 0 && isnan(y[2]) && y[3] == 1 && y[4] == 0);
    k->tanh_forward(5, edge, y);
    assert_true(y[0] == 1 && y[1] == -1 && isnan(y[2]) && y[3] == 1 && y[4] == -1);
}
static void test_math(void **state) {
    (void)state;
    on_every_isa(6, check_math);
}

static void check_elementwise(const fv_simd *k, int round) {
    (void)round;
    size_t count = (size_t)between(1, 100);
    float *a = random_floats(count), *b = random_floats(count), *y = floats(count);
    const float slope = 0.1f;
#define EXPECT(call, want)                                                          \
    k->call;                                                                        \
    for (size_t i = 0; i < count; i++)                                              \
        if (!(fabs(y[i] - (double)(want)) <= 1e-6 * (1 + fabs((double)(want)))))    \
            fail_msg("%s, %s: element %zu is %g", #call, k->name, i, (double)y[i]); \
    assert_true(y[count] == 0)
    EXPECT(relu_forward(count, a, y), a[i] > 0 ? a[i] : 0);
    EXPECT(relu_backward(count, a, b, y), a[i] > 0 ? b[i] : 0);
    EXPECT(leaky_relu_forward(count, slope, a, y), a[i] > 0 ? a[i] : slope * a[i]);
    EXPECT(leaky_relu_backward(count, slope, a, b, y), a[i] > 0 ? b[i] : slope * b[i]);
    EXPECT(sigmoid_backward(count, a, b, y), (double)b[i] * a[i] * (1 - (double)a[i]));
    EXPECT(tanh_backward(count, a, b, y), b[i] * (1 - (double)a[i] * a[i]));
    EXPECT(add(count, a, b, y), a[i] + b[i]);
    EXPECT(scale(count, 3, a, y), a[i] * 3);
    size_t part = count / 3;
    k->sum_parts(part, 3, part, a, y);
    double squares = 0;
    for (size_t i = 0; i < part; i++) assert_true(y[i] == a[i] + a[part + i] + a[2 * part + i]);
    for (size_t i = 0; i < count; i++) squares += (double)a[i] * a[i];
    assert_true(fabs(k->sum_squares(count, a) - squares) <= 1e-12 * squares);
    a[0] = NAN;
    k->relu_forward(count, a, y);
    assert_true(isnan(y[0]));
    fv_free(a), fv_free(b), fv_free(y);
}
static void test_elementwise(void **state) {
    (void)state;
    on_every_isa(7, check_elementwise);
}

/* ---- Losses. */

typedef struct loss_case {
    int n, classes;
    float *z, *t; /* plain */
    fv_bce_terms terms;
    float scale;
    double *loss, *dz;
} loss_case;

static void entropy_naive(loss_case *c) {
    for (int n = 0; n < c->n; n++) {
        const float *z = c->z + n * c->classes, *t = c->t + n * c->classes;
        double top = -INFINITY, all = 0, weight = 0;
        for (int k = 0; k < c->classes; k++) top = fmax(top, (double)z[k]);
        for (int k = 0; k < c->classes; k++) all += exp((double)z[k] - top), weight += (double)t[k];
        c->loss[n] = 0;
        for (int k = 0; k < c->classes; k++) {
            c->loss[n] += t[k] * (log(all) + top - z[k]);
            c->dz[n * c->classes + k] = c->scale * (exp(z[k] - top) / all * weight - t[k]);
        }
    }
}
/* By the chain rule from the terms' derivatives by p. */
static void focal_naive(loss_case *c, double gamma) {
    for (int n = 0; n < c->n; n++) {
        const float *z = c->z + n * c->classes, *t = c->t + n * c->classes;
        double top = -INFINITY, all = 0, g[12], sum = 0;
        for (int k = 0; k < c->classes; k++) top = fmax(top, (double)z[k]);
        for (int k = 0; k < c->classes; k++) all += exp((double)z[k] - top);
        c->loss[n] = 0;
        for (int k = 0; k < c->classes; k++) {
            double l = log(all) + top - z[k], u = -expm1(-l), p = exp(-l);
            c->loss[n] += t[k] * pow(u, gamma) * l;
            g[k] = u > 0 ? -t[k] * (pow(u, gamma) + gamma * p * pow(u, gamma - 1) * l) : 0; /* p dloss/dp */
            sum += g[k];
        }
        for (int k = 0; k < c->classes; k++)
            c->dz[n * c->classes + k] = c->scale * (g[k] - exp(z[k] - top) / all * sum);
    }
}
static void bce_naive(loss_case *c) {
    for (int i = 0; i < c->n * c->classes; i++) {
        double z = (double)c->z[i], t = (double)c->t[i], soft = (1 - c->terms.smoothing) * t + c->terms.smoothing / 2;
        double positive = z < 0 ? log1p(exp(z)) - z : log1p(exp(-z)), p = 1 / (1 + exp(-z)), u = 1 / (1 + exp(z));
        double gamma = (double)c->terms.gamma, up = (t >= 0) * c->terms.positive * soft * pow(u, gamma),
               down = (t >= 0) * c->terms.negative * (1 - soft) * pow(p, gamma);
        if (i % c->classes == 0) c->loss[i / c->classes] = 0;
        c->loss[i / c->classes] += up * positive + down * (positive + z);
        c->dz[i] = c->scale * (down * (p + gamma * u * (positive + z)) - up * (u + gamma * p * positive));
    }
}

static void check_loss(const fv_simd *k, int round) {
    loss_case c = {.n = between(1, 40), .classes = round % 3 ? between(2, 12) : 1, .scale = 0.3f};
    size_t size = (size_t)c.classes, count = (size_t)c.n * size, lanes = batch_count(c.n, 1);
    int groups = fv_groups(c.n);
    c.z = random_floats(count), c.t = floats(count);
    for (size_t i = 0; i < count; i++)
        c.z[i] *= round % 4 ? 3 : 60, c.t[i] = fv_random_float(&rng) * (float)between(0, 1);
    c.terms = (fv_bce_terms){0.5f + fv_random_float(&rng), 0.5f + fv_random_float(&rng), round % 2 ? 0.125f : 0,
                             round % 3 ? 0 : 0.5f + 3 * fv_random_float(&rng)};
    c.loss = FV_NEW_N(double, (size_t)c.n), c.dz = FV_NEW_N(double, count);
    assert_true(c.loss && c.dz);
    float *z = floats(batch_count(c.n, size)), *t = floats(batch_count(c.n, size)),
          *batch_dz = random_floats(batch_count(c.n, size));
    float *loss = random_floats(lanes), *dz = floats(count);
    for (size_t i = 0; i < batch_count(c.n, size); i++) z[i] = 9, t[i] = 2; /* what lanes beyond N may hold */
    for (int n = 0; n < c.n; n++)
        for (size_t e = 0; e < size; e++)
            z[at(size, n, e)] = c.z[(size_t)n * size + e], t[at(size, n, e)] = c.t[(size_t)n * size + e];

    entropy_naive(&c);
    k->cross_entropy_plain(c.n, c.classes, c.z, c.t, c.scale, loss, dz);
    assert_close("cross entropy", k->name, (size_t)c.n, loss, c.loss);
    assert_close("cross entropy dz", k->name, count, dz, c.dz);
    k->cross_entropy_batch(c.n, 0, groups, c.classes, z, t, c.scale, loss, batch_dz);
    assert_batch("cross entropy, batch", k->name, c.n, 1, loss, c.loss, true);
    assert_batch("cross entropy dz, batch", k->name, c.n, size, batch_dz, c.dz, true);

    float gamma = 0.5f + 3 * fv_random_float(&rng);
    focal_naive(&c, (double)gamma);
    k->focal_plain(c.n, c.classes, c.z, c.t, gamma, c.scale, loss, dz);
    assert_close("focal", k->name, (size_t)c.n, loss, c.loss);
    assert_close("focal dz", k->name, count, dz, c.dz);
    k->focal_batch(c.n, 0, groups, c.classes, z, t, gamma, c.scale, loss, batch_dz);
    assert_batch("focal, batch", k->name, c.n, 1, loss, c.loss, true);
    assert_batch("focal dz, batch", k->name, c.n, size, batch_dz, c.dz, true);

    c.t[0] = t[at(size, 0, 0)] = -1; /* is left out */
    bce_naive(&c);
    k->bce_plain(c.n, c.classes, c.z, c.t, &c.terms, c.scale, loss, dz);
    assert_close("bce", k->name, (size_t)c.n, loss, c.loss);
    assert_close("bce dz", k->name, count, dz, c.dz);
    memset(batch_dz, 1, batch_count(c.n, size) * sizeof *batch_dz);
    k->bce_batch(c.n, 0, groups, c.classes, z, t, &c.terms, c.scale, loss, batch_dz);
    assert_batch("bce, batch", k->name, c.n, 1, loss, c.loss, true);
    assert_batch("bce dz, batch", k->name, c.n, size, batch_dz, c.dz, true);
    fv_free(c.z), fv_free(c.t), fv_free(c.loss), fv_free(c.dz);
    fv_free(z), fv_free(t), fv_free(loss), fv_free(dz), fv_free(batch_dz);
}
static void test_loss(void **state) {
    (void)state;
    on_every_isa(8, check_loss);
}

/* ---- Dropout: the mask is the stream's words, one by one, in plain order. */

static void check_dropout(const fv_simd *k, int round) {
    int n = between(1, 40);
    size_t size = (size_t)between(1, 130), count = (size_t)n * size, all = batch_count(n, size);
    float p = round % 10 ? fv_random_float(&rng) : 0, *x = random_batch(n, size, 0), *plain = random_floats(count);
    float *y = floats(all), *dx = floats(all);
    uint8_t *mask = FV_NEW_N(uint8_t, all), *expect = FV_NEW_N(uint8_t, all);
    assert_true(mask && expect);
    fv_random stream = fv_random_stream(11, (uint64_t)round << 40, FV_STREAM_DROPOUT), words = stream;
    for (size_t i = 0; i < all; i++) expect[i] = fv_random_u32(&words) >= (uint32_t)(p * 4294967296.0);

    size_t cut = (size_t)between(0, (int)count);
    k->dropout_plain(&stream, p, 0, cut, plain, y, mask);
    k->dropout_plain(&stream, p, cut, count, plain, y, mask);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(mask[i], expect[i]);
        assert_true(fabsf(y[i] - (expect[i] ? plain[i] / (1 - p) : 0)) <= 1e-6f * fabsf(y[i]));
    }
    k->dropout_batch(&stream, p, size, 0, fv_groups(n), x, y, mask);
    k->dropout_backward(all, p, x, mask, dx);
    for (int i = 0; i < n; i++)
        for (size_t e = 0; e < size; e++) {
            size_t a = at(size, i, e);
            assert_int_equal(mask[a], expect[(size_t)i * size + e]);
            assert_true(fabsf(y[a] - (mask[a] ? x[a] / (1 - p) : 0)) <= 1e-6f * fabsf(y[a]));
            assert_true(dx[a] == y[a]);
        }
    fv_free(x), fv_free(plain), fv_free(y), fv_free(dx), fv_free(mask), fv_free(expect);
}
static void test_dropout(void **state) {
    (void)state;
    on_every_isa(9, check_dropout);
}

static void test_pick(void **state) {
    (void)state;
    const fv_simd *k = fv_simd_pick();
    assert_ptr_equal(k, fv_simd_named(k->name));
    assert_string_equal(fv_isa_name(), k->name);
    assert_int_equal(fv_block(), k->width == 16 ? 16 : 8);
    assert_non_null(fv_simd_named("generic"));
    assert_null(fv_simd_named("mmx"));
    fv_conv_shape grouped = {.groups = 2};
    assert_false(k->conv_supported(&grouped));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pick),    cmocka_unit_test(test_conv),        cmocka_unit_test(test_conv_pool),
        cmocka_unit_test(test_pool),    cmocka_unit_test(test_nan),         cmocka_unit_test(test_reorder),
        cmocka_unit_test(test_math),    cmocka_unit_test(test_elementwise), cmocka_unit_test(test_loss),
        cmocka_unit_test(test_dropout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
