/* max_pool(conv(x)) of few channels becomes one node (ops/conv2d_max_pool.c), which the batch-innermost kernels do without
 * the full map. With many channels the blocked kernels are ahead, and the pair stays as it is. */
#include "engine/passes.h"
#include "ops/fused.h"
#include "ops/pool.h"
#include "ops/rooms.h"

#include <string.h>

enum { FEW_CHANNELS = 32 };

/* 2x2, stride 2, nothing else. */
static bool is_halving(const fv_node *pool) {
    static const fv_window halving = {.kernel = {2, 2}, .stride = {2, 2}, .dilation = {1, 1}};
    const fv_pool_node_args *args = pool->args;
    return memcmp(&args->window, &halving, sizeof halving) == 0 && !args->ceil_mode;
}

static bool fits(const fv_node *conv) {
    const fv_conv2d_node_args *args = conv->args;
    const int *x = conv->in[0]->shape.dim, *y = conv->out[0].shape.dim;
    return args->groups == 1 && args->activation == FV_ACTIVATION_NONE && !args->has_skip && x[1] <= FEW_CHANNELS &&
           y[1] <= FEW_CHANNELS && y[2] >= 2 && y[3] >= 2;
}

fv_value *fv_pool_of(const fv_rewrite *r, const fv_node *pool, const fv_value *input) {
    fv_value *x = fv_rewritten(r, input);
    const fv_node *conv = x->node;
    bool sole = r->readers[input->node->id] == 1 && input->node->op == &fv_conv2d_op && conv->op == &fv_conv2d_op;
    if (sole && is_halving(pool) && fits(conv))
        return fv_node_new(r->to, &fv_conv2d_max_pool_op, conv->name, conv->args, conv->in, conv->n_in);
    const fv_op *op = r->still[pool->id] ? &fv_max_pool_inference_op : pool->op;
    return fv_node_new(r->to, op, pool->name, pool->args, &x, 1);
}

bool fv_pass_conv_max_pool(const fv_rewrite *r, const fv_node *node, fv_value **out) {
    if (node->op != &fv_max_pool_op) return false;
    *out = fv_pool_of(r, node, node->in[0]);
    return true;
}
