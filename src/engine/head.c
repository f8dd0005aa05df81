/* A network's head: what is made anew for other classes, and trained where the rest, the backbone, stays as it is. */
#include "engine/model.h"

static bool has_parameters(const fv_node *node) {
    for (int i = 0; i < node->n_in; i++)
        if (node->in[i]->node->op == &fv_parameter_op) return true;
    return false;
}

/* The last layer with parameters before the logits; between them stand pools and activations, which have one input. */
static const fv_node *last_layer(const fv_value *logits) {
    const fv_node *node = logits->node;
    while (!has_parameters(node) && node->n_in > 0) node = node->in[0]->node;
    return node;
}

bool fv_in_head(const fv_model *model, const fv_node *leaf) {
    const fv_node *head = last_layer(model->logits);
    for (int i = 0; i < head->n_in; i++)
        if (head->in[i]->node == leaf) return true;
    return !leaf->used;
}
