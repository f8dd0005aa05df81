/* The oneDNN seam against naive loops in double, over fixed and random shapes, plain and blocked.
 * Without an argument: `test_dnn avx512` where the CPU has it, then `test_dnn avx2`. */
#include "core/memory.h"
#include "core/random.h"
#include "kernels/cpu.h"
#include "kernels/dnn.h"
#include "support/unit.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int block = 8;    /* lanes of FV_BLOCKED on this ISA */
static fv_random source; /* reseeded by every test */
static int created, refused;
static char context[32]; /* of a failure, such as the seed */

/* ---- Tensors: logical access to either layout, guarded lanes ---- */

typedef struct tensor {
    int n, c, h, w;
    fv_layout_kind layout;
    float *data;
    size_t count;
} tensor;

static int channels_stored(const tensor *t) {
    return t->layout == FV_PLAIN ? t->c : (t->c + block - 1) / block * block;
}

static tensor tensor_new(int n, int c, int h, int w, fv_layout_kind layout) {
    tensor t = {n, c, h, w, layout, NULL, 0};
    t.count = (size_t)n * (size_t)channels_stored(&t) * (size_t)h * (size_t)w;
    t.data = fv_map(t.count * sizeof(float));
    assert_non_null(t.data);
    return t;
}

static void tensor_free(tensor *t) { fv_unmap(t->data, t->count * sizeof(float)); }

static float *at(const tensor *t, int n, int c, int h, int w) {
    if (t->layout == FV_PLAIN) return t->data + (((size_t)n * t->c + c) * t->h + h) * t->w + w;
    size_t blocks = (size_t)channels_stored(t) / block;
    return t->data + ((((size_t)n * blocks + c / block) * t->h + h) * t->w + w) * block + c % block;
}

#define EACH(t)                              \
    for (int n = 0; n < (t)->n; n++)         \
        for (int c = 0; c < (t)->c; c++)     \
            for (int h = 0; h < (t)->h; h++) \
                for (int w = 0; w < (t)->w; w++)

static float uniform(void) { return 2 * fv_random_float(&source) - 1; }

/* Values within the shape; lanes beyond it are zero, as the contract says. */
static tensor random_tensor(int n_, int c_, int h_, int w_, fv_layout_kind layout) {
    tensor t = tensor_new(n_, c_, h_, w_, layout);
    EACH(&t) * at(&t, n, c, h, w) = uniform();
    return t;
}

/* Everything NaN, lanes beyond the shape too: what a primitive does not write stands out. */
static tensor garbage_tensor(int n, int c, int h, int w, fv_layout_kind layout) {
    tensor t = tensor_new(n, c, h, w, layout);
    for (size_t i = 0; i < t.count; i++) t.data[i] = NAN;
    return t;
}

static void check_value(float got, double want, double tolerance, const char *what, size_t where) {
    if (fabs(got - want) <= tolerance * (1 + fabs(want))) return;
    fail_msg("%s%s at %zu: got %.8g, expected %.8g", context, what, where, (double)got, want);
}

/* t against `want` in plain order, and zeros in the lanes beyond C. */
static void check_tensor(const tensor *t, const double *want, double tolerance, const char *what) {
    size_t i = 0;
    EACH(t) {
        check_value(*at(t, n, c, h, w), want[i], tolerance, what, i);
        i++;
    }
    tensor lanes = *t;
    lanes.c = channels_stored(t);
    EACH(&lanes) if (c >= t->c) assert_true(*at(&lanes, n, c, h, w) == 0.0f);
}

static void check_vector(const float *got, const double *want, size_t count, double tolerance, const char *what) {
    for (size_t i = 0; i < count; i++) check_value(got[i], want[i], tolerance, what, i);
}

static float *random_vector(size_t count) {
    float *v = FV_NEW_N(float, count);
    for (size_t i = 0; i < count; i++) v[i] = uniform();
    return v;
}

/* ---- Running ---- */

/* True if made, and then not by a reference implementation; counts. */
static bool made(fv_status status, fv_prim *const *p) {
    if (status != FV_OK) fail_msg("%s", fv_error());
    *(*p ? &created : &refused) += 1;
    if (!*p) return false;
    const char *name = fv_prim_implementation(*p);
    if (strstr(name, "ref")) fail_msg("%s: made as %s", fv_prim_label(*p), name);
    return true;
}

/* A scratchpad full of garbage for the run. */
static void run(fv_prim *p, fv_prim_args args) {
    size_t bytes = fv_prim_scratch(p);
    args.scratch = fv_map(bytes);
    memset(args.scratch, 0xff, bytes ? bytes : 1);
    if (fv_prim_run(p, &args) != FV_OK) fail_msg("%s", fv_error());
    fv_unmap(args.scratch, bytes);
}

