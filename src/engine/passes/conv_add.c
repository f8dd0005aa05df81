/* add(conv(x), skip) at inference: the convolution adds the skip as it stores. It must not have an activation of its own. */
#include "engine/passes.h"
#include "ops/fused.h"
#include "ops/rooms.h"

/* Input i of the add as a convolution that can take the other one in; NULL: it is none. */
static const fv_node *convolution(const fv_rewrite *r, const fv_node *add, int i) {
    const fv_node *made = fv_rewritten(r, add->in[i])->node;
    if (made->op != &fv_conv2d_op || r->readers[add->in[i]->node->id] != 1) return NULL;
    const fv_conv2d_node_args *args = made->args;
    return args->activation == FV_ACTIVATION_NONE && !args->has_skip ? made : NULL;
}

bool fv_pass_conv_add(const fv_rewrite *r, const fv_node *node, fv_value **out) {
    if (node->op != &fv_add_op) return false;
    for (int i = 0; i < 2; i++) {
        const fv_node *conv = convolution(r, node, i);
        if (!conv) continue;
        fv_conv2d_node_args args = *(const fv_conv2d_node_args *)conv->args;
        fv_value *in[4] = {conv->in[0], conv->in[1], args.has_bias ? conv->in[2] : NULL};
        args.has_skip = true;
        in[conv->n_in] = fv_rewritten(r, node->in[1 - i]);
        *out = fv_node_new(r->to, conv->op, conv->name, &args, in, conv->n_in + 1);
        return true;
    }
    return false;
}
