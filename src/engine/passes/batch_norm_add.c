/* add(batch_norm(x), skip) in training becomes one node, which a ReLU behind it then joins (batch_norm_activation.c): the end of
 * a residual block reads and writes each map once. */
#include "engine/passes.h"
#include "ops/fused.h"
#include "ops/rooms.h"

/* Input i of the add as a batch norm that can take the other one in; NULL: it is none. */
static const fv_node *batch_norm(const fv_rewrite *r, const fv_node *add, int i) {
    if (!fv_sole_input(r, add, i, &fv_batch_norm_op)) return NULL;
    const fv_node *norm = fv_rewritten(r, add->in[i])->node;
    return norm->op == &fv_batch_norm_op ? norm : NULL;
}

bool fv_pass_batch_norm_add(const fv_rewrite *r, const fv_node *node, fv_value **out) {
    if (node->op != &fv_add_op) return false;
    for (int i = 0; i < 2; i++) {
        const fv_node *norm = batch_norm(r, node, i);
        if (!norm) continue;
        fv_batch_norm_node_args args = *(const fv_batch_norm_node_args *)norm->args;
        fv_value *in[FV_MAX_IN];
        for (int k = 0; k < norm->n_in; k++) in[k] = norm->in[k];
        in[norm->n_in] = fv_rewritten(r, node->in[1 - i]);
        args.has_skip = true;
        *out = fv_node_new(r->to, norm->op, norm->name, &args, in, norm->n_in + 1);
        return true;
    }
    return false;
}
