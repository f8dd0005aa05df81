/* Stencils: building, filling, ref, finite differences. Kernels are in lab_kernels.c. */
#include "ops/lab_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void lab_wait_passively(char **argv) {
    if (getenv("OMP_WAIT_POLICY")) return;
    setenv("OMP_WAIT_POLICY", "passive", 1);
    execv("/proc/self/exe", argv);
}

/* ---- Choosing ------------------------------------------------------------------------------------------------------ */

int lab_int(lab *l, int low, int high) { return low + (int)fv_random_below(&l->random, (uint32_t)(high - low + 1)); }
bool lab_chance(lab *l, int percent) { return lab_int(l, 0, 99) < percent; }
int lab_pick(lab *l, const int *from, int count) { return from[lab_int(l, 0, count - 1)]; }
int lab_channels(lab *l) { return l->small ? lab_int(l, 1, 4) : LAB_PICK(l, 1, 3, 6, 8, 16, 24, 32, 58); }
int lab_batch(lab *l) { return l->small ? lab_int(l, 1, 3) : LAB_PICK(l, 1, 2, 5, 16, 19, 33); }

/* ---- Leaves -------------------------------------------------------------------------------------------------------- */

enum { MAX_LEAVES = 128 };

static fv_value *mark(lab *l, fv_value *leaf, lab_fill fill, bool wants) {
    if (!leaf) fail_msg("%s seed %llu: %s", l->name, (unsigned long long)l->seed, fv_error());
    assert_true(leaf->node->id < MAX_LEAVES);
    leaf->needs_grad = wants;
    l->leaves[leaf->node->id] = (lab_leaf){fill, false};
    return leaf;
}

fv_value *lab_input(lab *l, fv_shape shape, lab_fill fill) {
    return mark(l, fv_input_shaped(l->graph, "x", &shape), fill, true);
}

fv_value *lab_given(lab *l, fv_shape shape, lab_fill fill) {
    return mark(l, fv_input_shaped(l->graph, "given", &shape), fill, false);
}

fv_value *lab_parameter(lab *l, const char *name, fv_shape shape, lab_fill fill) {
    return mark(l, fv_parameter_new(l->graph, "layer", name, &(fv_parameter){.shape = shape}), fill, true);
}

fv_value *lab_state(lab *l, const char *name, fv_shape shape, lab_fill fill) {
    fv_parameter parameter = {.shape = shape, .state = true};
    return mark(l, fv_parameter_new(l->graph, "layer", name, &parameter), fill, false);
}

void lab_freeze(fv_value *parameter) {
    fv_parameter *info = parameter->node->args;
    info->treatment.frozen = true;
    parameter->needs_grad = false;
}

static void shuffle(lab *l, double *values, size_t count) {
    for (size_t i = count; i > 1; i--) {
        size_t j = fv_random_below(&l->random, (uint32_t)i);
        double kept = values[i - 1];
        values[i - 1] = values[j];
        values[j] = kept;
    }
}

/* Rows that are distributions over their items: all of it on one of them, or spread. */
static void fill_rows(lab *l, double *values, size_t count, size_t width, bool spread) {
    for (size_t row = 0; row < count; row += width) {
        double sum = 0;
        for (size_t i = 0; i < width; i++) sum += values[row + i] = spread ? 0.1 + fv_random_float(&l->random) : 0;
        if (!spread) values[row + fv_random_below(&l->random, (uint32_t)width)] = sum = 1;
        for (size_t i = 0; i < width; i++) values[row + i] /= sum;
    }
}

/* Every third row or so becomes -1. */
static void leave_out_rows(lab *l, double *values, size_t count, size_t width) {
    for (size_t row = 0; row < count; row += width)
        for (size_t i = 0, out = lab_chance(l, 30); i < width && out; i++) values[row + i] = -1;
}

static void fill(lab *l, lab_fill kind, const fv_shape *shape, double *values) {
    size_t count = fv_shape_count(shape), width = shape->rank ? count / (size_t)shape->dim[0] : 1;
    if (kind == LAB_SOFT || kind == LAB_ONE_HOT || kind == LAB_PARTIAL)
        fill_rows(l, values, count, width, kind == LAB_SOFT);
    if (kind == LAB_PARTIAL) leave_out_rows(l, values, count, width);
    for (size_t i = 0; i < count; i++) {
        if (kind == LAB_NORMAL) values[i] = fv_random_normal(&l->random);
        if (kind == LAB_WIDE) values[i] = 5 * fv_random_normal(&l->random);
        if (kind == LAB_POSITIVE) values[i] = 0.5 + 1.5 * fv_random_float(&l->random);
        if (kind == LAB_UNIT) values[i] = fv_random_float(&l->random);
        if (kind == LAB_DISTINCT) values[i] = 4 * ((double)i + 0.5) / (double)count - 2;
        if (kind == LAB_ONE) values[i] = 1;
        if (kind == LAB_TIES) values[i] = lab_int(l, -1, 1);
        values[i] = (float)values[i]; /* what kernels get */
    }
    if (kind == LAB_DISTINCT) shuffle(l, values, count);
}

