/* Where a frozen backbone ends: the one value through which all that training changes sees the image. */
#include "engine/cut.h"

#include "core/memory.h"
#include "ops/rooms.h"

/* True if the node gives the same for an image in every step: nothing trained and nothing random lies behind it. */
static bool is_settled(const fv_node *node, const bool *settled, const fv_plan_args *args) {
    if (node->op == &fv_dropout_op) return false;
    if (node->op == &fv_parameter_op)
        return fv_parameter_of(node)->state || (args->treatment && args->treatment(args->user, node->param).frozen);
    bool all = true;
    for (int i = 0; i < node->n_in; i++) all = all && settled[node->in[i]->node->id];
    return all;
}

/* The settled values that the node reads, but for parameters: *cut is the only one so far, *n how many different there are. */
static void look_at_inputs(const fv_node *node, const bool *settled, const fv_value **cut, int *n) {
    for (int i = 0; i < node->n_in; i++) {
        const fv_value *value = node->in[i];
        if (value->node->op == &fv_parameter_op || !settled[value->node->id] || value == *cut) continue;
        *cut = value;
        ++*n;
    }
}

fv_status fv_cut(const fv_model *model, const fv_plan_args *args, const fv_value **cut) {
    const fv_graph *graph = model->graph;
    int n = 0;
    bool *settled = FV_NEW_N(bool, (size_t)graph->n_nodes);
    *cut = NULL;
    if (!settled) return FV_NO_MEMORY;
    for (int id = 0; id < graph->n_nodes; id++) {
        settled[id] = is_settled(graph->nodes[id], settled, args);
        if (!settled[id]) look_at_inputs(graph->nodes[id], settled, cut, &n);
    }
    fv_free(settled);
    if (n != 1 || fv_is_leaf((*cut)->node) || (*cut)->index > 0) *cut = NULL;
    return FV_OK;
}