/* A plain parameter as the primitive wants it; its size in *bytes. */
static float *packed(const fv_prim *p, const float *plain, size_t *bytes) {
    *bytes = fv_dnn_layout_bytes(fv_prim_weights(p));
    float *layout = fv_map(*bytes);
    if (fv_dnn_reorder(NULL, plain, fv_prim_weights(p), layout) != FV_OK) fail_msg("%s", fv_error());
    return layout;
}

/* A gradient as the primitive made it, to plain. Its padding is zero: packing the plain one gives the same bytes. */
static void unpack_gradient(const fv_prim *p, const float *layout, float *plain) {
    size_t bytes;
    assert_int_equal(fv_dnn_reorder(fv_prim_weights(p), layout, NULL, plain), FV_OK);
    float *again = packed(p, plain, &bytes);
    for (size_t i = 0; i < bytes / sizeof(float); i++) assert_true(again[i] == layout[i]);
    fv_unmap(again, bytes);
}

/* ---- Convolution ---- */

static double post_value(const fv_dnn_post *post, double x) {
    switch (post->function) {
    case FV_DNN_RELU:
        return x > 0 ? x : (double)post->alpha * x;
    case FV_DNN_CLIP:
        return fmin(fmax(x, post->alpha), post->beta);
    case FV_DNN_SIGMOID:
        return 1 / (1 + exp(-x));
    case FV_DNN_TANH:
        return tanh(x);
    case FV_DNN_HARD_SWISH:
        return x * fmin(fmax(x + 3, 0), 6) / 6;
    default:
        return x;
    }
}

typedef struct conv_case {
    tensor x, y, dx, dy;
    size_t weights; /* how many */
    float *w, *b;
    double *y_ref, *dx_ref, *dw_ref, *db_ref;
} conv_case;

static size_t plain_count(const tensor *t) { return (size_t)t->n * t->c * t->h * t->w; }

/* All three passes at once: each product x*w that y has is visited. */
static void conv_reference(const fv_conv_shape *s, conv_case *k) {
    int oc_group = s->oc / s->groups, ic_group = s->ic / s->groups;
    size_t y_index = 0;
    EACH(&k->y) {
        double sum = 0, dy = *at(&k->dy, n, c, h, w);
        k->db_ref[c] += dy;
        for (int i = 0; i < ic_group; i++)
            for (int kh = 0; kh < s->kernel[0]; kh++)
                for (int kw = 0; kw < s->kernel[1]; kw++) {
                    int ih = h * s->stride[0] - s->pad[0] + kh * s->dilation[0], ic = c / oc_group * ic_group + i;
                    int iw = w * s->stride[1] - s->pad[1] + kw * s->dilation[1];
                    if (ih < 0 || iw < 0 || ih >= s->ih || iw >= s->iw) continue;
                    size_t wi = (((size_t)c * ic_group + i) * s->kernel[0] + kh) * s->kernel[1] + kw;
                    double x = *at(&k->x, n, ic, ih, iw);
                    sum += x * k->w[wi];
                    k->dw_ref[wi] += x * dy;
                    k->dx_ref[(((size_t)n * s->ic + ic) * s->ih + ih) * s->iw + iw] += k->w[wi] * dy;
                }
        k->y_ref[y_index++] = sum;
    }
}

static conv_case conv_case_new(const fv_dnn_conv *what) {
    const fv_conv_shape *s = &what->shape;
    conv_case k = {
        .x = random_tensor(s->n, s->ic, s->ih, s->iw, what->src),
        .dx = garbage_tensor(s->n, s->ic, s->ih, s->iw, what->src),
        .y = garbage_tensor(s->n, s->oc, s->oh, s->ow, what->dst),
        .dy = random_tensor(s->n, s->oc, s->oh, s->ow, what->dst),
        .weights = (size_t)s->oc * (s->ic / s->groups) * s->kernel[0] * s->kernel[1],
    };
    k.w = random_vector(k.weights);
    k.b = random_vector((size_t)s->oc);
    k.y_ref = FV_NEW_N(double, plain_count(&k.y));
    k.dx_ref = FV_NEW_N(double, plain_count(&k.x));
    k.dw_ref = FV_NEW_N(double, k.weights);
    k.db_ref = FV_NEW_N(double, (size_t)s->oc);
    conv_reference(s, &k);
    return k;
}

static void conv_case_free(conv_case *k) {
    tensor_free(&k->x), tensor_free(&k->y), tensor_free(&k->dx), tensor_free(&k->dy);
    fv_free(k->w), fv_free(k->b), fv_free(k->y_ref), fv_free(k->dx_ref), fv_free(k->dw_ref), fv_free(k->db_ref);
}