/* ---- ref ----------------------------------------------------------------------------------------------------------- */

static const fv_op *covered[256];
static int n_covered;

static void cover(const fv_op *op) {
    if (lab_covered(op)) return;
    assert_true(n_covered < FV_COUNT(covered));
    covered[n_covered++] = op;
}

bool lab_covered(const fv_op *op) {
    for (int i = 0; i < n_covered; i++)
        if (covered[i] == op) return true;
    return false;
}

double *lab_numbers(lab *l, const fv_value *value) { return l->values[value->node->id * FV_MAX_OUT + value->index]; }

static void evaluate_node(lab *l, const fv_node *node, double *const out[]) {
    const double *in[FV_MAX_IN];
    for (int i = 0; i < node->n_in; i++) {
        in[i] = lab_numbers(l, node->in[i]);
        double *copy = lab_is_written(node, i) ? l->written[node->in[i]->node->id] : NULL;
        if (copy) in[i] = memcpy(copy, in[i], fv_shape_count(&node->in[i]->shape) * sizeof(double));
    }
    cover(node->op);
    node->op->ref(node, in, out, &l->env);
}

void lab_evaluate(lab *l) {
    for (int id = 0; id < l->graph->n_nodes; id++)
        if (!fv_is_leaf(l->graph->nodes[id])) evaluate_node(l, l->graph->nodes[id], &l->values[id * FV_MAX_OUT]);
}

/* ---- Begin and end ------------------------------------------------------------------------------------------------- */

static void emit_gradient(lab *l) {
    fv_node *node = l->node;
    if (!node->op->grad) return;
    for (int i = 0; i < node->n_in; i++) node->out[0].needs_grad |= node->in[i]->needs_grad;
    if (!node->out[0].needs_grad) return;
    bool scalar = node->out[0].shape.rank == 0; /* a loss, whose gradient is 1 and not in the graph */
    l->dy = mark(l, fv_input_shaped(l->graph, "dy", &node->out[0].shape), scalar ? LAB_ONE : LAB_NORMAL, false);
    l->leaves[l->dy->node->id].gradient = true;
    fv_value *dy[FV_MAX_OUT] = {scalar ? NULL : l->dy};
    if (node->op->grad(node, dy, l->dx)) fail_msg("%s: grad: %s", lab_describe(l), fv_error());
    for (int i = 0; i < node->n_in; i++) {
        if (!node->in[i]->needs_grad != !l->dx[i]) fail_msg("%s: grad: input %d", lab_describe(l), i);
        if (l->dx[i]) assert_true(fv_shape_equal(&l->dx[i]->shape, &node->in[i]->shape));
    }
}

static void make_numbers(lab *l) {
    size_t n = (size_t)l->graph->n_nodes;
    l->values = fv_arena_alloc(&l->arena, n * FV_MAX_OUT, sizeof(double *));
    l->written = fv_arena_alloc(&l->arena, n, sizeof(double *));
    for (size_t id = 0; id < n; id++) {
        const fv_node *node = l->graph->nodes[id];
        for (int i = 0; i < node->n_out; i++) {
            size_t count = fv_shape_count(&node->out[i].shape);
            double *values = fv_arena_alloc(&l->arena, count, sizeof(double));
            if (fv_is_leaf(node)) fill(l, l->leaves[id].fill, &node->out[i].shape, values);
            l->values[id * FV_MAX_OUT + (size_t)i] = values;
        }
        for (int i = 0; i < node->n_in; i++)
            if (lab_is_written(node, i))
                l->written[node->in[i]->node->id] =
                    fv_arena_alloc(&l->arena, fv_shape_count(&node->in[i]->shape), sizeof(double));
    }
}

