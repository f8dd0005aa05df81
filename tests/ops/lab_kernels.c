/* Kernels against ref: the node under test by one of its kernels, its backward nodes by those that go with it, on a team,
 * as the engine would run them, with sentinels around every tensor. */
#include "kernels/cpu.h"
#include "kernels/dnn.h"
#include "ops/lab_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { GUARD = 16 }; /* floats behind a tensor */
static const float sentinel = -12345.5f;
static const double BF16_ROUNDING = 0x1p-9; /* at most, relative to the number */

typedef struct run {
    lab *l;
    const fv_kernel *kernel;          /* of the node under test */
    double tolerance, bf16_tolerance; /* of what is stored so */
    int threads;
    fv_run_env env;
    _Atomic(const fv_node *) bad_node;
    fv_step *steps; /* by node id; those without a kernel do not run */
    float **guards; /* the ends of all tensors */
    int n_guards;
} run;

static const fv_kernel *ran[512];
static int n_ran;

bool lab_kernel_covered(const fv_kernel *kernel) {
    for (int i = 0; i < n_ran; i++)
        if (ran[i] == kernel) return true;
    return false;
}

static void cover(const fv_kernel *kernel) {
    if (lab_kernel_covered(kernel)) return;
    assert_true(n_ran < FV_COUNT(ran));
    ran[n_ran++] = kernel;
}

/* ---- Memory and layouts -------------------------------------------------------------------------------------------- */

/* Aligned to 64 bytes, full of NaN, with a guard behind it. */
static float *tensor(run *r, size_t bytes) {
    enum { MAX_GUARDS = 4096 };
    fv_arena *arena = &r->l->arena;
    unsigned char *raw = fv_arena_alloc(arena, bytes + 64 + GUARD * sizeof(float) + sizeof(float), 1);
    raw += (64 - (uintptr_t)raw % 64) % 64;
    memset(raw, 0xff, bytes);
    if (!r->guards) r->guards = fv_arena_alloc(arena, MAX_GUARDS, sizeof(float *));
    assert_true(r->n_guards < MAX_GUARDS);
    float *guard = (float *)(void *)(raw + (bytes + 3) / 4 * 4);
    for (int i = 0; i < GUARD; i++) guard[i] = sentinel;
    r->guards[r->n_guards++] = guard;
    return (float *)(void *)raw;
}

static void check_guards(const run *r, const fv_step *step) {
    for (int g = 0; g < r->n_guards; g++)
        for (int i = 0; i < GUARD; i++)
            if (r->guards[g][i] != sentinel)
                fail_msg("%s: %s by \"%s\" writes past a tensor", lab_describe(r->l), step->node->op->name,
                         step->kernel->name);
}

typedef struct extent {
    size_t n, c, plane;
} extent;

static extent extent_of(const fv_shape *s) {
    extent e = {(size_t)s->dim[0], (size_t)s->dim[1], 1};
    for (int i = 2; i < s->rank; i++) e.plane *= (size_t)s->dim[i];
    return e;
}

/* Where element (n, c, p) lies. */
static size_t place(extent e, fv_layout_kind kind, size_t n, size_t c, size_t p) {
    size_t b = (size_t)fv_block();
    if (kind == FV_BLOCKED || kind == FV_BLOCKED_BF16)
        return ((n * ((e.c + b - 1) / b) + c / b) * e.plane + p) * b + c % b;
    if (kind == FV_BATCH) return ((n / FV_BATCH_WIDTH * e.c + c) * e.plane + p) * FV_BATCH_WIDTH + n % FV_BATCH_WIDTH;
    return (n * e.c + c) * e.plane + p;
}

static size_t bytes_of(const fv_shape *shape, const fv_layout *layout) {
    if (layout->kind == FV_OPAQUE) return fv_dnn_layout_bytes(layout->opaque);
    if (layout->kind == FV_WINOGRAD) return lab_tiles_bytes(layout->tiles);
    return fv_layout_count(shape, layout->kind) * fv_layout_width(layout->kind);
}