/* y = post(reference + bias + old y), old y being what y holds (zero unless the post adds). */
static void finish_reference(const fv_dnn_conv *what, conv_case *k) {
    if (what->post.add) {
        tensor_free(&k->y);
        k->y = random_tensor(what->shape.n, what->shape.oc, what->shape.oh, what->shape.ow, what->dst);
    }
    size_t i = 0;
    EACH(&k->y) {
        double sum = k->y_ref[i] + (what->bias ? k->b[c] : 0) + (what->post.add ? *at(&k->y, n, c, h, w) : 0);
        k->y_ref[i++] = post_value(&what->post, sum);
    }
}

static bool conv_forward(const fv_dnn_conv *what, conv_case *k, fv_dnn_pass pass, double tolerance, fv_prim **forward) {
    if (!made(fv_dnn_conv_new(what, pass, NULL, forward), forward)) return false;
    finish_reference(what, k);
    size_t bytes;
    float *w = packed(*forward, k->w, &bytes);
    run(*forward, (fv_prim_args){.src = k->x.data, .weights = w, .bias = k->b, .dst = k->y.data});
    fv_unmap(w, bytes);
    check_tensor(&k->y, k->y_ref, tolerance, "y");
    return true;
}

static bool conv_backward(const fv_dnn_conv *what, conv_case *k, const fv_prim *forward, double tolerance) {
    fv_prim *p;
    if (!made(fv_dnn_conv_new(what, FV_DNN_BACKWARD, forward, &p), &p)) return false;
    size_t bytes;
    float *w = packed(p, k->w, &bytes);
    run(p, (fv_prim_args){.diff_dst = k->dy.data, .weights = w, .diff_src = k->dx.data});
    check_tensor(&k->dx, k->dx_ref, tolerance, "dx");
    fv_unmap(w, bytes);
    fv_prim_free(p);
    return true;
}

static bool conv_backward_weights(const fv_dnn_conv *what, conv_case *k, const fv_prim *forward, double tolerance) {
    fv_prim *p;
    if (!made(fv_dnn_conv_new(what, FV_DNN_BACKWARD_WEIGHTS, forward, &p), &p)) return false;
    size_t bytes = fv_dnn_layout_bytes(fv_prim_weights(p));
    float *dw = fv_map(bytes), *dw_plain = FV_NEW_N(float, k->weights), *db = FV_NEW_N(float, (size_t)what->shape.oc);
    memset(dw, 0xff, bytes);
    run(p, (fv_prim_args){.src = k->x.data, .diff_dst = k->dy.data, .diff_weights = dw, .diff_bias = db});
    unpack_gradient(p, dw, dw_plain);
    check_vector(dw_plain, k->dw_ref, k->weights, tolerance, "dw");
    if (what->bias) check_vector(db, k->db_ref, (size_t)what->shape.oc, tolerance, "db");
    fv_unmap(dw, bytes);
    fv_free(dw_plain), fv_free(db);
    fv_prim_free(p);
    return true;
}

/* How many of the three passes were made (and then right). */
static int try_conv(const fv_dnn_conv *what, double tolerance) {
    conv_case k = conv_case_new(what);
    fv_prim *forward;
    int passes = conv_forward(what, &k, FV_DNN_TRAIN, tolerance, &forward);
    passes += conv_backward(what, &k, forward, tolerance);
    passes += conv_backward_weights(what, &k, forward, tolerance);
    fv_prim_free(forward);
    conv_case_free(&k);
    return passes;
}

/* OH, OW from the rest. */
static fv_conv_shape sized(fv_conv_shape s) {
    int *in[] = {&s.ih, &s.iw}, *out[] = {&s.oh, &s.ow};
    for (int a = 0; a < 2; a++)
        *out[a] = (*in[a] + s.pad[a] + s.pad[2 + a] - s.dilation[a] * (s.kernel[a] - 1) - 1) / s.stride[a] + 1;
    return s;
}

#define SHAPE(n_, ic_, hw, oc_, k, s, d, p, g)                                                                     \
    {                                                                                                              \
        .n = n_, .ic = ic_, .ih = hw, .iw = hw, .oc = oc_, .kernel = {k, k}, .stride = {s, s}, .dilation = {d, d}, \
        .pad = {p, p, p, p}, .groups = g                                                                           \
    }

/* Shapes that networks have, and how many of the passes forward, backward, backward weights must be made with
 * blocks of 16 and of 8. No network's first layer needs the gradient of its input; AVX2 lacks the forward of
 * AlexNet's padded stem and the backward weights of dilated convolutions; groups must be whole blocks. */
