#include "graph/graph.h"

#include "core/memory.h"
#include "core/utf8.h"
#include "graph/op.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

fv_graph *fv_graph_new(const char *name) {
    if (name && !fv_is_utf8(name)) {
        fv_fail(FV_BAD_ARGUMENT, "a network named \"%s\": a name must be in UTF-8", name);
        return NULL;
    }
    fv_graph *graph = FV_NEW(fv_graph);
    if (!graph) return NULL;
    graph->name = fv_arena_strdup(&graph->arena, name ? name : "network");
    graph->scope = graph->name ? fv_arena_strdup(&graph->arena, "") : NULL;
    if (graph->scope) return graph;
    fv_graph_free(graph);
    return NULL;
}

void fv_graph_free(fv_graph *graph) {
    if (!graph) return;
    fv_arena_free(&graph->arena);
    fv_free(graph->nodes);
    fv_free(graph);
}

/* ---- Scopes ---------------------------------------------------------------------------------------------------- */

void fv_scope(fv_graph *graph, const char *format, ...) {
    if (!graph || !graph->scope) return;
    char part[128];
    va_list args;
    va_start(args, format);
    vsnprintf(part, sizeof part, format, args);
    va_end(args);
    fv_outer_scope *outer = fv_arena_alloc(&graph->arena, 1, sizeof *outer);
    if (outer) *outer = (fv_outer_scope){graph->scope, graph->outer};
    graph->outer = outer;
    graph->scope = !outer ? NULL : fv_arena_format(&graph->arena, "%s%s.", graph->scope, part);
}

void fv_unscope(fv_graph *graph) {
    if (!graph || !graph->scope || !graph->outer) return;
    graph->scope = graph->outer->scope;
    graph->outer = graph->outer->outer;
}

/* ---- Shapes ---------------------------------------------------------------------------------------------------- */

size_t fv_shape_count(const fv_shape *shape) {
    size_t count = 1;
    for (int i = 0; i < shape->rank; i++) count *= (size_t)shape->dim[i];
    return count;
}

bool fv_shape_equal(const fv_shape *a, const fv_shape *b) {
    return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof a->dim[0]) == 0;
}

const char *fv_shape_text(const fv_shape *shape, bool batch, char text[64]) {
    int at = snprintf(text, 64, "[");
    for (int i = 0; i < shape->rank; i++)
        at += i == 0 && batch ? snprintf(text + at, 64 - (size_t)at, "N")
                              : snprintf(text + at, 64 - (size_t)at, "%s%d", i ? "," : "", shape->dim[i]);
    snprintf(text + at, 64 - (size_t)at, "]");
    return text;
}

/* Dimensions within bounds, and a product that fits every later size computation. */
static fv_status check_shape(const fv_node *node, const fv_shape *shape) {
    size_t count = sizeof(double);
    for (int i = 0; i < shape->rank; i++) {
        int dim = shape->dim[i];
        if (dim < 1 || dim > FV_MAX_DIM || !fv_size_mul(count, (size_t)dim, &count) || count > (size_t)1 << 46) {
            char text[64];
            return fv_fail_node(FV_BAD_ARGUMENT, node,
                                "a tensor of shape %s: dimensions are 1 to %d, and 2^43 elements at most",
                                fv_shape_text(shape, false, text), FV_MAX_DIM);
        }
    }
    return FV_OK;
}

/* ---- Nodes ----------------------------------------------------------------------------------------------------- */

fv_status fv_fail_node(fv_status code, const fv_node *node, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return fv_fail(code, "%s/%s %s: %s", node->graph->name, node->name, node->op->name, text);
}

static double argument_number(const fv_arg *arg, const void *args, int item) {
    const unsigned char *at = (const unsigned char *)args + arg->offset;
    switch (arg->type) {
    case FV_ARG_INT:
        return ((const int *)(const void *)at)[item];
    case FV_ARG_FLOAT:
        return ((const float *)(const void *)at)[item];
    case FV_ARG_BOOL:
        return ((const bool *)(const void *)at)[item];
    }
    return 0;
}

static fv_status check_arguments(const fv_node *node) {
    for (int a = 0; a < node->op->n_args; a++) {
        const fv_arg *arg = &node->op->args[a];
        for (int i = 0; i < arg->count; i++) {
            double number = argument_number(arg, node->args, i);
            int digits = arg->type == FV_ARG_INT ? 10 : 6;
            if (!(number >= arg->min && number <= arg->max)) /* also NaN */
                return fv_fail_node(FV_BAD_ARGUMENT, node, "%s %.*g: must be from %.*g to %.*g", arg->name, digits,
                                    number, digits, arg->min, digits, arg->max);
        }
    }
    return FV_OK;
}

