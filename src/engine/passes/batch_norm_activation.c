/* f(batch_norm(x)) becomes one node, f one of ops/activation.h but the leaky ReLU; in training no second map is kept for the
 * backward pass. What reads as a batch norm may have been folded into a convolution by then, and an add may have become one
 * (batch_norm_add.c), to which the ReLU alone can be joined. */
#include "engine/passes.h"
#include "ops/fused.h"
#include "ops/rooms.h"

bool fv_pass_batch_norm_activation(const fv_rewrite *r, const fv_node *node, fv_value **out) {
    fv_activation f = fv_activation_of(node);
    if (f == FV_ACTIVATION_NONE || f == FV_ACTIVATION_LEAKY_RELU) return false;
    const fv_op *made = node->in[0]->node->op;
    if ((made != &fv_batch_norm_op && made != &fv_add_op) || !fv_sole_input(r, node, 0, made)) return false;
    const fv_node *norm = fv_rewritten(r, node->in[0])->node;
    bool frozen = norm->op == &fv_batch_norm_inference_op; /* its gradient is of the norm alone */
    if (norm->op != &fv_batch_norm_op && !(frozen && r->still[node->id])) return false;
    fv_batch_norm_node_args args = *(const fv_batch_norm_node_args *)norm->args;
    if (args.has_skip && f != FV_ACTIVATION_RELU) return false;
    args.activation = f;
    *out = fv_node_new(r->to, norm->op, norm->name, &args, norm->in, norm->n_in);
    return true;
}
