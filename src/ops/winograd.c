/* Convolution by Winograd's method on own kernels (kernels/winograd.h): 5x5 and 3x3, forward and backward, on every ISA. The kind of
 * tile is the cheapest for the shape. Threads share the transform of the weights, then the tiles; for the weights' gradient they
 * share a block's tiles, then its points, so that each sum is one thread's and the same for any number of them.
 *
 * The relative L2 error against double is at most 9e-6 (F(4x4,3x3): 2e-6) on sums of up to 512 channels; a
 * test holds it below 2e-5 (tests/kernels/test_winograd.c). */
#include "core/memory.h"
#include "kernels/cpu.h"
#include "ops/conv2d.h"
#include "ops/cost.h"
#include "ops/fused.h"
#include "ops/rooms.h"

#include <limits.h>

static const fv_conv2d_node_args *args_of(const fv_node *node) { return node->args; }

/* ---- Which convolution, by which tile -------------------------------------------------------------------------------- */

/* What a node computes as a convolution; dx is one of dy. */
static fv_conv_shape shape_of(const fv_node *node) {
    fv_conv_shape s = fv_conv2d_shape(node);
    if (node->op != &fv_conv2d_backward_data_op) return s;
    fv_conv_shape back = s;
    back.ic = s.oc, back.ih = s.oh, back.iw = s.ow;
    back.oc = s.ic, back.oh = s.ih, back.ow = s.iw;
    for (int i = 0; i < 4; i++) back.pad[i] = s.kernel[i % 2] - 1 - s.pad[i];
    return back;
}

static bool suits(const fv_conv_shape *s, int taps) {
    bool plain = s->stride[0] == 1 && s->stride[1] == 1 && s->dilation[0] == 1 && s->dilation[1] == 1 && s->groups == 1;
    size_t pixels = (size_t)s->n * (size_t)s->oh * (size_t)s->ow; /* no more than can be counted */
    return plain && s->kernel[0] == taps && s->kernel[1] == taps && pixels <= INT_MAX;
}

static size_t tiles_of(const fv_conv_shape *s, const fv_winograd_tile *t) {
    int down = (s->oh + t->outputs - 1) / t->outputs, across = (s->ow + t->outputs - 1) / t->outputs;
    return (size_t)s->n * (size_t)down * (size_t)across;
}

/* Its products, what they read and write, and the weights' transform, which takes as long as writing them twice more. */
static double cost_by(const fv_conv_shape *s, const fv_winograd_tile *t, int threads) {
    size_t points = (size_t)(t->points * t->points), tiles = tiles_of(s, t);
    size_t weights = (size_t)s->ic * (size_t)s->oc, maps = tiles * (size_t)(s->ic + s->oc);
    double moved = 2.0 * sizeof(float) * (double)points * (double)(2 * weights + maps);
    return fv_cost_dnn(points * tiles * weights, s->ic < s->oc ? s->ic : s->oc, threads) +
           fv_cost_bytes(moved) / threads;
}

/* The cheapest tile that suits; -1: none does. */
static int choose(const fv_conv_shape *s, int threads, double *cost) {
    int best = -1;
    *cost = FV_NEVER;
    for (int i = 0; i < fv_winograd_kinds(); i++) {
        fv_winograd_tile t = fv_winograd_tile_of(i);
        double now = suits(s, t.taps) ? cost_by(s, &t, threads) : FV_NEVER;
        if (now < *cost) *cost = now, best = i;
    }
    return best;
}

double fv_winograd_cost(const fv_node *node, int threads) {
    fv_conv_shape s = shape_of(node);
    double cost;
    choose(&s, threads, &cost);
    return cost;
}

size_t fv_winograd_least(const fv_conv_shape *shape, size_t direct) {
    size_t least = direct;
    for (int i = 0; i < fv_winograd_kinds(); i++) {
        fv_winograd_tile t = fv_winograd_tile_of(i);
        size_t points = (size_t)(t.points * t.points), weights = (size_t)shape->ic * (size_t)shape->oc;
        size_t products = suits(shape, t.taps) ? points * tiles_of(shape, &t) * weights : direct;
        if (products < least) least = products;
    }
    return least;
}

/* ---- Steps ----------------------------------------------------------------------------------------------------------- */

/* What plan() makes of it. */
static fv_winograd *prepare(fv_step *step) {
    fv_conv_shape s = shape_of(step->node);
    double cost;
    int kind = choose(&s, step->threads, &cost);
    step->refused = kind < 0;
    if (step->refused) return NULL;
    fv_winograd *k = FV_NEW(fv_winograd);
    if (!k) return NULL;
    fv_simd_pick()->winograd2d_plan(&s, fv_block(), kind, step->node->op == &fv_conv2d_backward_weights_op, k);
    step->state = k;
    step->free_state = fv_free;
    step->detail = k->tile.name;
    return k;
}