static fv_status append(fv_graph *graph, fv_node *node) {
    if (graph->n_nodes == graph->capacity) {
        int capacity = graph->capacity ? 2 * graph->capacity : 64;
        fv_node **nodes = fv_realloc(graph->nodes, (size_t)capacity, sizeof(fv_node *));
        if (!nodes) return FV_NO_MEMORY;
        graph->nodes = nodes;
        graph->capacity = capacity;
    }
    node->id = graph->n_nodes;
    graph->nodes[graph->n_nodes++] = node;
    return FV_OK;
}

/* Memory of a node with everything but its name and its outputs' shapes. */
static fv_node *allocate(fv_graph *graph, const fv_op *op, const void *args, fv_value *const in[], int n_in) {
    fv_arena *arena = &graph->arena;
    fv_node *node = fv_arena_alloc(arena, 1, sizeof *node);
    if (!node) return NULL;
    *node = (fv_node){.op = op, .graph = graph, .n_in = n_in, .n_out = op->n_out};
    node->args = fv_arena_alloc(arena, 1, op->args_size);
    node->in = fv_arena_alloc(arena, (size_t)n_in, sizeof(fv_value *));
    node->out = fv_arena_alloc(arena, (size_t)op->n_out, sizeof(fv_value));
    if (!node->args || !node->in || !node->out) return NULL;
    if (op->args_size) memcpy(node->args, args, op->args_size);
    if (n_in) memcpy(node->in, in, (size_t)n_in * sizeof(fv_value *));
    return node;
}

/* Checks, infers, and only then lets the node into the graph: a failed node leaves no trace. */
static fv_value *admit(fv_node *node) {
    fv_graph *graph = node->graph;
    fv_shape shapes[FV_MAX_OUT] = {0};
    if (node->op->infer && node->op->infer(node, shapes)) return NULL;
    for (int i = 0; i < node->n_out; i++) {
        if (check_shape(node, &shapes[i])) return NULL;
        node->out[i] = (fv_value){.node = node, .index = i, .shape = shapes[i]};
    }
    if (append(graph, node)) return NULL;
    static fv_value none; /* an operator without outputs (an update) still has to answer "done" */
    return node->n_out ? &node->out[0] : &none;
}

/* It is kept in files, as JSON. */
static fv_status check_name(const fv_node *node) {
    return fv_is_utf8(node->name) ? FV_OK : fv_fail_node(FV_BAD_ARGUMENT, node, "a name must be in UTF-8");
}

fv_node *fv_node_draft(fv_graph *graph, const fv_op *op, const char *name, const void *args, fv_value *const in[],
                       int n_in) {
    if (!graph || !graph->scope) return NULL;
    for (int i = 0; i < n_in; i++)
        if (!in[i]) return NULL;
    fv_node *node = allocate(graph, op, args, in, n_in);
    if (!node) return NULL;
    node->name = fv_arena_format(&graph->arena, "%s%s", graph->scope, name ? name : op->name);
    return node->name && !check_name(node) && !check_arguments(node) ? node : NULL;
}

fv_value *fv_node_new(fv_graph *graph, const fv_op *op, const char *name, const void *args, fv_value *const in[],
                      int n_in) {
    fv_node *node = fv_node_draft(graph, op, name, args, in, n_in);
    if (!node) return NULL;
    if (n_in < op->min_in || n_in > op->max_in) {
        fv_fail_node(FV_BAD_ARGUMENT, node, "%d inputs, takes %d to %d", n_in, op->min_in, op->max_in);
        return NULL;
    }
    return admit(node);
}

fv_value *fv_node_backward(fv_node *forward, const fv_op *op, fv_value *const in[], int n_in) {
    for (int i = 0; i < n_in; i++)
        if (!in[i]) return NULL;
    fv_node *node = allocate(forward->graph, op, forward->args, in, n_in);
    if (!node) return NULL;
    node->name = forward->name;
    node->forward = forward;
    return admit(node);
}

fv_value *fv_node_again(fv_node *node, fv_value *const in[]) {
    return fv_node_backward(node, node->op, in, node->n_in);
}

/* ---- Leaves ---------------------------------------------------------------------------------------------------- */

typedef struct input_args {
    fv_shape shape;
} input_args;

static fv_status infer_input(const fv_node *node, fv_shape out[]) {
    out[0] = ((const input_args *)node->args)->shape;
    return FV_OK;
}

static fv_status infer_parameter(const fv_node *node, fv_shape out[]) {
    out[0] = fv_parameter_of(node)->shape;
    return FV_OK;
}

