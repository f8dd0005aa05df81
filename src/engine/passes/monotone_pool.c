/* max_pool(f(x)) = f(max_pool(x)) for a non-decreasing f: the activation then works on the smaller map, and the first
 * maximum is found before rounding can make two equal. */
#include "engine/passes.h"
#include "ops/rooms.h"

bool fv_pass_monotone_pool(const fv_rewrite *r, const fv_node *node, fv_value **out) {
    if (node->op != &fv_max_pool_op) return false;
    const fv_node *f = node->in[0]->node;
    if (!(f->op->flags & FV_OP_MONOTONE) || r->readers[f->id] != 1) return false;
    if (fv_rewritten(r, node->in[0])->node->op != f->op)
        return false; /* another pass has made it part of its producer */
    fv_value *pooled = fv_pool_of(r, node, f->in[0]);
    *out = fv_node_new(r->to, f->op, f->name, f->args, &pooled, 1);
    return true;
}
