/* Convolution by Winograd's method on own kernels (kernels/winograd.h): 5x5 and 3x3, forward and backward, on every ISA. The kind of
 * tile is the cheapest for the shape. Constant weights are transformed by the plan's prologue; others in each run, which the threads share
 * before they share the tiles, or each block's tiles and then its channels. For the weights' gradient each has output
 * channels of its own, or they share a block's tiles, then its points. So each sum is one thread's, and the same for any number of them.
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

/* Its products and what they read and write. Weights are transformed in each run, which takes as long as writing them twice more;
 * where they are constants, they only come from memory, once for each block that threads share. */
static double cost_by(const fv_conv_shape *s, int kind, bool constant, int threads) {
    fv_winograd k;
    fv_simd_pick()->winograd2d_plan(s, fv_block(), kind, false, threads, &k);
    size_t points = (size_t)(k.tile.points * k.tile.points), tiles = (size_t)k.tiles;
    size_t weights = (size_t)s->ic * (size_t)s->oc, maps = tiles * (size_t)(s->ic + s->oc);
    int reads = k.together ? (k.tiles + k.block - 1) / k.block : 1;
    double moved = 2 * sizeof(float) * (double)points * (double)(maps + (constant ? 0 : 2 * weights));
    double read = constant ? sizeof(float) * (double)(points * weights) * reads : 0;
    return fv_cost_dnn(points * tiles * weights, s->ic < s->oc ? s->ic : s->oc, threads) +
           fv_cost_bytes(moved) / threads + fv_cost_bytes(read);
}

/* The cheapest tile that suits; -1: none does. */
static int choose(const fv_node *node, const fv_conv_shape *s, int threads, double *cost) {
    const bool constant = !node->forward && fv_is_constant(node->in[1]);
    int best = -1;
    *cost = FV_NEVER;
    for (int i = 0; i < fv_winograd_kinds(); i++) {
        double now = suits(s, fv_winograd_tile_of(i).taps) ? cost_by(s, i, constant, threads) : FV_NEVER;
        if (now < *cost) *cost = now, best = i;
    }
    return best;
}