static const struct {
    fv_conv_shape shape;
    fv_layout_kind src;
    int passes[2];
} good_convs[] = {
    {SHAPE(2, 3, 30, 64, 7, 2, 1, 3, 1), FV_PLAIN, {2, 2}}, /* the stems */
    {SHAPE(2, 3, 35, 96, 11, 4, 1, 2, 1), FV_PLAIN, {2, 1}},
    {SHAPE(2, 3, 17, 32, 3, 2, 1, 1, 1), FV_PLAIN, {2, 2}},
    {SHAPE(2, 64, 9, 64, 3, 1, 1, 1, 1), FV_BLOCKED, {3, 3}}, /* ResNet */
    {SHAPE(2, 64, 9, 128, 3, 2, 1, 1, 1), FV_BLOCKED, {3, 3}},
    {SHAPE(2, 64, 9, 256, 1, 1, 1, 0, 1), FV_BLOCKED, {3, 3}},
    {SHAPE(2, 64, 9, 128, 1, 2, 1, 0, 1), FV_BLOCKED, {3, 3}},
    {SHAPE(2, 96, 9, 64, 5, 1, 1, 2, 2), FV_BLOCKED, {3, 3}},  /* AlexNet's groups */
    {SHAPE(2, 64, 9, 64, 3, 1, 2, 2, 1), FV_BLOCKED, {3, 2}},  /* dilated */
    {SHAPE(2, 64, 9, 64, 3, 1, 1, 1, 64), FV_BLOCKED, {3, 3}}, /* MobileNet's depthwise */
    {SHAPE(2, 58, 9, 58, 3, 2, 1, 1, 58), FV_BLOCKED, {3, 3}},
    {SHAPE(2, 24, 9, 144, 1, 1, 1, 0, 1), FV_BLOCKED, {3, 3}}, /* channels off 16 */
    {SHAPE(2, 58, 9, 58, 3, 1, 1, 1, 1), FV_BLOCKED, {3, 3}},
};

static void good_convolutions_are_made_and_right(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof good_convs / sizeof *good_convs; i++)
        for (int bias = 0; bias < 2; bias++) {
            fv_dnn_conv what = {.shape = sized(good_convs[i].shape),
                                .src = good_convs[i].src,
                                .dst = FV_BLOCKED,
                                .block = block,
                                .bias = bias};
            int passes = try_conv(&what, 1e-4), needed = good_convs[i].passes[block == 8];
            if (passes < needed) fail_msg("good convolution %zu: %d passes made, %d needed", i, passes, needed);
        }
}

static int pick(int count, const int *from) { return from[fv_random_below(&source, (uint32_t)count)]; }
#define PICK(...) pick((int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)), (int[]){__VA_ARGS__})

/* Mostly what networks have, with a share of everything else. */
static fv_conv_shape random_conv_shape(void) {
    for (;;) {
        int g = PICK(1, 1, 1, 1, 2, 3), ic = g > 1 ? PICK(16, 24, 32) : PICK(1, 3, 6, 16, 24, 32, 58);
        fv_conv_shape s = {.n = PICK(1, 2, 3),
                           .ic = ic * g,
                           .ih = PICK(5, 8, 13),
                           .iw = PICK(5, 9, 12),
                           .oc = PICK(6, 16, 24, 32, 58) * g,
                           .groups = g};
        if (PICK(0, 0, 0, 1)) s.groups = s.ic = s.oc = PICK(6, 16, 24, 32, 58); /* depthwise */
        for (int a = 0; a < 2; a++) {
            s.kernel[a] = a && PICK(0, 0, 1) ? s.kernel[0] : PICK(1, 2, 3, 3, 5);
            s.stride[a] = a && PICK(0, 1, 1, 1) ? s.stride[0] : PICK(1, 2, 3);
            s.dilation[a] = a ? s.dilation[0] : PICK(1, 1, 1, 2);
            s.pad[a] = s.dilation[a] * (s.kernel[a] - 1) / 2;
            s.pad[2 + a] = s.pad[a] + PICK(0, 0, 0, 1);
        }
        s = sized(s);
        if (s.oh >= 1 && s.ow >= 1) return s;
    }
}

static void random_convolutions_are_right_or_refused(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 150; seed++) {
        source = fv_random_stream(seed, 0, 0);
        fv_dnn_conv what = {.shape = random_conv_shape(),
                            .src = PICK(FV_PLAIN, FV_BLOCKED, FV_BLOCKED),
                            .dst = PICK(0, 0, 0, 1) ? FV_PLAIN : FV_BLOCKED,
                            .block = block,
                            .bias = PICK(0, 1),
                            .plain_weights = PICK(0, 0, 1)};
        snprintf(context, sizeof context, "seed %d: ", (int)seed);
        try_conv(&what, 1e-4);
    }
    print_message("random convolutions: %d primitives right, %d refused\n", created, refused);
    assert_true(created > 100);
}

