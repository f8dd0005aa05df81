/* What an operator is: one table of facts and functions. A room in src/ops/ defines one or more (forward, backward data,
 * backward weights); ops.def lists them all.
 *
 * A room holds, in this order: a head comment (formula, shapes, gradient, tie and padding rules); the table of its
 * arguments; infer; grad; its kernels; ref; its fv_op tables; the public constructor. */
#ifndef GRAPH_OP_H
#define GRAPH_OP_H

#include "graph/graph.h"

/* ---- Arguments -------------------------------------------------------------------------------------------------- */

typedef enum fv_arg_type { FV_ARG_INT, FV_ARG_FLOAT, FV_ARG_BOOL } fv_arg_type;

/* One argument: where it lies in the node's argument struct, and what it may be. From this table come the range checks,
 * the model file's `graph`, the docs, and later ONNX. */
typedef struct fv_arg {
    const char *name;
    const char *onnx; /* ONNX's name for it; NULL: none */
    fv_arg_type type;
    int count; /* 1, or the length of the array */
    size_t offset;
    double min, max;
    double standard;  /* what it is when a file does not say */
    const char *help; /* one line, with the unit */
    bool fused;       /* set by passes alone: no network that is saved has it, no file may set it */
} fv_arg;

#define FV_ARG_ROW(type_, struct_, field, onnx_, count_, min_, max_, standard_, help_) \
    { #field, onnx_, type_, count_, offsetof(struct_, field), min_, max_, standard_, help_, false }
#define FV_ARG_FUSED_ROW(type_, struct_, field, min_, max_, help_) \
    { #field, NULL, type_, 1, offsetof(struct_, field), min_, max_, 0, help_, true }

/* ---- The operator -------------------------------------------------------------------------------------------------- */

enum {
    FV_OP_IN_PLACE = 1,       /* output 0 may take the memory of input 0, same layout, when nobody reads that later */
    FV_OP_MONOTONE = 2,       /* element-wise and non-decreasing: commutes with max pooling */
    FV_OP_EFFECT = 4,         /* has an effect beside its outputs (an update): never removed as unused */
    FV_OP_ANY_LAYOUT = 8,     /* takes each parameter input as it lies, in any layout and number of parts */
    FV_OP_SAME_LAYOUT = 16,   /* so input 0; takes the other parameter inputs as input 0 lies, in any number of parts */
    FV_OP_LAST_IN_PLACE = 32, /* the last output may take the memory of input 1 likewise */
};

struct fv_run_env; /* ops/kernel.h */
struct fv_kernel;

struct fv_op {
    const char *name;
    const char *onnx; /* ONNX operator, or the chain of them; NULL: no layer that networks are built of */
    const fv_arg *args;
    int n_args;
    size_t args_size;
    int min_in, max_in, n_out;
    unsigned flags;
    unsigned
        weight_out; /* bit i: output i is a parameter's gradient, or otherwise laid out like a parameter; of rank 0: there
                            is no such parameter, nobody reads or writes it */
    unsigned
        opaque_out; /* bit i: output i means something only to this room's own backward (indices, masks, workspace) */
    unsigned written_in;   /* bit i: input i, a parameter leaf, is updated in place */
    unsigned parameter_in; /* of an operator of networks: bit i: input i is a parameter leaf; others are activations */

    /* Shapes of the outputs from node->in[]->shape and node->args (and node->forward). */
    fv_status (*infer)(const fv_node *node, fv_shape out[]);

    /* Emits the nodes of the gradient: given dy[i] for output i (NULL: no gradient reaches it), sets dx[i] for each input
     * with needs_grad (others stay NULL). NULL: not differentiable (or a backward node). */
    fv_status (*grad)(fv_node *node, fv_value *const dy[], fv_value *dx[]);

    /* Makes output 0 once more in the backward pass, of in[], which stand for the node's inputs, and of its other outputs: a
     * node with `forward` set, whose kernels keep the layout. For what takes one pass over memory, so that output 0 need not be
     * kept (engine/rematerialise.c). NULL: it is kept. */
    fv_value *(*again)(fv_node *node, fv_value *const in[]);

    /* What stands in its place at inference, given the inputs there; NULL: the operator itself. Dropout returns in[0]. */
    fv_value *(*at_inference)(const fv_node *node, fv_graph *graph, fv_value *const in[]);

    /* Multiply-accumulates for the node's shapes (convolutions and linear layers); NULL: not counted. */
    size_t (*macs)(const fv_node *node);
    /* The fewest by any algorithm that this library knows, what transforms come to left out; NULL: macs. For bounds of time. */
    size_t (*least_macs)(const fv_node *node);

    /* The definition: naive loops in double, every tensor in the plain layout. It may cast the const of an input in
     * written_in away and update it: the caller gave it a copy of its own, and takes that back. */
    void (*ref)(const fv_node *node, const double *const in[], double *const out[], const struct fv_run_env *env);

    /* Fast ways of doing it, any order; the layout pass chooses. */
    const struct fv_kernel *kernels;
    int n_kernels;
    /* Names of a kernel's variants, between which it chooses by a rule of its own unless told (step->variant); NULL past the last.
     * NULL: no kernel has any. */
    const char *(*variant)(const struct fv_kernel *kernel, int index);
};

extern const fv_op *const fv_ops[];         /* all of ops.def, NULL-terminated */
const fv_op *fv_op_named(const char *name); /* NULL: no such operator */

/* "lenet/conv2 conv2d: <message>": the failing node in front. For infer and plan functions. */
fv_status fv_fail_node(fv_status code, const fv_node *node, const char *format, ...) FV_PRINTF(3, 4);

#define FV_COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

#endif
