/* The graph that a plan runs: the model's with its real batch size, rewritten by the passes, and for training with loss,
 * gradients and updates behind it. */
#include "core/memory.h"
#include "engine/autodiff.h"
#include "engine/build.h"
#include "engine/passes.h"

#include <string.h>

enum { INFERENCE = 1, TRAINING = 2, ALWAYS = INFERENCE | TRAINING };

static const struct {
    fv_pass pass;
    int when;
} passes[] = {
#define FV_PASS(name, when) {fv_pass_##name, when},
#include "engine/passes/passes.def"
#undef FV_PASS
};

/* ---- Rewriting ------------------------------------------------------------------------------------------------------ */

static fv_value *copy_leaf(const fv_rewrite *r, const fv_node *node, int batch) {
    fv_value *value;
    if (node->op == &fv_input_op) {
        fv_shape shape = node->out[0].shape;
        shape.dim[0] = batch;
        value = fv_input_shaped(r->to, node->name, &shape);
        if (value && node->graph->input == &node->out[0]) r->to->input = value;
        return value;
    }
    value = fv_node_new(r->to, node->op, node->name, node->args, NULL, 0);
    if (value) value->node->param = node->param;
    return value;
}

/* A node as it is, or in its inference form. */
static fv_value *copy_node(const fv_rewrite *r, const fv_node *node) {
    fv_value *in[FV_MAX_IN];
    for (int i = 0; i < node->n_in; i++) in[i] = fv_rewritten(r, node->in[i]);
    if (r->inference && node->op->at_inference) return node->op->at_inference(node, r->to, in);
    return fv_node_new(r->to, node->op, node->name, node->args, in, node->n_in);
}

static fv_value *rewrite_node(const fv_rewrite *r, const fv_node *node, const fv_plan_args *args) {
    fv_value *out;
    if (fv_is_leaf(node)) return copy_leaf(r, node, args->batch);
    for (int p = 0; p < FV_COUNT(passes) && !args->reference; p++)
        if (passes[p].when & (r->inference ? INFERENCE : TRAINING) && passes[p].pass(r, node, &out)) return out;
    return copy_node(r, node);
}

/* The copy; *logits is what stands for the model's. */
static fv_status rewrite(fv_rewrite *r, const fv_model *model, const fv_plan_args *args, fv_value **logits) {
    for (int id = 0; id < r->from->n_nodes; id++) {
        const fv_node *node = r->from->nodes[id];
        fv_value *out = rewrite_node(r, node, args);
        if (!out) return fv_last_status();
        fv_value **map = &r->map[id * FV_MAX_OUT];
        map[0] = out;
        if (out->node->op == node->op)
            for (int i = 1; i < node->n_out; i++) map[i] = &out->node->out[i];
    }
    *logits = fv_rewritten(r, model->logits);
    return FV_OK;
}

static void count_readers(const fv_graph *graph, const fv_value *logits, int *readers) {
    for (int id = 0; id < graph->n_nodes; id++)
        for (int i = 0; i < graph->nodes[id]->n_in; i++) readers[graph->nodes[id]->in[i]->node->id]++;
    readers[logits->node->id]++;
}

static fv_status copy_rewritten(fv_plan *plan) {
    const fv_graph *from = plan->model->graph;
    size_t n_nodes = (size_t)from->n_nodes;
    int *readers = FV_NEW_N(int, n_nodes);
    fv_rewrite r = {.from = from, .readers = readers, .inference = plan->args.updates == NULL};
    r.map = FV_NEW_N(fv_value *, n_nodes * FV_MAX_OUT);
    r.to = plan->graph = fv_graph_new(from->name);
    fv_status status = readers && r.map && r.to ? FV_OK : FV_NO_MEMORY;
    if (status == FV_OK) {
        count_readers(from, plan->model->logits, readers);
        status = rewrite(&r, plan->model, &plan->args, &plan->logits);
    }
    fv_free(readers);
    fv_free(r.map);
    plan->input = status == FV_OK ? plan->graph->input : NULL;
    return status;
}

/* ---- Loss, gradients, updates ------------------------------------------------------------------------------------------ */

static fv_status add_loss(fv_plan *plan) {
    const fv_plan_args *args = &plan->args;
    plan->target = fv_input_shaped(plan->graph, "target", &plan->logits->shape);
    plan->loss = plan->target ? args->loss(args->user, plan->graph, plan->logits, plan->target) : NULL;
    return plan->loss ? FV_OK : fv_last_status();
}

static fv_status add_training(fv_plan *plan) {
    int n_forward = plan->graph->n_nodes;
    fv_value **grads = FV_NEW_N(fv_value *, (size_t)n_forward);
    if (!grads) return FV_NO_MEMORY;
    fv_status status = fv_autodiff(plan->graph, plan->loss, grads);
    if (status == FV_OK) status = plan->args.updates(plan->args.user, plan->graph, grads, n_forward);
    fv_free(grads);
    return status;
}

fv_status fv_build_graph(fv_plan *plan) {
    FV_TRY(copy_rewritten(plan));
    if (plan->args.loss) FV_TRY(add_loss(plan));
    return plan->args.updates ? add_training(plan) : FV_OK;
}
