/* The order of execution: the graph's own, unused nodes left out, and updates where they cost least. */
#include "core/memory.h"
#include "engine/build.h"

#include <string.h>

/* Below this many bytes of parameters all updates stand at the end: they cost one barrier together. Above it, those of large
 * parameters each stand right after the last reader of weight and gradient, so that the gradient's memory is free again at once. */
enum { UPDATES_TOGETHER_BYTES = 4 << 20, LARGE_BYTES = 64 << 10 };

static bool is_update(const fv_node *node) { return node->op->flags & FV_OP_EFFECT && node->op->written_in; }

void fv_mark_used(const fv_plan *plan, bool *used) {
    const fv_graph *graph = plan->graph;
    if (plan->logits) used[plan->logits->node->id] = true;
    if (plan->gradient) used[plan->gradient->node->id] = true;
    for (int i = 0; i < plan->n_losses; i++) used[plan->losses[i]->node->id] = true;
    for (int id = graph->n_nodes - 1; id >= 0; id--) {
        const fv_node *node = graph->nodes[id];
        used[id] |= (node->op->flags & FV_OP_EFFECT) != 0;
        for (int i = 0; i < node->n_in && used[id]; i++) used[node->in[i]->node->id] = true;
    }
}

static size_t bytes_of(const fv_value *parameter) { return fv_shape_count(&parameter->shape) * sizeof(float); }

static size_t parameter_bytes(const fv_graph *graph) {
    size_t bytes = 0;
    for (int id = 0; id < graph->n_nodes; id++)
        if (graph->nodes[id]->op == &fv_parameter_op) bytes += bytes_of(&graph->nodes[id]->out[0]);
    return bytes;
}

/* The last node, updates aside, that an update has to wait for: it reads its parameter or makes another input. Leaves (the
 * rule's slots, which stand behind the backward pass) are there from the start. */
static int waits_for(const fv_graph *graph, const bool *used, const fv_node *update) {
    int last = 0;
    for (int i = 0; i < update->n_in; i++)
        if (!fv_is_leaf(update->in[i]->node) && update->in[i]->node->id > last) last = update->in[i]->node->id;
    for (int id = last + 1; id < graph->n_nodes; id++) {
        const fv_node *node = graph->nodes[id];
        if (!used[id] || is_update(node)) continue;
        for (int i = 0; i < node->n_in; i++)
            if (node->in[i] == update->in[0]) last = id;
    }
    return last;
}

static int place(const fv_plan *plan, const bool *used, int *after, int *order) {
    const fv_graph *graph = plan->graph;
    bool together = parameter_bytes(graph) <= UPDATES_TOGETHER_BYTES;
    int n = 0;
    for (int id = 0; id < graph->n_nodes; id++) {
        const fv_node *node = graph->nodes[id];
        bool update = used[id] && is_update(node);
        bool early = update && !together && bytes_of(node->in[0]) >= LARGE_BYTES;
        after[id] = early ? waits_for(graph, used, node) : update ? graph->n_nodes - 1 : -1;
    }
    for (int id = 0; id < graph->n_nodes; id++) {
        const fv_node *node = graph->nodes[id];
        if (used[id] && !fv_is_leaf(node) && !is_update(node)) order[n++] = id;
        for (int update = 0; update < graph->n_nodes; update++)
            if (after[update] == id) order[n++] = update;
    }
    return n;
}

int fv_order_steps(const fv_plan *plan, int *order) {
    size_t n_nodes = (size_t)plan->graph->n_nodes;
    bool *used = FV_NEW_N(bool, n_nodes);
    int *after = FV_NEW_N(int, n_nodes);
    int n = -1;
    if (used && after) {
        fv_mark_used(plan, used);
        n = place(plan, used, after, order);
    }
    fv_free(used);
    fv_free(after);
    return n;
}