/* Padding images of FV_BATCH hold `beyond`, padding channels of FV_BLOCKED zero. */
static void lay_out(const fv_shape *shape, fv_layout_kind kind, const double *plain, float beyond, float *to) {
    size_t count = fv_shape_count(shape);
    if (shape->rank < 2) kind = FV_PLAIN;
    for (size_t i = 0; i < fv_layout_count(shape, kind); i++) to[i] = kind == FV_BLOCKED ? 0 : beyond;
    if (kind == FV_PLAIN) {
        for (size_t i = 0; i < count; i++) to[i] = (float)plain[i];
        return;
    }
    extent e = extent_of(shape);
    for (size_t n = 0; n < e.n; n++)
        for (size_t c = 0; c < e.c; c++)
            for (size_t p = 0; p < e.plane; p++) to[place(e, kind, n, c, p)] = (float)*plain++;
}

/* The same in any layout, FV_BLOCKED_BF16 too. */
static void lay_out_as(run *r, const fv_shape *shape, fv_layout_kind kind, const double *plain, float beyond,
                       void *to) {
    if (kind != FV_BLOCKED_BF16) {
        lay_out(shape, kind, plain, beyond, to);
        return;
    }
    size_t count = fv_layout_count(shape, kind);
    float *wide = tensor(r, count * sizeof(float));
    lay_out(shape, FV_BLOCKED, plain, 0, wide);
    fv_simd_pick()->narrow(count, wide, to);
}

/* ---- Steps --------------------------------------------------------------------------------------------------------- */

static bool is_parameter_like(const fv_value *v) {
    return v->node->op == &fv_parameter_op || v->shape.rank < 2 || v->node->op->weight_out >> v->index & 1;
}

static bool is_opaque(const fv_value *v) { return v->node->op->opaque_out >> v->index & 1; }

static fv_step *producer(run *r, const fv_value *v) { return fv_is_leaf(v->node) ? NULL : &r->steps[v->node->id]; }

static const fv_kernel *kernel_for(const run *r, const fv_node *node) {
    const fv_kernel *forward = r->kernel;
    if (node == r->l->node || forward == &fv_ref_kernel) return forward;
    for (int i = 0; i < node->op->n_kernels; i++) {
        const fv_kernel *k = &node->op->kernels[i];
        if (k->in == forward->out && k->out == forward->in && strcmp(k->name, forward->name) == 0) return k;
    }
    return NULL;
}

static fv_layout_kind input_layout(const run *r, const fv_node *node, int input) {
    if (node == r->l->node) return r->kernel->in;
    for (int i = 0; i < r->l->node->n_in; i++)
        if (r->l->node->in[i] == node->in[input]) return r->kernel->in;
    return r->kernel->out;
}

/* Layouts as the engine sets them before plan(). False if an input is missing because its maker does not run. */
static bool set_layouts(run *r, fv_step *step) {
    const fv_node *node = step->node;
    for (int i = 0; i < node->n_in; i++) {
        const fv_step *from = producer(r, node->in[i]);
        if (from && !from->kernel) return false;
        if (from)
            step->in_layout[i] = from->out_layout[node->in[i]->index];
        else if (!is_parameter_like(node->in[i]))
            step->in_layout[i].kind = input_layout(r, node, i);
    }
    for (int i = 0; i < node->n_out; i++)
        if (step->kernel->out == FV_WINOGRAD)
            step->out_layout[i] = (fv_layout){FV_WINOGRAD, .tiles = lab_tiles(r->l, &node->out[i].shape)};
        else if (!is_parameter_like(&node->out[i]) && !is_opaque(&node->out[i]))
            step->out_layout[i].kind = step->kernel->out;
    return true;
}