lab lab_begin(const lab_case *kind, uint64_t seed, bool small) {
    lab l = {.name = kind->name, .seed = seed, .small = small, .graph = fv_graph_new("lab")};
    l.random = fv_random_stream(seed, 1, 77);
    l.leaves = fv_arena_alloc(&l.arena, MAX_LEAVES, sizeof *l.leaves);
    fv_value *y = kind->build(&l);
    if (!y) fail_msg("%s seed %llu: %s", kind->name, (unsigned long long)seed, fv_error());
    /* An operator without outputs answers with a value of no graph: the node is the last one then. */
    l.node = y->node ? y->node : l.graph->nodes[l.graph->n_nodes - 1];
    l.env = (fv_run_env){.seed = seed, .step = 3, .lr = 0.1f, .training = true};
    l.env.group = (fv_group){.weight = 2, .total = 6, .first = seed % 2};
    l.env.count = l.node->in[0]->shape.rank ? l.node->in[0]->shape.dim[0] : 1;
    emit_gradient(&l);
    make_numbers(&l);
    lab_evaluate(&l);
    return l;
}

void lab_end(lab *l) {
    fv_graph_free(l->graph);
    fv_arena_free(&l->arena);
}

const char *lab_describe(lab *l) {
    fv_arena *arena = &l->arena;
    const fv_node *node = l->node;
    char *text = fv_arena_format(arena, "%s, seed %llu:", l->name, (unsigned long long)l->seed), shape[64];
    for (int a = 0; a < node->op->n_args; a++) {
        const fv_arg *arg = &node->op->args[a];
        for (int i = 0; i < arg->count; i++) {
            const unsigned char *at = (const unsigned char *)node->args + arg->offset;
            double number = arg->type == FV_ARG_INT     ? ((const int *)(const void *)at)[i]
                            : arg->type == FV_ARG_FLOAT ? ((const float *)(const void *)at)[i]
                                                        : ((const bool *)(const void *)at)[i];
            text = fv_arena_format(arena, i ? "%s,%.0s%g" : "%s %s %g", text, arg->name, number);
        }
    }
    for (int i = 0; i < node->n_in; i++)
        text = fv_arena_format(arena, "%s %s", text, fv_shape_text(&node->in[i]->shape, false, shape));
    return text;
}

/* ---- Finite differences -------------------------------------------------------------------------------------------- */

static double loss(lab *l, double *const scratch[]) {
    evaluate_node(l, l->node, scratch);
    double sum = 0, *dy = lab_numbers(l, l->dy);
    for (size_t i = 0; i < fv_shape_count(&l->dy->shape); i++) sum += dy[i] * scratch[0][i];
    return sum;
}

static double largest(const double *values, size_t count) {
    double most = 0;
    for (size_t i = 0; i < count; i++) most = fmax(most, fabs(values[i]));
    return most;
}

/* Compares some elements of one input's gradient; returns how many of them sat on a kink. */
static int check_elements(lab *l, int input, int wanted, double *const scratch[]) {
    const double step = 1e-5;
    double *x = lab_numbers(l, l->node->in[input]), *dx = lab_numbers(l, l->dx[input]), middle = loss(l, scratch);
    size_t count = fv_shape_count(&l->dx[input]->shape);
    double scale = 1 + largest(dx, count);
    int kinks = 0;
    for (int k = 0; k < wanted; k++) {
        size_t i = count <= (size_t)wanted ? (size_t)k : fv_random_below(&l->random, (uint32_t)count);
        double kept = x[i];
        x[i] = kept + step;
        double above = loss(l, scratch);
        x[i] = kept - step;
        double below = loss(l, scratch), difference = (above - below) / (2 * step);
        x[i] = kept;
        if (fabs(above - 2 * middle + below) / step > 1e-2 * scale)
            kinks++;
        else if (!(fabs(difference - dx[i]) <= 1e-6 * scale))
            fail_msg("%s: gradient of input %d, element %zu: %.9g, by differences %.9g", lab_describe(l), input, i,
                     dx[i], difference);
    }
    return kinks;
}

void lab_check_gradient(const lab_case *kind, uint64_t seed) {
    lab l = lab_begin(kind, seed, true);
    double *scratch[FV_MAX_OUT];
    for (int i = 0; i < l.node->n_out; i++)
        scratch[i] = fv_arena_alloc(&l.arena, fv_shape_count(&l.node->out[i].shape), sizeof(double));
    for (int i = 0; i < l.node->n_in && l.dy; i++) {
        if (!l.dx[i]) continue;
        size_t count = fv_shape_count(&l.dx[i]->shape);
        int wanted = count < 24 ? (int)count : 24, kinks = check_elements(&l, i, wanted, scratch);
        if (kinks > wanted / 4) fail_msg("%s: %d of %d elements on a kink", lab_describe(&l), kinks, wanted);
    }
    lab_end(&l);
}