const fv_op fv_input_op = {.name = "input", .args_size = sizeof(input_args), .n_out = 1, .infer = infer_input};
const fv_op fv_parameter_op = {
    .name = "parameter", .args_size = sizeof(fv_parameter), .n_out = 1, .infer = infer_parameter};

fv_value *fv_input_shaped(fv_graph *graph, const char *name, const fv_shape *shape) {
    return fv_node_new(graph, &fv_input_op, name, &(input_args){*shape}, NULL, 0);
}

fv_value *fv_input(fv_graph *graph, int channels, int height, int width) {
    enum { MAX_SIDE = 65535 };
    if (!graph) return NULL;
    if (channels < 1 || height < 1 || width < 1 || channels > MAX_SIDE || height > MAX_SIDE || width > MAX_SIDE) {
        fv_fail(FV_BAD_ARGUMENT, "%s: input %dx%dx%d (channels, height, width): each must be from 1 to %d", graph->name,
                channels, height, width, MAX_SIDE);
        return NULL;
    }
    if (graph->input) {
        fv_fail(FV_BAD_ARGUMENT, "%s: a second image input: a graph has one", graph->name);
        return NULL;
    }
    return graph->input = fv_input_shaped(graph, "input", &FV_SHAPE(1, channels, height, width));
}

fv_status fv_auxiliary(fv_value *logits, float weight) {
    if (!logits) return fv_last_status();
    fv_node *node = logits->node;
    fv_graph *graph = node->graph;
    char text[64];
    if (logits->shape.rank != 2 || fv_is_leaf(node))
        return fv_fail_node(FV_BAD_ARGUMENT, node, "an auxiliary head of shape %s: must be logits [N,K], computed",
                            fv_shape_text(&logits->shape, true, text));
    if (!(weight >= 1e-6f && weight <= 100))
        return fv_fail_node(FV_BAD_ARGUMENT, node, "an auxiliary head of weight %g: must be from 1e-6 to 100",
                            (double)weight);
    if (graph->n_auxiliary == FV_MAX_AUXILIARY)
        return fv_fail_node(FV_BAD_ARGUMENT, node, "one auxiliary head more than the %d that a graph may have",
                            FV_MAX_AUXILIARY);
    graph->auxiliary[graph->n_auxiliary].logits = logits;
    graph->auxiliary[graph->n_auxiliary++].weight = weight;
    return FV_OK;
}

bool fv_is_constant(const fv_value *value) {
    const fv_node *node = value->node;
    if (node->op == &fv_parameter_op) return fv_parameter_of(node)->treatment.frozen;
    if (node->n_in == 0 || node->op->flags & FV_OP_EFFECT || node->op->written_in) return false;
    for (int i = 0; i < node->n_in; i++)
        if (!fv_is_constant(node->in[i])) return false;
    return true;
}

bool fv_is_in_scope(const fv_node *node, const char *scope, size_t length) {
    return strncmp(node->name, scope, length) == 0 && (node->name[length] == '.' || node->name[length] == '\0');
}

fv_value *fv_parameter_new(fv_graph *graph, const char *layer, const char *name, const fv_parameter *parameter) {
    if (!graph) return NULL;
    char full[256];
    if (!layer || !*layer || snprintf(full, sizeof full, "%s.%s", layer, name) >= (int)sizeof full) {
        fv_fail(FV_BAD_ARGUMENT, "%s: a layer with parameters needs a name of 1 to 200 characters", graph->name);
        return NULL;
    }
    size_t scope = graph->scope ? strlen(graph->scope) : 0;
    for (int i = 0; i < graph->n_nodes; i++) {
        const fv_node *other = graph->nodes[i];
        if (other->op == &fv_parameter_op && strncmp(other->name, graph->scope, scope) == 0 &&
            strcmp(other->name + scope, full) == 0) {
            fv_fail(FV_BAD_ARGUMENT, "%s: two parameters named \"%s\": give each layer a name of its own", graph->name,
                    other->name);
            return NULL;
        }
    }
    return fv_node_new(graph, &fv_parameter_op, full, parameter, NULL, 0);
}

/* ---- Asking ---------------------------------------------------------------------------------------------------- */

void fv_value_shape(const fv_value *value, int *channels, int *height, int *width) {
    fv_shape shape = value ? value->shape : (fv_shape){0};
    *channels = shape.rank >= 2 ? shape.dim[1] : 0;
    *height = shape.rank >= 4 ? shape.dim[2] : shape.rank ? 1 : 0;
    *width = shape.rank >= 4 ? shape.dim[3] : shape.rank ? 1 : 0;
}

fv_graph *fv_value_graph(const fv_value *value) { return value ? value->node->graph : NULL; }