static const fv_dnn_post posts[] = {
    {.function = FV_DNN_RELU},
    {.function = FV_DNN_RELU, .alpha = 0.1f},
    {.add = true},
    {.add = true, .function = FV_DNN_RELU},
    {.function = FV_DNN_CLIP, .alpha = 0, .beta = 6},
    {.function = FV_DNN_SIGMOID},
    {.function = FV_DNN_TANH},
    {.function = FV_DNN_HARD_SWISH},
};

static void post_ops_are_fused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof posts / sizeof *posts; i++)
        for (int ic = 32; ic >= 24; ic -= 8) {
            fv_dnn_conv what = {.shape = sized((fv_conv_shape)SHAPE(2, ic, 7, 58, 3, 1, 1, 1, 1)),
                                .src = FV_BLOCKED,
                                .dst = FV_BLOCKED,
                                .block = block,
                                .bias = true,
                                .post = posts[i]};
            conv_case k = conv_case_new(&what);
            fv_prim *forward;
            assert_true(conv_forward(&what, &k, i % 2 ? FV_DNN_TRAIN : FV_DNN_INFER, 1e-4, &forward));
            fv_prim_free(forward);
            conv_case_free(&k);
        }
}

/* ---- Linear ---- */

static void linear_all_passes(void **state) {
    (void)state;
    static const struct { int n, in, out; } sizes[] = {{1, 120, 64}, {7, 58, 10}, {8, 512, 1000}, {3, 16, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int plain = 0; plain < 2; plain++) {
            int n = sizes[i].n, in = sizes[i].in, out = sizes[i].out;
            fv_dnn_linear what = {
                .n = n, .in = in, .out = out, .bias = true, .plain_weights = plain, .post = {.function = FV_DNN_RELU}};
            /* The 1x1 convolution on 1x1 pixels has the same reference. */
            fv_dnn_conv same = {
                .shape = sized((fv_conv_shape)SHAPE(n, in, 1, out, 1, 1, 1, 0, 1)), .bias = true, .post = what.post};
            conv_case k = conv_case_new(&same);
            finish_reference(&same, &k);
            fv_prim *forward, *backward, *weights;
            assert_true(made(fv_dnn_linear_new(&what, FV_DNN_TRAIN, NULL, &forward), &forward));
            assert_true(made(fv_dnn_linear_new(&what, FV_DNN_BACKWARD, NULL, &backward), &backward));
            assert_true(made(fv_dnn_linear_new(&what, FV_DNN_BACKWARD_WEIGHTS, forward, &weights), &weights));
            assert_true(!plain || fv_dnn_layout_is_plain(fv_prim_weights(forward)));

            size_t bytes;
            float *w = packed(forward, k.w, &bytes);
            run(forward, (fv_prim_args){.src = k.x.data, .weights = w, .bias = k.b, .dst = k.y.data});
            check_tensor(&k.y, k.y_ref, 1e-4, "y");
            fv_unmap(w, bytes);
            w = packed(backward, k.w, &bytes);
            run(backward, (fv_prim_args){.diff_dst = k.dy.data, .weights = w, .diff_src = k.dx.data});
            check_tensor(&k.dx, k.dx_ref, 1e-4, "dx");
            fv_unmap(w, bytes);
            bytes = fv_dnn_layout_bytes(fv_prim_weights(weights));
            float *dw = fv_map(bytes), *dw_plain = FV_NEW_N(float, k.weights), *db = FV_NEW_N(float, (size_t)out);
            run(weights, (fv_prim_args){.src = k.x.data, .diff_dst = k.dy.data, .diff_weights = dw, .diff_bias = db});
            unpack_gradient(weights, dw, dw_plain);
            check_vector(dw_plain, k.dw_ref, k.weights, 1e-4, "dw");
            check_vector(db, k.db_ref, (size_t)out, 1e-4, "db");
            fv_unmap(dw, bytes);
            fv_free(dw_plain), fv_free(db);
            fv_prim_free(forward), fv_prim_free(backward), fv_prim_free(weights);
            conv_case_free(&k);
        }
}

/* ---- Pooling ---- */

/* One window: its value, and its gradient spread over dx. */
static double pool_window(const fv_dnn_pool *what, const tensor *x, int n, int c, int h, int w, double dy, double *dx) {
    const fv_pool_shape *s = &what->shape;
    double sum = 0, best = -INFINITY;
    int inside = 0, best_at = -1;
    int cells[64];
    for (int kh = 0; kh < s->kernel[0]; kh++)
        for (int kw = 0; kw < s->kernel[1]; kw++) {
            int ih = h * s->stride[0] - s->pad[0] + kh * s->dilation[0];
            int iw = w * s->stride[1] - s->pad[1] + kw * s->dilation[1];
            if (ih < 0 || iw < 0 || ih >= s->ih || iw >= s->iw) continue;
            double value = *at(x, n, c, ih, iw);
            cells[inside++] = ih * s->iw + iw;
            sum += value;
            if (value > best) best = value, best_at = ih * s->iw + iw;
        }
    if (!what->average) {
        dx[best_at] += dy;
        return best;
    }
    double divisor = s->count_include_pad ? s->kernel[0] * s->kernel[1] : inside;
    for (int i = 0; i < inside; i++) dx[cells[i]] += dy / divisor;
    return sum / divisor;
}

static bool try_pool(const fv_dnn_pool *what) {
    const fv_pool_shape *s = &what->shape;
    fv_prim *forward, *backward, *infer;
    if (!made(fv_dnn_pool_new(what, FV_DNN_TRAIN, NULL, &forward), &forward)) return false;
    if (!made(fv_dnn_pool_new(what, FV_DNN_BACKWARD, forward, &backward), &backward))
        return fv_prim_free(forward), false;
    assert_true(made(fv_dnn_pool_new(what, FV_DNN_INFER, NULL, &infer), &infer));
    tensor x = random_tensor(s->n, s->c, s->ih, s->iw, what->layout),
           dy = random_tensor(s->n, s->c, s->oh, s->ow, what->layout);
    tensor y = garbage_tensor(s->n, s->c, s->oh, s->ow, what->layout),
           dx = garbage_tensor(s->n, s->c, s->ih, s->iw, what->layout);
    EACH(&x) * at(&x, n, c, h, w) = floorf(*at(&x, n, c, h, w) * 2); /* -2, -1, 0, 1: ties in most windows */
    double *y_ref = FV_NEW_N(double, plain_count(&y)), *dx_ref = FV_NEW_N(double, plain_count(&x));
    size_t i = 0;
    EACH(&y) {
        double *plane = dx_ref + ((size_t)n * s->c + c) * s->ih * s->iw;
        y_ref[i++] = pool_window(what, &x, n, c, h, w, *at(&dy, n, c, h, w), plane);
    }
    size_t bytes = fv_prim_workspace(forward);
    void *workspace = fv_map(bytes);
    run(infer, (fv_prim_args){.src = x.data, .dst = y.data});
    check_tensor(&y, y_ref, 1e-5, "pooled (inference)");
    memset(y.data, 0xff, y.count * sizeof(float));
    run(forward, (fv_prim_args){.src = x.data, .dst = y.data, .workspace = workspace});
    check_tensor(&y, y_ref, 1e-5, "pooled");
    run(backward, (fv_prim_args){.diff_dst = dy.data, .diff_src = dx.data, .workspace = workspace});
    check_tensor(&dx, dx_ref, 1e-5, "dx");
    fv_unmap(workspace, bytes);
    fv_free(y_ref), fv_free(dx_ref);
    tensor_free(&x), tensor_free(&y), tensor_free(&dx), tensor_free(&dy);
    fv_prim_free(forward), fv_prim_free(backward), fv_prim_free(infer);
    return true;
}

static void pooling_all_passes(void **state) {
    (void)state;
    /* kernel, stride, pad, size in, size out (ceil_mode where one more than floor), include padding */
    static const struct {
        int k, s, p, in, out;
        bool include;
    } sizes[] = {
        {2, 2, 0, 8, 4, false}, {3, 2, 1, 9, 5, false}, {3, 2, 1, 9, 5, true}, {3, 2, 0, 8, 4, false},
        {3, 1, 1, 7, 7, false}, {7, 1, 0, 7, 1, false}, {3, 2, 0, 8, 4, true},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int variant = 0; variant < 8; variant++) {
            int k = sizes[i].k, s = sizes[i].s, p = sizes[i].p, in = sizes[i].in, out = sizes[i].out;
            fv_dnn_pool what = {
                .shape = {.n = 2,
                          .c = variant & 4 ? 58 : 64,
                          .ih = in,
                          .iw = in,
                          .oh = out,
                          .ow = out,
                          .kernel = {k, k},
                          .stride = {s, s},
                          .dilation = {1, 1},
                          .pad = {p, p, p, p},
                          .count_include_pad = sizes[i].include},
                .average = variant & 1,
                .layout = variant & 2 ? FV_BLOCKED : FV_PLAIN,
                .block = block,
            };
            bool hangs_over = (in + 2 * p - k) / s + 1 < out;
            bool refusable = what.average && sizes[i].include && hangs_over;
            assert_int_equal(try_pool(&what), !refusable);
        }
}

/* ---- Copies ---- */

static void relayout_keeps_values_and_clears_lanes(void **state) {
    (void)state;
    static const int channels[] = {3, 6, 24, 58, 64};
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        for (int to = FV_PLAIN; to <= FV_BLOCKED; to++) {
            fv_layout_kind from = to == FV_PLAIN ? FV_BLOCKED : FV_PLAIN;
            fv_dnn_relayout what = {2, channels[i], 5, 7, from, (fv_layout_kind)to, block};
            fv_prim *p;
            assert_true(made(fv_dnn_relayout_new(&what, &p), &p));
            tensor x = random_tensor(2, what.c, 5, 7, from), y = garbage_tensor(2, what.c, 5, 7, what.to);
            double *want = FV_NEW_N(double, plain_count(&x));
            size_t j = 0;
            EACH(&x) want[j++] = *at(&x, n, c, h, w);
            run(p, (fv_prim_args){.src = x.data, .dst = y.data});
            check_tensor(&y, want, 0, "copy");
            fv_free(want);
            tensor_free(&x), tensor_free(&y);
            fv_prim_free(p);
        }
}

/* ---- Layouts of parameters, errors ---- */

static fv_prim *grouped_conv(const fv_dnn_layout *weights) {
    fv_dnn_conv what = {.shape = sized((fv_conv_shape)SHAPE(1, 64, 6, 96, 3, 1, 1, 1, 2)),
                        .src = FV_BLOCKED,
                        .dst = FV_BLOCKED,
                        .block = block,
                        .weights = weights};
    fv_prim *p;
    assert_true(made(fv_dnn_conv_new(&what, FV_DNN_TRAIN, NULL, &p), &p));
    return p;
}

static void layouts_travel(void **state) {
    (void)state;
    fv_prim *p = grouped_conv(NULL);
    fv_dnn_layout *layout = fv_dnn_layout_copy(fv_prim_weights(p));
    fv_prim_free(p);
    p = grouped_conv(layout);
    assert_true(fv_dnn_layout_equal(layout, fv_prim_weights(p)));
    assert_false(fv_dnn_layout_is_plain(layout));

    size_t count = 96 * 32 * 9, bytes = fv_dnn_layout_bytes(layout);
    assert_true(bytes >= count * sizeof(float));
    float *plain = random_vector(count), *there = fv_map(bytes), *again = fv_map(bytes), *back = FV_NEW_N(float, count);
    assert_int_equal(fv_dnn_reorder(NULL, plain, layout, there), FV_OK);
    assert_int_equal(fv_dnn_reorder(layout, there, fv_prim_weights(p), again), FV_OK);
    assert_int_equal(fv_dnn_reorder(layout, again, NULL, back), FV_OK);
    assert_memory_equal(plain, back, count * sizeof(float));
    assert_memory_not_equal(plain, there, count * sizeof(float));
    fv_unmap(there, bytes), fv_unmap(again, bytes);
    fv_free(plain), fv_free(back);
    fv_dnn_layout_free(layout);
    fv_prim_free(p);
}

static void misuse_is_an_error(void **state) {
    (void)state;
    fv_dnn_conv what = {.shape = sized((fv_conv_shape)SHAPE(1, 16, 6, 16, 3, 1, 1, 1, 1)),
                        .src = FV_BLOCKED,
                        .dst = FV_BLOCKED,
                        .block = 5};
    fv_prim *p;
    assert_int_equal(fv_dnn_conv_new(&what, FV_DNN_INFER, NULL, &p), FV_BAD_ARGUMENT);
    assert_null(p);
    assert_string_equal(fv_error(), "oneDNN refused convolution [1,16,6,6]*[16,16,3,3]: invalid_arguments");
    what.block = block;
    what.shape.oh = 3;
    assert_int_equal(fv_dnn_conv_new(&what, FV_DNN_INFER, NULL, &p), FV_BAD_ARGUMENT);
    p = grouped_conv(NULL);
    assert_int_equal(fv_prim_run(p, &(fv_prim_args){.src = &what}), FV_BAD_ARGUMENT);
    assert_string_equal(fv_error(), "convolution [1,64,6,6]*[96,32,3,3]: weights is missing");
    fv_prim_free(p);
    assert_int_equal(fv_dnn_reorder_new(NULL, NULL, &p), FV_BAD_ARGUMENT);
    assert_int_equal(fv_dnn_max_isa("mmx"), FV_BAD_ARGUMENT);
    assert_int_equal(fv_dnn_max_isa("sse41"), FV_UNSUPPORTED); /* too late */
}

static void failed_allocations_leave_nothing(void **state) {
    (void)state;
    for (long nth = 0;; nth++) {
        fv_dnn_conv what = {.shape = sized((fv_conv_shape)SHAPE(1, 16, 6, 16, 3, 1, 1, 1, 1)),
                            .src = FV_BLOCKED,
                            .dst = FV_BLOCKED,
                            .block = block};
        fv_prim *p;
        fv_memory_fail_after(nth);
        fv_status status = fv_dnn_conv_new(&what, FV_DNN_INFER, NULL, &p);
        fv_memory_fail_after(-1);
        if (status == FV_OK) {
            assert_true(nth > 2);
            fv_prim_free(p);
            return;
        }
        assert_int_equal(status, FV_NO_MEMORY);
        assert_null(p);
    }
}

/* ---- Threads, and the cache ---- */

enum { THREADS = 4, ROUNDS = 200, PIXELS = 64 };

/* Each thread has its own primitive on the one engine and stream. Returns NULL if all went well. */
static void *worker(void *argument) {
    float offset = (float)*(int *)argument;
    float x[PIXELS], y[PIXELS];
    fv_dnn_relayout what = {1, 8, 2, 4, FV_PLAIN, FV_BLOCKED, 8};
    for (int round = 0; round < ROUNDS; round++) {
        fv_prim *p;
        for (int i = 0; i < PIXELS; i++) x[i] = offset + (float)(i + round);
        if (fv_dnn_relayout_new(&what, &p) != FV_OK || !p) return argument;
        if (fv_prim_scratch(p) || fv_prim_run(p, &(fv_prim_args){.src = x, .dst = y}) != FV_OK) return argument;
        fv_prim_free(p);
        for (int i = 0; i < PIXELS; i++)
            if (y[i] != x[i % 8 * 8 + i / 8]) return argument;
    }
    return NULL;
}

static void threads_share_the_engine(void **state) {
    (void)state;
    pthread_t threads[THREADS];
    int numbers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i * 1000;
        assert_int_equal(pthread_create(&threads[i], NULL, worker, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_null(result);
    }
}

/* ---- The build without oneDNN ---- */

static void everything_is_refused(void **state) {
    (void)state;
    fv_prim *p = (fv_prim *)&p;
    assert_int_equal(fv_dnn_relayout_new(&(fv_dnn_relayout){1, 8, 2, 4, FV_PLAIN, FV_BLOCKED, 8}, &p), FV_OK);
    assert_null(p);
    assert_int_equal(fv_dnn_reorder(NULL, NULL, NULL, NULL), FV_UNSUPPORTED);
}

static int reseed(void **state) {
    (void)state;
    source = fv_random_stream(7, 0, 0);
    created = refused = 0;
    context[0] = 0;
    return 0;
}

/* This program anew, in place of this process: oneDNN's cap and OpenMP's settings hold for a whole one. */
static int again(const char *isa) {
    fflush(stdout);
    execl("/proc/self/exe", "test_dnn", isa, (char *)NULL);
    return 1;
}

int main(int argc, char **argv) {
    const struct CMUnitTest none[] = {cmocka_unit_test(everything_is_refused)};
    if (strcmp(fv_dnn_version(), "no oneDNN") == 0) return cmocka_run_group_tests_name("kernels/dnn", none, NULL, NULL);

    if (argc == 1) {
        setenv("OMP_WAIT_POLICY", "passive", 0); /* spinning threads stall on a busy machine */
        return again(fv_block() == 16 ? "avx512" : "avx2");
    }
    if (fv_dnn_max_isa(argv[1]) != FV_OK) return fprintf(stderr, "%s\n", fv_error()), 1;
    if (strcmp(argv[1], "avx512") == 0) block = 16;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(good_convolutions_are_made_and_right, reseed),
        cmocka_unit_test_setup(random_convolutions_are_right_or_refused, reseed),
        cmocka_unit_test_setup(post_ops_are_fused, reseed),
        cmocka_unit_test_setup(linear_all_passes, reseed),
        cmocka_unit_test_setup(pooling_all_passes, reseed),
        cmocka_unit_test_setup(relayout_keeps_values_and_clears_lanes, reseed),
        cmocka_unit_test_setup(layouts_travel, reseed),
        cmocka_unit_test_setup(misuse_is_an_error, reseed),
        cmocka_unit_test_setup(failed_allocations_leave_nothing, reseed),
        cmocka_unit_test_setup(threads_share_the_engine, reseed),
    };
    int failed = cmocka_run_group_tests_name("kernels/dnn", tests, NULL, NULL);
    return failed || block == 8 ? failed : again("avx2");
}
