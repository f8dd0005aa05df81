/* How fast the batch-innermost kernels are on LeNet's shapes: GFLOP/s on one core, and the part that is of what
 * multiply-adds between registers reach here. `kernels [ISA...]` (default: all this CPU has). */
#include "core/clock.h"
#include "core/memory.h"
#include "kernels/cpu.h"
#include "kernels/peak.h"

#include <stdio.h>
#include <string.h>

enum { IMAGES = 32, RUNS = 100 }; /* a batch of 64 on two threads; short runs, of which the best counts */

/* One layer of the book's LeNet. */
static const struct layer {
    const char *name;
    fv_conv_shape s;
    bool pool, first;
} layers[] = {
#define GEOMETRY(ic, in, oc, k) \
    { IMAGES, ic, in, in, oc, in - k + 1, in - k + 1, {k, k}, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1 }
    {"conv1 1->6 5x5", GEOMETRY(1, 28, 6, 5), true, true},
    {"conv2 6->16 5x5", GEOMETRY(6, 12, 16, 5), true, false},
    {"conv3 16->120 4x4", GEOMETRY(16, 4, 120, 4), false, false},
    {"fc1 120->64", GEOMETRY(120, 1, 64, 1), false, false},
    {"fc2 64->10", GEOMETRY(64, 1, 10, 1), false, false},
};

typedef struct buffers {
    float *x, *y, *w, *bias, *dy, *dx, *dw, *dbias;
    uint16_t *index;
    void *scratch;
} buffers;

typedef void pass(const fv_simd *k, const fv_conv_shape *s, const buffers *b);

static void forward(const fv_simd *k, const fv_conv_shape *s, const buffers *b) {
    k->conv_forward(s, 0, fv_groups(s->n), b->x, b->w, b->bias, b->y, b->scratch);
}
static void backward_data(const fv_simd *k, const fv_conv_shape *s, const buffers *b) {
    k->conv_backward_data(s, 0, fv_groups(s->n), b->dy, b->w, b->dx, b->scratch);
}
static void backward_weights(const fv_simd *k, const fv_conv_shape *s, const buffers *b) {
    k->conv_backward_weights(s, 0, fv_groups(s->n), b->x, b->dy, b->dw, b->dbias, b->scratch);
}
static void pool_forward(const fv_simd *k, const fv_conv_shape *s, const buffers *b) {
    k->conv_pool_forward(s, 0, fv_groups(s->n), b->x, b->w, b->bias, b->y, b->index, b->scratch);
}
static void pool_backward_data(const fv_simd *k, const fv_conv_shape *s, const buffers *b) {
    k->conv_pool_backward_data(s, 0, fv_groups(s->n), b->dy, b->index, b->w, b->dx, b->scratch);
}
static void pool_backward_weights(const fv_simd *k, const fv_conv_shape *s, const buffers *b) {
    k->conv_pool_backward_weights(s, 0, fv_groups(s->n), b->x, b->dy, b->index, b->dw, b->dbias, b->scratch);
}

/* What a training step runs (in_step: fused where it can be), and what it does not. */
static const struct {
    const char *name;
    pass *run;
    bool data, fused;
} passes[] = {
    {"forward", forward, false, false},
    {"backward data", backward_data, true, false},
    {"backward weights", backward_weights, false, false},
    {"+ pool forward", pool_forward, false, true},
    {"+ pool backward data", pool_backward_data, true, true},
    {"+ pool backward weights", pool_backward_weights, false, true},
};

/* What one core reaches, in GFLOP/s, by the best instructions it has, whichever are measured; 0 if unknown. */
static double measured_peak(void) {
    fv_team *one = fv_team_new(1);
    fv_peak peak = {0};
    if (!one || fv_peak_measure(one, &peak) != FV_OK) fprintf(stderr, "%s\n", fv_error());
    fv_team_free(one);
    return 1e-9 * peak.flops;
}

/* The shortest of many runs, each just long enough to time: other work on the machine spoils the rest. */
static double seconds_of(pass *run, const fv_simd *k, const fv_conv_shape *s, const buffers *b) {
    double best = 1e9;
    for (int i = 0; i < RUNS; i++) {
        int times = 0;
        double start = fv_seconds(), spent;
        do run(k, s, b), times++;
        while ((spent = fv_seconds() - start) < 0.001);
        if (spent / times < best) best = spent / times;
    }
    return best;
}

