/* batch_norm(conv(x)) at inference becomes one convolution with folded weights (ops/fold_batch_norm.c). */
#include "engine/passes.h"
#include "ops/fused.h"
#include "ops/rooms.h"

bool fv_pass_fold_batch_norm(const fv_rewrite *r, const fv_node *node, fv_value **out) {
    enum { X, GAMMA, BETA, MEAN, VARIANCE, BATCH_NORM_INPUTS };
    if (node->op != &fv_batch_norm_op || !fv_sole_input(r, node, X, &fv_conv2d_op)) return false;
    const fv_node *conv = fv_rewritten(r, node->in[X])->node;
    fv_conv2d_node_args args = *(const fv_conv2d_node_args *)conv->args;
    fv_value *in[BATCH_NORM_INPUTS + 1] = {conv->in[1]};
    for (int i = GAMMA; i < BATCH_NORM_INPUTS; i++) in[i] = fv_rewritten(r, node->in[i]);
    if (args.has_bias) in[BATCH_NORM_INPUTS] = conv->in[2];
    fv_value *w = fv_fold_batch_norm_node(r->to, node->name, ((const fv_batch_norm_node_args *)node->args)->epsilon, in,
                                          args.has_bias);
    *out = NULL;
    if (!w) return true;
    args.has_bias = true;
    *out = fv_node_new(r->to, conv->op, conv->name, &args, (fv_value *[]){conv->in[0], w, &w->node->out[1]}, 3);
    return true;
}
