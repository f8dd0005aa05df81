/* relu(batch_norm(x)) in training becomes one node, which keeps no second map for the backward pass. */
#include "engine/passes.h"
#include "ops/fused.h"
#include "ops/rooms.h"

bool fv_pass_batch_norm_relu(const fv_rewrite *r, const fv_node *node, fv_value **out) {
    if (node->op != &fv_relu_op || !fv_sole_input(r, node, 0, &fv_batch_norm_op)) return false;
    const fv_node *norm = fv_rewritten(r, node->in[0])->node;
    fv_batch_norm_node_args args = *(const fv_batch_norm_node_args *)norm->args;
    args.relu = 1;
    *out = fv_node_new(r->to, norm->op, norm->name, &args, norm->in, norm->n_in);
    return true;
}
