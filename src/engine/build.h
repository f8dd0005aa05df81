/* What the stages of planning hand to each other. Internal to src/engine/. */
#ifndef ENGINE_BUILD_H
#define ENGINE_BUILD_H

#include "engine/plan.h"

/* The memory of one value. */
typedef struct fv_slot {
    fv_layout layout;
    size_t bytes;          /* one part */
    int first, last;       /* phases between which it is alive; first > last: not used */
    int reader;            /* index of the last step that reads it; -1: none */
    bool keep;             /* an output of the plan: alive to the end */
    bool constant;         /* depends on frozen parameters alone: made by the prologue */
    struct fv_slot *alias; /* lies in the memory of that one; NULL: its own */
    void *external;        /* memory that is not the plan's: a parameter; inputs are bound at each run */
    size_t offset;         /* in the arena */
} fv_slot;

/* When a step ran, in seconds. */
typedef struct fv_timing {
    double total, began, took; /* of all profiled runs; of the last time that it ran, by fv_seconds() */
} fv_timing;

typedef struct fv_segment {
    int begin, end; /* steps */
    bool solo;      /* one step outside the team */
} fv_segment;

struct fv_plan {
    fv_model *model;
    fv_plan_args args;
    fv_graph *graph; /* owned */
    fv_value *input, *target, *logits;
    fv_value *observed, *gradient;          /* args.observe in this graph; NULL: none is asked for */
    fv_value *losses[1 + FV_MAX_AUXILIARY]; /* of the logits, and of auxiliary heads; weighted already */
    int n_losses;

    fv_step **steps;               /* owned, in order; the first n_prologue make constants */
    fv_value *(*reads)[FV_MAX_IN]; /* [step]: the values behind step->in, conversions resolved */
    int n_steps, n_prologue, capacity;
    fv_timing *timings; /* by step, since fv_plan_profile; NULL: not asked for */
    double began;       /* the last run, by fv_seconds() */
    int profiled;       /* runs */
    fv_segment *segments;
    int n_segments, first_segment; /* segments before first_segment are the prologue's */

    void ***uses[2]; /* where steps hold the pointers to x and to the target: set at each run */
    int n_uses[2];

    fv_slot *slots; /* [node id][FV_MAX_OUT] */
    int n_slots;
    unsigned char *arena;
    size_t arena_bytes, arena_mapped;

    fv_param **pinned; /* the model's parameters this plan relies on */
    int n_pinned;
    uint64_t *versions; /* of pinned[], when the prologue last ran */
    bool refreshed;

    fv_run_env env;
    _Atomic(const fv_node *) bad_node;
    fv_status failure; /* of the last run's solo steps */
};

static inline fv_slot *fv_slot_of(const fv_plan *plan, const fv_value *value) {
    return &plan->slots[value->node->id * FV_MAX_OUT + value->index];
}

static inline fv_slot *fv_slot_root(fv_slot *slot) {
    while (slot->alias) slot = slot->alias;
    return slot;
}

/* Parameters and their gradients, scalars, opaque outputs: no activation layout applies. */
static inline bool fv_is_parameter_like(const fv_value *value) {
    const fv_op *op = value->node->op;
    return op == &fv_parameter_op || value->shape.rank < 2 || (op->weight_out >> value->index & 1);
}
static inline bool fv_is_opaque(const fv_value *value) { return value->node->op->opaque_out >> value->index & 1; }
static inline bool fv_is_activation(const fv_value *value) {
    return !fv_is_parameter_like(value) && !fv_is_opaque(value);
}

/* Reads what lies as its forward node's outputs do, and makes what lies as that one's inputs. A node that makes a map again is none. */
static inline bool fv_is_backward(const fv_node *node) { return node->forward && !node->again; }

/* Of a tensor's memory, one part. */
size_t fv_bytes_in(const fv_shape *shape, const fv_layout *layout);
/* Parts aside. */
bool fv_same_layout(const fv_layout *a, const fv_layout *b);

/* The layout in which a node reads its activation input i, given the layouts of its family: of the forward node's inputs
 * (`in`) and of its outputs (`out`). A backward node reads forward inputs as the forward node did, all else as outputs. */
static inline fv_layout_kind fv_input_layout(const fv_node *node, int i, fv_layout_kind in, fv_layout_kind out) {
    if (!fv_is_backward(node)) return in;
    const fv_value *x = node->in[i]->node->again ? &node->in[i]->node->forward->out[0] : node->in[i];
    for (int j = 0; j < node->forward->n_in; j++)
        if (node->forward->in[j] == x) return in;
    return out;
}

/* ---- The stages, in order ---------------------------------------------------------------------------------------- */

/* Copies the model's graph, applies the passes, adds loss, gradients and updates: plan->graph, input, target, logits, losses. */
fv_status fv_build_graph(fv_plan *plan);

/* Has cheap maps made again in the backward pass, where that lowers the peak of memory. `n_forward`: nodes of the graph that are
 * the forward pass. */
fv_status fv_rematerialise(fv_plan *plan, int n_forward);

/* By node id: whether anything that the plan is for depends on the node. */
void fv_mark_used(const fv_plan *plan, bool *used);

/* Which nodes run, in which order: ids into order[graph->n_nodes]; returns how many, -1 for FV_NO_MEMORY. Leaves and
 * unused nodes do not run. */
int fv_order_steps(const fv_plan *plan, int *order);

/* What runs a node: a kernel (NULL for leaves) in one of its variants. */
typedef struct fv_choice {
    const fv_kernel *kernel;
    int variant; /* as fv_step has it */
    bool tuned;  /* by measurement, not by cost */
} fv_choice;

/* A choice for each node of the graph, by cost. `refused` lists kernels that have already said no. */
typedef struct fv_refusal {
    const fv_node *forward;  /* of the family */
    const fv_kernel *kernel; /* of its forward node; NULL: what was tuned */
} fv_refusal;
fv_status fv_choose_kernels(const fv_plan *plan, const int *order, int n_order, const fv_refusal *refused,
                            int n_refused, fv_choice *chosen);

/* Puts what plan->args.tuning says in the place of what was chosen by cost: kernels for the same layouts. */
fv_status fv_tune_kernels(const fv_plan *plan, const int *order, int n_order, const fv_refusal *refused, int n_refused,
                          fv_choice *chosen);

/* Steps with the reorders between them, planned: plan->steps, n_prologue; slots with layouts and bytes. */
fv_status fv_lower(fv_plan *plan);

/* Aliases, barriers and phases, segments. */
fv_status fv_phases(fv_plan *plan);

/* Offsets in one arena by liveness; reserves it and sets the steps' pointers. */
fv_status fv_plan_memory(fv_plan *plan);

#endif