static void give_leaf(run *r, fv_step *step, int i) {
    const fv_value *value = step->node->in[i];
    const fv_layout *layout = &step->in_layout[i];
    const double *numbers = lab_numbers(r->l, value);
    float beyond = r->l->leaves[value->node->id].gradient ? 0 : 0.75f;
    const bool described = layout->kind == FV_OPAQUE || layout->kind == FV_WINOGRAD;
    step->in_bytes[i] = bytes_of(&value->shape, layout);
    float *to = tensor(r, step->in_bytes[i]), *plain = to;
    if (described) plain = tensor(r, fv_shape_count(&value->shape) * sizeof(float));
    lay_out_as(r, &value->shape, described ? FV_PLAIN : layout->kind, numbers, beyond, plain);
    if (layout->kind == FV_WINOGRAD) lab_transform(layout->tiles, plain, to);
    if (layout->kind == FV_OPAQUE && fv_dnn_reorder(NULL, plain, layout->opaque, to))
        fail_msg("%s: %s", lab_describe(r->l), fv_error());
    step->in[i] = to;
}

static void set_memory(run *r, fv_step *step) {
    const fv_node *node = step->node;
    for (int i = 0; i < node->n_in; i++) {
        const fv_step *from = producer(r, node->in[i]);
        if (!from)
            give_leaf(r, step, i);
        else
            step->in[i] = from->out[node->in[i]->index], step->in_bytes[i] = from->out_bytes[node->in[i]->index];
    }
    for (int i = 0; i < node->n_out; i++) {
        const fv_layout *layout = &step->out_layout[i];
        if (!step->out_bytes[i]) step->out_bytes[i] = bytes_of(&node->out[i].shape, layout);
        size_t parts = layout->parts ? (size_t)layout->parts : 1;
        step->out[i] = tensor(r, (step->out_bytes[i] + 63) / 64 * 64 * parts);
    }
    step->scratch = tensor(r, step->scratch_bytes);
    step->own_scratch_stride = (step->own_scratch_bytes + 63) / 64 * 64;
    step->own_scratch = tensor(r, step->own_scratch_stride * (size_t)step->threads);
    /* Sharing memory where that is allowed, half of the time. */
    int shared = step->overwrites ? step->overwrites : node->op->flags & FV_OP_IN_PLACE ? 1 : 0;
    if (shared && r->threads == 2 && !producer(r, node->in[shared - 1]) &&
        step->in_layout[shared - 1].kind == step->out_layout[0].kind)
        step->out[0] = step->in[shared - 1];
}

static void call(void *context, int thread, int nthreads) {
    const fv_step *step = context;
    step->kernel->run(step, thread, nthreads);
}

static void execute(run *r, fv_step *step) {
    fv_team *team = r->env.team;
    if (step->kernel->flags & FV_SOLO) {
        fv_team_enter(team);
        step->kernel->run(step, 0, 1);
        fv_team_leave(team);
    } else {
        fv_team_run(team, call, step);
    }
    check_guards(r, step);
    if (r->bad_node)
        fail_msg("%s: %s by \"%s\" failed: %s", lab_describe(r->l), step->node->op->name, step->kernel->name,
                 fv_error());
    cover(step->kernel);
}

/* Plans and runs one node. False if a kernel of the node under test refuses; a backward node then simply does not run. */
static bool step_node(run *r, fv_node *node) {
    fv_step *step = &r->steps[node->id];
    *step = (fv_step){.node = node, .kernel = kernel_for(r, node), .env = &r->env, .threads = r->threads};
    step->forward = node == r->l->node ? NULL : &r->steps[r->l->node->id];
    if (!step->kernel || !set_layouts(r, step)) return step->kernel = NULL, false;
    fv_team_enter(r->env.team);
    fv_status status = step->kernel->plan ? step->kernel->plan(step) : FV_OK;
    fv_team_leave(r->env.team);
    if (status)
        fail_msg("%s: plan of %s by \"%s\": %s", lab_describe(r->l), node->op->name, step->kernel->name, fv_error());
    if (step->refused) return step->kernel = NULL, false;
    set_memory(r, step);
    execute(r, step);
    return true;
}

/* ---- Comparing ----------------------------------------------------------------------------------------------------- */

static void differ(const run *r, const fv_step *step, const char *what, int index, size_t at, double is,
                   double should) {
    fail_msg("%s: %s by \"%s\" (layouts %d, %d) on %d threads: %s %d, element %zu: %.9g, ref %.9g", lab_describe(r->l),
             step->node->op->name, step->kernel->name, step->kernel->in, step->kernel->out, r->threads, what, index, at,
             is, should);
}

