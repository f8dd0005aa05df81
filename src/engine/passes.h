/* Rewritings of a plan's graph, one a file in passes/. Each is given a copy under construction: node by node, in order, it
 * may put something else in the place of what the model's graph says. All run before autodiff, so that gradients follow. */
#ifndef ENGINE_PASSES_H
#define ENGINE_PASSES_H

#include "graph/op.h"

/* A rewriting in progress: `from` is walked, `to` is built; map[id] is what stands for output 0 of node id. */
typedef struct fv_rewrite {
    const fv_graph *from;
    fv_graph *to;
    fv_value **map;     /* [from id][FV_MAX_OUT] */
    const int *readers; /* [from id]: how many inputs read output 0 of the node; an output of the plan has one more */
    bool *still;        /* [from id]: no gradient passes through: the passes of inference apply */
    bool *needed;       /* [from id]: what the plan is for depends on it */
    bool inference;
} fv_rewrite;

/* The value in `to` that stands for a value of `from`. */
static inline fv_value *fv_rewritten(const fv_rewrite *r, const fv_value *value) {
    return r->map[value->node->id * FV_MAX_OUT + value->index];
}

/* The node that makes input i, if it is of kind `op` and nobody else reads it; else NULL. */
static inline fv_node *fv_sole_input(const fv_rewrite *r, const fv_node *node, int i, const fv_op *op) {
    fv_node *maker = node->in[i]->node;
    bool cut = fv_is_leaf(fv_rewritten(r, node->in[i])->node); /* what plan_args.from stands for */
    return maker->op == op && !cut && node->in[i]->index == 0 && r->readers[maker->id] == 1 ? maker : NULL;
}

/* A pass looks at one node: if the rewriting applies, *out is the value in `to` for its output 0 (NULL after a failure,
 * with the message recorded) and it returns true. */
typedef bool (*fv_pass)(const fv_rewrite *r, const fv_node *node, fv_value **out);

/* The pool node applied to a value of `from`, with its convolution in one where that pays (conv_max_pool.c). */
fv_value *fv_pool_of(const fv_rewrite *r, const fv_node *pool, const fv_value *input);

#define FV_PASS(name, when) bool fv_pass_##name(const fv_rewrite *r, const fv_node *node, fv_value **out);
#include "engine/passes/passes.def"
#undef FV_PASS

#endif
