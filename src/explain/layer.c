/* Which layer's maps are looked at: found in the graph, so that networks built by hand need no table. */
#include "core/memory.h"
#include "core/suggest.h"
#include "engine/model.h"
#include "explain/explain.h"
#include "ops/rooms.h"

#include <string.h>

static bool is_map(const fv_value *value) {
    const fv_shape *s = &value->shape;
    return s->rank == 4 && s->dim[2] * s->dim[3] > 1;
}

static bool is_pool(const fv_node *node) {
    return node->op == &fv_max_pool_op || node->op == &fv_avg_pool_op || node->op == &fv_global_avg_pool_op;
}

/* What lies behind the pools is coarser than what they are made of, and what is before the last layers with a position is
 * less of the class: the way back from the logits ends at the first map that is not a pool's. */
static fv_status last_map(const fv_model *model, const fv_value **layer) {
    const fv_value *value = model->logits;
    while (!fv_is_leaf(value->node) && (!is_map(value) || is_pool(value->node))) value = value->node->in[0];
    if (fv_is_leaf(value->node))
        return fv_fail(FV_BAD_ARGUMENT, "%s: no layer gives maps of more than one position: there is nothing to show",
                       fv_model_network(model));
    *layer = value;
    return FV_OK;
}

static bool is_listed(const char *const *names, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

static fv_status no_such_layer(const fv_graph *graph, const char *name) {
    size_t n = 0;
    const char **names = FV_NEW_N(const char *, (size_t)graph->n_nodes);
    if (!names) return FV_NO_MEMORY;
    for (int id = 0; id < graph->n_nodes; id++) {
        const fv_node *node = graph->nodes[id];
        bool fits = node->used && !fv_is_leaf(node) && is_map(&node->out[0]);
        if (fits && !is_listed(names, n, node->name)) names[n++] = node->name;
    }
    fv_status status = fv_fail_unknown("layer with maps", name, names, n);
    fv_free(names);
    return status;
}

fv_status fv_explained_layer(const fv_model *model, const char *name, const fv_value **layer) {
    const fv_graph *graph = model->graph;
    if (!name) return last_map(model, layer);
    for (int id = graph->n_nodes - 1; id >= 0; id--) {
        const fv_node *node = graph->nodes[id];
        if (!node->used || fv_is_leaf(node) || !fv_is_in_scope(node, name, strlen(name))) continue;
        char text[64];
        *layer = &node->out[0];
        if (is_map(*layer)) return FV_OK;
        return fv_fail(FV_BAD_ARGUMENT,
                       "layer \"%s\" of %s gives %s, no maps of more than one position: name one before it", name,
                       fv_model_network(model), fv_shape_text(&(*layer)->shape, true, text));
    }
    return no_such_layer(graph, name);
}