static double size_of(const double *values, size_t count) {
    double most = 1;
    for (size_t i = 0; i < count; i++)
        if (isfinite(values[i])) most = fmax(most, fabs(values[i]));
    return most;
}

static bool close_enough(double is, double should, double allowed) {
    if (isnan(should)) return isnan(is);
    return is == should || fabs(is - should) <= allowed;
}

static void compare_plain(const run *r, const fv_step *step, const char *what, int index, const float *is,
                          const double *should, size_t count) {
    double allowed = r->tolerance * size_of(should, count);
    for (size_t i = 0; i < count; i++)
        if (!close_enough(is[i], should[i], allowed)) differ(r, step, what, index, i, is[i], should[i]);
}

/* The values of an activation, whatever they are stored as. */
static const float *values_of(run *r, const fv_step *step, int output, size_t count) {
    if (fv_layout_precision(step->out_layout[output].kind) == FV_F32) return step->out[output];
    float *values = tensor(r, count * sizeof(float));
    fv_simd_pick()->widen(count, step->out[output], values);
    return values;
}

static void compare_activation(run *r, const fv_step *step, int output, const double *should) {
    const fv_shape *shape = &step->node->out[output].shape;
    extent e = extent_of(shape);
    fv_layout_kind kind = step->out_layout[output].kind;
    size_t count = fv_layout_count(shape, kind), i = 0;
    const float *is = values_of(r, step, output, count);
    double tolerance = fv_layout_precision(kind) == FV_BF16 ? r->bf16_tolerance : r->tolerance;
    double allowed = tolerance * size_of(should, fv_shape_count(shape));
    unsigned char *seen = fv_arena_alloc(&r->l->arena, count, 1);
    for (size_t n = 0; n < e.n; n++)
        for (size_t c = 0; c < e.c; c++)
            for (size_t p = 0; p < e.plane; p++, i++) {
                size_t at = place(e, kind, n, c, p);
                seen[at] = 1;
                if (!close_enough(is[at], should[i], allowed)) differ(r, step, "output", output, i, is[at], should[i]);
            }
    bool zero = kind == FV_BLOCKED || kind == FV_BLOCKED_BF16 ||
                step->node->forward; /* gradients of images that are not there */
    for (size_t at = 0; at < count; at++)
        if (!seen[at] && (zero ? is[at] != 0 : !isfinite(is[at])))
            differ(r, step, "padding of output", output, at, is[at], 0);
}

/* A parameter's gradient or its like, in whatever layout and number of parts. */
static void compare_parameter(run *r, const fv_step *step, int output, const double *should) {
    const fv_layout *layout = &step->out_layout[output];
    size_t count = fv_shape_count(&step->node->out[output].shape), bytes = step->out_bytes[output];
    if (layout->kind == FV_WINOGRAD) {
        double error = lab_transform_error(layout->tiles, should, step->out[output]);
        if (!(error <= r->tolerance * size_of(should, count))) differ(r, step, "transform", output, 0, error, 0);
        return;
    }
    float *sum = tensor(r, count * sizeof(float));
    if (layout->kind == FV_OPAQUE) {
        if (fv_dnn_reorder(layout->opaque, step->out[output], NULL, sum))
            fail_msg("%s: %s", lab_describe(r->l), fv_error());
    } else {
        memset(sum, 0, count * sizeof(float));
        for (int part = 0; part < (layout->parts ? layout->parts : 1); part++)
            for (size_t i = 0; i < count; i++) sum[i] += fv_part(step->out[output], bytes, part)[i];
    }
    compare_plain(r, step, "output", output, sum, should, count);
}

static bool is_absent(const fv_value *v) {
    return v->shape.rank == 0 && ((v->node->op->weight_out | v->node->op->opaque_out) >> v->index & 1);
}

