/* The graph's insides: values, nodes, parameters. Building a node checks its arguments and infers its shapes, nothing
 * more. The graph that a model keeps has batch size 1; an engine's plan works on a copy with the real one. */
#ifndef GRAPH_GRAPH_H
#define GRAPH_GRAPH_H

#include "core/arena.h"
#include "fovea/graph.h"
#include "fovea/ops.h"

typedef struct fv_node fv_node;
typedef struct fv_op fv_op;
typedef struct fv_param fv_param;

enum { FV_MAX_RANK = 4, FV_MAX_IN = 64, FV_MAX_OUT = 4, FV_MAX_DIM = 1 << 24, FV_MAX_AUXILIARY = 4 };

typedef struct fv_shape {
    int rank; /* 0: a scalar */
    int dim[FV_MAX_RANK];
} fv_shape;

struct fv_value {
    fv_node *node;
    int index; /* which output of the node */
    fv_shape shape;
    bool needs_grad; /* set by autodiff: a trainable parameter lies behind it */
};

struct fv_node {
    const fv_op *op;
    fv_graph *graph;
    int id;     /* position in graph->nodes: inputs have smaller ids than their readers */
    char *name; /* scope and own name: "layer1.0.conv1"; the operator's name where it has none */
    void *args; /* op->args_size bytes, checked against op->args */
    int n_in, n_out;
    fv_value **in;
    fv_value *out;
    fv_node *forward; /* of a backward node: the node whose gradient it computes, in the same graph; else NULL */
    bool again;       /* of a backward node: its output 0 is that of `forward`, made once more */
    bool used;        /* in a model's graph: its logits depend on the node */
    fv_param *param;  /* of a parameter leaf in a plan's graph: the model's storage; else NULL */
};

typedef struct fv_outer_scope {
    char *scope;
    struct fv_outer_scope *outer;
} fv_outer_scope;

struct fv_graph {
    fv_arena arena; /* all nodes, values and names */
    char *name;
    fv_node **nodes;
    int n_nodes, capacity;
    char *scope; /* "layer1.0." or ""; NULL after a failure: no node is made any more */
    fv_outer_scope *outer;
    fv_value *input;
    struct {
        fv_value *logits;
        float weight;
    } auxiliary[FV_MAX_AUXILIARY];
    int n_auxiliary;
};

/* ---- Leaves --------------------------------------------------------------------------------------------------- */

/* What training does with a parameter. */
typedef struct fv_treatment {
    bool frozen;         /* nothing: neither a gradient nor an update; running statistics stay, too */
    float lr_scale;      /* of the learning rate; 0: 1 */
    uint64_t first_step; /* in which it was trained: rules that count steps begin there */
} fv_treatment;

/* What a parameter leaf is: the arguments of the `parameter` operator. */
typedef struct fv_parameter {
    fv_shape shape;
    fv_init init;
    int fan_in, fan_out;
    bool state;             /* not trained: running statistics */
    bool no_decay;          /* biases and batch norm: excluded from weight decay where the optimizer is asked to */
    fv_treatment treatment; /* in the graph of a training plan: zero is the usual one */
} fv_parameter;

extern const fv_op fv_input_op, fv_parameter_op;

fv_value *fv_parameter_new(fv_graph *graph, const char *layer, const char *name, const fv_parameter *parameter);
/* A further input of a plan's graph, of any shape (targets). */
fv_value *fv_input_shaped(fv_graph *graph, const char *name, const fv_shape *shape);

static inline bool fv_is_leaf(const fv_node *node) { return node->op == &fv_input_op || node->op == &fv_parameter_op; }
static inline const fv_parameter *fv_parameter_of(const fv_node *node) { return node->args; }
static inline bool fv_is_trained(const fv_parameter *info) { return !info->state && !info->treatment.frozen; }

/* Made of frozen parameters alone: what a plan computes once, and again when a parameter has changed. */
bool fv_is_constant(const fv_value *value);

/* "layer4" names the node that is called so, and all in its scope: "layer4.1.relu", not "layer40". `length`: of the scope's name. */
bool fv_is_in_scope(const fv_node *node, const char *scope, size_t length);

/* ---- Building -------------------------------------------------------------------------------------------------- */

/* A node with its outputs' shapes inferred; `args` is copied. Returns its output 0; NULL if an input is NULL (message
 * kept), an argument is out of its table's range, or the operator cannot take these shapes. name may be NULL. */
fv_value *fv_node_new(fv_graph *graph, const fv_op *op, const char *name, const void *args, fv_value *const in[],
                      int n_in);

/* The same before it is in the graph, its arguments checked and no more: for constructors whose parameters' shapes come from
 * the arguments, so that what fails, fails in the operator's name. */
fv_node *fv_node_draft(fv_graph *graph, const fv_op *op, const char *name, const void *args, fv_value *const in[],
                       int n_in);

/* A node that computes gradients of `forward`: it shares its name and its arguments. */
fv_value *fv_node_backward(fv_node *forward, const fv_op *op, fv_value *const in[], int n_in);

/* fv_op.again for an operator that is itself what makes the value once more. */
fv_value *fv_node_again(fv_node *node, fv_value *const in[]);

/* ---- Shapes ---------------------------------------------------------------------------------------------------- */

size_t
fv_shape_count(const fv_shape *shape); /* elements; 1 for a scalar. Never overflows: dims are bounded at building */
bool fv_shape_equal(const fv_shape *a, const fv_shape *b);
/* "[N,3,224,224]" into `text` (size 64); the first dimension of an activation is printed as N where `batch`. */
const char *fv_shape_text(const fv_shape *shape, bool batch, char text[64]);

#define FV_SHAPE(...) ((fv_shape){.rank = sizeof((int[]){__VA_ARGS__}) / sizeof(int), .dim = {__VA_ARGS__}})

#endif