double fv_winograd_cost(const fv_node *node, int threads) {
    fv_conv_shape s = shape_of(node);
    double cost;
    choose(node, &s, threads, &cost);
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

const char *fv_winograd_variant(const fv_kernel *kernel, int index) {
    bool known = kernel->cost == fv_winograd_cost && index < fv_winograd_kinds();
    return known ? fv_winograd_tile_of(index).name : NULL;
}

/* ---- Steps ----------------------------------------------------------------------------------------------------------- */

/* What plan() makes of it. */
static fv_winograd *prepare(fv_step *step) {
    fv_conv_shape s = shape_of(step->node);
    double cost;
    int kind = step->variant ? step->variant - 1 : choose(step->node, &s, step->threads, &cost);
    step->refused = kind < 0 || !suits(&s, fv_winograd_tile_of(kind).taps);
    if (step->refused) return NULL;
    fv_winograd *k = FV_NEW(fv_winograd);
    if (!k) return NULL;
    bool gradient = step->node->op == &fv_conv2d_backward_weights_op;
    fv_simd_pick()->winograd2d_plan(&s, fv_block(), kind, gradient, step->threads, k);
    step->state = k;
    step->free_state = fv_free;
    step->detail = k->tile.name;
    return k;
}

static size_t bytes_of(size_t floats) { return (floats * sizeof(float) + 63) / 64 * 64; }
static float *behind(float *start, size_t floats) { return start + bytes_of(floats) / sizeof(float); }
static size_t weights_floats(const fv_winograd *k) { return fv_simd_pick()->winograd2d_weights_floats(k); }
static size_t inputs_floats(const fv_winograd *k) { return fv_simd_pick()->winograd2d_inputs_floats(k); }
static size_t products_floats(const fv_winograd *k) { return fv_simd_pick()->winograd2d_products_floats(k); }

/* Scratch holds U, where it is no input, and V, where threads share it. Each thread's own holds the rest: V, M. */
fv_status fv_winograd_plan(fv_step *step) {
    const fv_conv2d_node_args *args = args_of(step->node);
    step->refused = args->activation != FV_ACTIVATION_NONE && !fv_activation_simd((fv_activation)args->activation);
    const fv_winograd *k = step->refused ? NULL : prepare(step);
    if (!k) return step->refused ? FV_OK : fv_last_status();
    if (!step->node->forward && fv_is_constant(step->node->in[1]))
        step->in_layout[1] = (fv_layout){.kind = FV_WINOGRAD, .tiles = k};
    else
        step->scratch_bytes = bytes_of(weights_floats(k));
    *(k->together ? &step->scratch_bytes : &step->own_scratch_bytes) += bytes_of(inputs_floats(k));
    step->own_scratch_bytes += bytes_of(products_floats(k));
    if (args->has_skip && !step->node->forward) step->overwrites = step->node->n_in;
    return FV_OK;
}

/* Scratch holds U, and where threads share a block its V and M; otherwise each thread has its own. */
fv_status fv_winograd_plan_weights(fv_step *step) {
    const fv_winograd *k = prepare(step);
    if (!k) return step->refused ? FV_OK : fv_last_status();
    step->scratch_bytes = bytes_of(weights_floats(k));
    *(k->together ? &step->scratch_bytes : &step->own_scratch_bytes) +=
        bytes_of(inputs_floats(k)) + bytes_of(products_floats(k));
    return FV_OK;
}

fv_status fv_winograd_plan_transform(fv_step *step) {
    const fv_winograd *k = step->out_layout[0].tiles;
    step->refused = !k || step->in_layout[0].kind != FV_PLAIN || step->in_layout[0].parts > 1;
    if (!step->refused) step->out_bytes[0] = bytes_of(weights_floats(k));
    return FV_OK;
}

void fv_winograd_run_transform(const fv_step *step, int thread, int nthreads) {
    const fv_winograd *k = step->out_layout[0].tiles;
    size_t taps = (size_t)(k->tile.taps * k->tile.taps);
    int begin, end;
    fv_share(k->shape.ic, thread, nthreads, &begin, &end);
    fv_simd_pick()->winograd2d_weights(k, begin, end, step->in[0], taps * (size_t)k->shape.ic, taps, false,
                                       step->out[0]);
}

typedef struct job {
    const float *w, *bias, *skip;
    size_t out, in; /* floats in w from one output channel to the next, and input channel */
    bool turned;
    void (*activate)(size_t count, const float *x, float *y);
} job;

/* U in scratch, of weights that may have changed since the last run. */
static const float *transform(const fv_step *step, const job *j, int thread, int nthreads) {
    const fv_winograd *k = step->state;
    int begin, end;
    fv_share(k->shape.ic, thread, nthreads, &begin, &end);
    fv_simd_pick()->winograd2d_weights(k, begin, end, j->w, j->out, j->in, j->turned, step->scratch);
    fv_team_barrier(step->env->team);
    return step->scratch;
}

/* The tiles [t0, t1) by `crew` threads, of which this is number `who`; v is theirs, m this one's. */
static void convolve_tiles(const fv_step *step, const job *j, int t0, int t1, int who, int crew, const float *u,
                           float *v, float *m) {
    const fv_simd *simd = fv_simd_pick();
    const fv_winograd *k = step->state;
    int begin, end;
    for (int first = t0; first < t1; first += k->block) {
        int count = t1 - first < k->block ? t1 - first : k->block;
        fv_share(count, who, crew, &begin, &end);
        simd->winograd2d_spread(k, first, first + begin, first + end, step->in[0], v);
        if (crew > 1) fv_team_barrier(step->env->team);
        fv_share(k->panels, who, crew, &begin, &end);
        simd->winograd2d_outputs(k, first, count, begin, end, v, u, j->bias, j->skip, step->out[0], j->activate, m);
        if (crew > 1 && first + count < t1) fv_team_barrier(step->env->team);
    }
}

static float *own_scratch(const fv_step *step, int thread) {
    return (float *)step->own_scratch + step->own_scratch_stride / sizeof(float) * (size_t)thread;
}

static void convolve(const fv_step *step, const job *j, int thread, int nthreads) {
    const fv_winograd *k = step->state;
    const bool ready = step->in_layout[1].kind == FV_WINOGRAD;
    const float *u = ready ? j->w : transform(step, j, thread, nthreads);
    float *own = own_scratch(step, thread);
    if (k->together) {
        float *v = ready ? step->scratch : behind(step->scratch, weights_floats(k));
        convolve_tiles(step, j, 0, k->tiles, thread, nthreads, u, v, own);
    } else {
        int begin, end;
        fv_share(k->tiles, thread, nthreads, &begin, &end);
        convolve_tiles(step, j, begin, end, 0, 1, u, own, behind(own, inputs_floats(k)));
    }
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

/* Panels [p0, p1) of U by `crew` threads, of which this is number `who`; v and what follows it is theirs. */
static void add_up(const fv_step *step, int p0, int p1, int who, int crew, float *v) {
    const fv_simd *simd = fv_simd_pick();
    const fv_winograd *k = step->state;
    float *m = behind(v, inputs_floats(k));
    int begin, end;
    for (int first = 0; first < k->tiles; first += k->block) {
        int count = k->tiles - first < k->block ? k->tiles - first : k->block;
        fv_share(count, who, crew, &begin, &end);
        simd->winograd2d_spread(k, first, first + begin, first + end, step->in[0], v);
        simd->winograd2d_spread_gradient(k, first, first + begin, first + end, p0, p1, step->in[1], m);
        if (crew > 1) fv_team_barrier(step->env->team);
        fv_share(k->tile.points * k->tile.points * (p1 - p0), who, crew, &begin, &end);
        simd->winograd2d_multiply(k, first, count, p0, p1, begin, end, v, m, step->scratch);
        if (crew > 1) fv_team_barrier(step->env->team);
    }
}

void fv_winograd_run_weights(const fv_step *step, int thread, int nthreads) {
    const fv_simd *simd = fv_simd_pick();
    const fv_winograd *k = step->state;
    int begin, end;
    if (k->together) {
        add_up(step, 0, k->panels, thread, nthreads, behind(step->scratch, weights_floats(k)));
    } else {
        fv_share(k->panels, thread, nthreads, &begin, &end);
        add_up(step, begin, end, 0, 1, own_scratch(step, thread));
        fv_team_barrier(step->env->team);
    }
    fv_share(k->shape.ic, thread, nthreads, &begin, &end);
    simd->winograd2d_weights_back(k, begin, end, step->scratch, step->out[0]);
    if (!args_of(step->node)->has_bias) return;
    fv_share((k->shape.oc + k->lanes - 1) / k->lanes, thread, nthreads, &begin, &end);
    simd->winograd2d_bias(k, begin, end, step->in[1], step->out[1]);
}