static void compare_step(run *r, const fv_step *step) {
    const fv_node *node = step->node;
    for (int i = 0; i < node->n_out; i++) {
        const fv_value *value = &node->out[i];
        const double *should = lab_numbers(r->l, value);
        if (is_absent(value) || is_opaque(value)) continue;
        if (is_parameter_like(value))
            compare_parameter(r, step, i, should);
        else
            compare_activation(r, step, i, should);
    }
    for (int i = 0; i < node->n_in; i++)
        if (lab_is_written(node, i))
            compare_plain(r, step, "updated input", i, step->in[i], r->l->written[node->in[i]->node->id],
                          fv_shape_count(&node->in[i]->shape));
}

/* ---- All of it ----------------------------------------------------------------------------------------------------- */

static void run_kernel(lab *l, const fv_kernel *kernel, fv_team *team, double tolerance, double bf16_tolerance) {
    run r = {.l = l, .kernel = kernel, .threads = fv_team_size(team), .env = l->env};
    r.tolerance = tolerance, r.bf16_tolerance = bf16_tolerance;
    size_t n_nodes = (size_t)l->graph->n_nodes;
    r.env.team = team;
    r.env.bad_node = &r.bad_node;
    r.steps = fv_arena_alloc(&l->arena, n_nodes, sizeof(fv_step));
    for (size_t id = 0; id < n_nodes; id++) {
        fv_node *node = l->graph->nodes[id];
        if (fv_is_leaf(node)) continue;
        if (step_node(&r, node))
            compare_step(&r, &r.steps[id]);
        else if (node == l->node)
            break;
    }
    for (size_t id = 0; id < n_nodes; id++)
        if (r.steps[id].free_state) r.steps[id].free_state(r.steps[id].state);
}

static bool in_bf16(const fv_kernel *kernel) {
    return fv_layout_precision(kernel->in) == FV_BF16 || fv_layout_precision(kernel->out) == FV_BF16;
}

static bool has_bf16(const fv_op *op) {
    bool any = false;
    for (int k = 0; k < op->n_kernels; k++) any |= in_bf16(&op->kernels[k]);
    return any;
}

/* The leaves' numbers become such as bf16 has. */
static void coarsen(lab *l) {
    for (int id = 0; id < l->graph->n_nodes; id++) {
        const fv_value *leaf = &l->graph->nodes[id]->out[0];
        double *numbers = lab_numbers(l, leaf);
        for (size_t i = 0; i < fv_shape_count(&leaf->shape) && fv_is_leaf(leaf->node); i++) {
            float number = (float)numbers[i];
            uint16_t narrow;
            fv_simd_pick()->narrow(1, &number, &narrow);
            fv_simd_pick()->widen(1, &narrow, &number);
            numbers[i] = number;
        }
    }
    lab_evaluate(l);
}

static void compare_kernels(lab *l, double tolerance, double bf16_tolerance, bool bf16) {
    for (int threads = 1; threads <= 3; threads++) {
        fv_team *team = fv_team_new(threads);
        if (!team) fail_msg("team of %d: %s", threads, fv_error());
        for (int k = 0; k < l->node->op->n_kernels; k++)
            if (in_bf16(&l->node->op->kernels[k]) == bf16)
                run_kernel(l, &l->node->op->kernels[k], team, tolerance, bf16_tolerance);
        if (threads == 1 && !bf16) run_kernel(l, &fv_ref_kernel, team, tolerance, 0);
        fv_team_free(team);
    }
}

void lab_compare_kernels(lab *l, double tolerance) { compare_kernels(l, tolerance, 0, false); }

/* In bf16 the output is rounded, and so is what the backward pass reads of the forward pass. */
void lab_check_kernels(const lab_case *kind, uint64_t seed) {
    lab l = lab_begin(kind, seed, false);
    double tolerance = kind->tolerance > 0 ? kind->tolerance : 2e-5;
    compare_kernels(&l, tolerance, 0, false);
    if (has_bf16(l.node->op)) {
        coarsen(&l);
        compare_kernels(&l, tolerance, (2 + l.bf16_sums) * BF16_ROUNDING, true);
    }
    lab_end(&l);
}