static size_t bytes_of(size_t floats) { return (floats * sizeof(float) + 63) / 64 * 64; }

/* Scratch holds U; each thread's own V and M. */
fv_status fv_winograd_plan(fv_step *step) {
    const fv_simd *simd = fv_simd_pick();
    const fv_conv2d_node_args *args = args_of(step->node);
    step->refused = args->activation != FV_ACTIVATION_NONE && !fv_activation_simd((fv_activation)args->activation);
    const fv_winograd *k = step->refused ? NULL : prepare(step);
    if (!k) return step->refused ? FV_OK : fv_last_status();
    step->scratch_bytes = bytes_of(simd->winograd2d_weights_floats(k));
    step->own_scratch_bytes = bytes_of(simd->winograd2d_tiles_floats(k));
    if (args->has_skip && !step->node->forward) step->overwrites = step->node->n_in;
    return FV_OK;
}

/* Scratch holds U, and the V and M of a block. */
fv_status fv_winograd_plan_weights(fv_step *step) {
    const fv_simd *simd = fv_simd_pick();
    const fv_winograd *k = prepare(step);
    if (!k) return step->refused ? FV_OK : fv_last_status();
    step->scratch_bytes = bytes_of(simd->winograd2d_weights_floats(k)) + bytes_of(simd->winograd2d_tiles_floats(k));
    return FV_OK;
}

typedef struct job {
    const float *w, *bias, *skip;
    size_t out, in; /* floats in w from one output channel to the next, and input channel */
    bool turned;
    void (*activate)(size_t count, const float *x, float *y);
} job;

static void convolve(const fv_step *step, const job *j, int thread, int nthreads) {
    const fv_simd *simd = fv_simd_pick();
    const fv_winograd *k = step->state;
    float *own = (float *)step->own_scratch + step->own_scratch_stride / sizeof(float) * (size_t)thread;
    int begin, end;
    fv_share(k->shape.ic, thread, nthreads, &begin, &end);
    simd->winograd2d_weights(k, begin, end, j->w, j->out, j->in, j->turned, step->scratch);
    fv_team_barrier(step->env->team);
    fv_share(k->tiles, thread, nthreads, &begin, &end);
    simd->winograd2d_forward(k, begin, end, step->in[0], step->scratch, j->bias, j->skip, step->out[0], j->activate,
                             own);
}

void fv_winograd_run(const fv_step *step, int thread, int nthreads) {
    const fv_conv2d_node_args *args = args_of(step->node);
    const fv_winograd *k = step->state;
    size_t taps = (size_t)(k->tile.taps * k->tile.taps);
    convolve(step,
             &(job){.w = step->in[1],
                    .bias = args->has_bias ? step->in[2] : NULL,
                    .skip = args->has_skip ? step->in[step->node->n_in - 1] : NULL,
                    .out = taps * (size_t)k->shape.ic,
                    .in = taps,
                    .activate = fv_activation_simd((fv_activation)args->activation)},
             thread, nthreads);
}

void fv_winograd_run_data(const fv_step *step, int thread, int nthreads) {
    const fv_winograd *k = step->state;
    size_t taps = (size_t)(k->tile.taps * k->tile.taps);
    convolve(step, &(job){.w = step->in[1], .out = taps, .in = taps * (size_t)k->shape.oc, .turned = true}, thread,
             nthreads);
}

void fv_winograd_run_weights(const fv_step *step, int thread, int nthreads) {
    const fv_simd *simd = fv_simd_pick();
    const fv_winograd *k = step->state;
    float *u = step->scratch, *rest = u + bytes_of(simd->winograd2d_weights_floats(k)) / sizeof(float);
    int begin, end;
    for (int first = 0; first < k->tiles; first += k->block) {
        fv_share(k->tiles - first < k->block ? k->tiles - first : k->block, thread, nthreads, &begin, &end);
        simd->winograd2d_spread(k, first, first + begin, first + end, step->in[0], step->in[1], rest);
        fv_team_barrier(step->env->team);
        fv_share(simd->winograd2d_parts(k), thread, nthreads, &begin, &end);
        simd->winograd2d_multiply(k, first, begin, end, rest, u);
        fv_team_barrier(step->env->team);
    }
    fv_share(k->shape.ic, thread, nthreads, &begin, &end);
    simd->winograd2d_weights_back(k, begin, end, u, step->out[0]);
    if (!args_of(step->node)->has_bias) return;
    fv_share((k->shape.oc + k->lanes - 1) / k->lanes, thread, nthreads, &begin, &end);
    simd->winograd2d_bias(k, begin, end, step->in[1], step->out[1]);
}