static float *filled(size_t count) {
    float *v = fv_map(count * sizeof *v);
    fv_random r = fv_random_stream(1, count, 0);
    for (size_t i = 0; v && i < count; i++) v[i] = fv_random_float(&r) - 0.5f;
    return v;
}

static bool make_buffers(const fv_simd *k, const fv_conv_shape *s, buffers *b) {
    size_t in = (size_t)(IMAGES * s->ic * s->ih * s->iw), out = (size_t)(IMAGES * s->oc * s->oh * s->ow);
    size_t weights = (size_t)(s->oc * s->ic * s->kernel[0] * s->kernel[1]), oc = (size_t)s->oc;
    *b = (buffers){filled(in),
                   filled(out),
                   filled(weights),
                   filled(oc),
                   filled(out),
                   filled(in),
                   filled(weights),
                   filled(oc),
                   fv_map(out * sizeof(uint16_t)),
                   fv_map(k->conv_pool_scratch(s) + 1)};
    if (!b->x || !b->y || !b->w || !b->bias || !b->dy || !b->dx || !b->dw || !b->dbias || !b->index || !b->scratch)
        return false;
    fv_random r = fv_random_stream(2, 0, 0);
    for (size_t i = 0; i < out; i++) b->index[i] = (uint16_t)fv_random_below(&r, 4);
    return true;
}

static void release(const fv_simd *k, const fv_conv_shape *s, const buffers *b) {
    size_t in = (size_t)(IMAGES * s->ic * s->ih * s->iw), out = (size_t)(IMAGES * s->oc * s->oh * s->ow);
    size_t weights = (size_t)(s->oc * s->ic * s->kernel[0] * s->kernel[1]), oc = (size_t)s->oc;
    float *const all[] = {b->x, b->y, b->w, b->bias, b->dy, b->dx, b->dw, b->dbias};
    const size_t counts[] = {in, out, weights, oc, out, in, weights, oc};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) fv_unmap(all[i], counts[i] * sizeof(float));
    fv_unmap(b->index, out * sizeof(uint16_t));
    fv_unmap(b->scratch, k->conv_pool_scratch(s) + 1);
}

/* Prints a layer's passes; returns the seconds of those that a training step runs. */
static double measure(const fv_simd *k, const struct layer *l, double peak) {
    const fv_conv_shape *s = &l->s;
    buffers b;
    if (!make_buffers(k, s, &b)) {
        fprintf(stderr, "%s\n", fv_error());
        return 0;
    }
    double gflop = 2e-9 * IMAGES * s->oc * s->oh * s->ow * s->ic * s->kernel[0] * s->kernel[1], step = 0;
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
        if ((passes[i].fused && !l->pool) || (passes[i].data && l->first)) continue;
        double seconds = seconds_of(passes[i].run, k, s, &b);
        printf("%-8s %-18s %-24s %8.1f us %7.1f GFLOP/s %5.0f %%\n", k->name, l->name, passes[i].name, seconds * 1e6,
               gflop / seconds, 100 * gflop / seconds / peak);
        if (passes[i].fused == l->pool) step += seconds;
    }
    release(k, s, &b);
    return step;
}

int main(int argc, char **argv) {
    static const char *const isas[] = {"generic", "avx2", "avx512"};
    double peak = measured_peak();
    printf("peak of one core: %.1f GFLOP/s; times are for %d images\n", peak, IMAGES);
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++) {
        bool wanted = argc < 2;
        for (int a = 1; a < argc; a++) wanted |= strcmp(argv[a], isas[i]) == 0;
        const fv_simd *k = fv_simd_named(isas[i]);
        if (!wanted || !k) continue;
        double step = 0;
        for (size_t l = 0; l < sizeof layers / sizeof *layers; l++) step += measure(k, &layers[l], peak);
        printf("%-8s all of a step: %.1f us; an epoch of 60,000 on two such cores: %.3f s\n", k->name, step * 1e6,
               step * 60000 / IMAGES / 2);
    }
    return 0;
}
