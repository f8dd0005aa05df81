/* Reverse-mode differentiation on the graph itself: gradients are ordinary nodes, so that fusion, layout and memory passes
 * see the backward pass as plain graph (Griewank and Walther, "Evaluating Derivatives", 2nd ed., ch. 3). */
#include "engine/autodiff.h"

#include "core/memory.h"
#include "ops/rooms.h"

/* A value needs a gradient when a trained parameter, or the node `end`, lies behind it. */
static void mark_needs_grad(fv_graph *graph, const fv_node *end) {
    for (int id = 0; id < graph->n_nodes; id++) {
        fv_node *node = graph->nodes[id];
        bool needs = node == end || (node->op == &fv_parameter_op && fv_is_trained(fv_parameter_of(node)));
        for (int i = 0; i < node->n_in; i++) needs |= node->in[i]->needs_grad;
        for (int i = 0; i < node->n_out; i++) node->out[i].needs_grad = needs;
    }
}

/* Adds one more contribution to the gradient of a value. */
static fv_status accumulate(fv_graph *graph, fv_value **total, fv_value *more) {
    if (!*total) {
        *total = more;
        return FV_OK;
    }
    fv_value *sum = fv_node_new(graph, &fv_add_op, NULL, NULL, (fv_value *[]){*total, more}, 2);
    if (!sum) return fv_last_status();
    *total = sum;
    return FV_OK;
}

typedef fv_value *gradients[FV_MAX_OUT]; /* of a node's outputs */

/* The gradients of a node's inputs, from those of its outputs. */
static fv_status through(fv_node *node, gradients *of) {
    fv_value *dx[FV_MAX_IN] = {0};
    FV_TRY(node->op->grad(node, of[node->id], dx));
    for (int i = 0; i < node->n_in; i++) {
        const fv_value *x = node->in[i];
        if (dx[i]) FV_TRY(accumulate(node->graph, &of[x->node->id][x->index], dx[i]));
    }
    return FV_OK;
}

static bool any(fv_value *const dy[], int n) {
    for (int i = 0; i < n; i++)
        if (dy[i]) return true;
    return false;
}

static bool is_loss(const fv_node *node, fv_value *const losses[], int n_losses) {
    for (int i = 0; i < n_losses; i++)
        if (losses[i]->node == node) return true;
    return false;
}

/* From the last of the forward pass's nodes down, but not through `end`. */
static fv_status sweep(fv_graph *graph, int n_nodes, gradients *of, fv_value *const losses[], int n_losses,
                       const fv_node *end) {
    for (int id = n_nodes - 1; id >= 0; id--) {
        fv_node *node = graph->nodes[id];
        bool reached = is_loss(node, losses, n_losses) || any(of[id], node->n_out);
        if (!reached || node == end || fv_is_leaf(node) || !node->out[0].needs_grad) continue;
        if (!node->op->grad) return fv_fail_node(FV_UNSUPPORTED, node, "has no gradient");
        FV_TRY(through(node, of));
    }
    return FV_OK;
}

fv_status fv_autodiff(fv_graph *graph, fv_value *const losses[], int n_losses, fv_value **grads) {
    int n_nodes = graph->n_nodes; /* of the forward pass */
    gradients *of = FV_NEW_N(gradients, (size_t)n_nodes);
    if (!of) return FV_NO_MEMORY;
    mark_needs_grad(graph, NULL);

    fv_status status =
        losses[0]->needs_grad
            ? sweep(graph, n_nodes, of, losses, n_losses, NULL)
            : fv_fail(FV_BAD_ARGUMENT, "%s: nothing to train: the loss depends on no trained parameter", graph->name);
    for (int id = 0; id < n_nodes; id++) grads[id] = graph->nodes[id]->op == &fv_parameter_op ? of[id][0] : NULL;
    fv_free(of);
    return status;
}

fv_status fv_autodiff_at(const fv_value *x, const fv_value *y, fv_value *dy, fv_value **dx) {
    fv_graph *graph = x->node->graph;
    gradients *of = FV_NEW_N(gradients, (size_t)graph->n_nodes);
    if (!of) return FV_NO_MEMORY;
    mark_needs_grad(graph, x->node);
    of[y->node->id][y->index] = dy;
    fv_status status = sweep(graph, graph->n_nodes, of, NULL, 0, x->node);
    *dx = of[x->node->id][x->index];
    fv_free(of);
    return status == FV_OK && !*dx ? fv_fail_node(FV_BAD_ARGUMENT, x->node, "no gradient reaches it") : status;
}
