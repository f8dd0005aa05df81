/* f(conv(x)) at inference, f one of ops/activation.h: the convolution applies it as it stores. What reads as a convolution
 * here may already have a batch norm folded into it, or a skip added. */
#include "engine/passes.h"
#include "ops/fused.h"
#include "ops/rooms.h"

bool fv_pass_conv_activation(const fv_rewrite *r, const fv_node *node, fv_value **out) {
    fv_activation f = fv_activation_of(node);
    if (f == FV_ACTIVATION_NONE) return false;
    const fv_node *conv = fv_rewritten(r, node->in[0])->node;
    if (conv->op != &fv_conv2d_op || r->readers[node->in[0]->node->id] != 1) return false;
    fv_conv2d_node_args args = *(const fv_conv2d_node_args *)conv->args;
    if (args.activation != FV_ACTIVATION_NONE) return false;
    args.activation = f;
    if (f == FV_ACTIVATION_LEAKY_RELU) args.slope = ((const fv_leaky_relu_node_args *)node->args)->slope;
    *out = fv_node_new(r->to, conv->op, conv->name, &args, conv->in, conv->n_in);
    return true;
}
