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

static fv_value *copy_leaf(const fv_rewrite *r, const fv_node *node, const fv_plan_args *args) {
    fv_value *value;
    if (node->op == &fv_input_op) {
        fv_shape shape = node->out[0].shape;
        shape.dim[0] = args->batch;
        value = fv_input_shaped(r->to, node->name, &shape);
        if (value && node->graph->input == &node->out[0]) r->to->input = value;
        return value;
    }
    fv_parameter info = *fv_parameter_of(node);
    if (r->inference)
        info.treatment.frozen = true;
    else if (args->treatment)
        info.treatment = args->treatment(args->user, node->param);
    value = fv_node_new(r->to, node->op, node->name, &info, NULL, 0);
    if (value) value->node->param = node->param;
    return value;
}

/* A layer of frozen parameters alone: its batch norm is that of inference. */
static bool is_frozen(const fv_rewrite *r, const fv_node *node) {
    bool any = false;
    for (int i = 0; i < node->n_in; i++) {
        const fv_node *leaf = fv_rewritten(r, node->in[i])->node;
        if (leaf->op != &fv_parameter_op || fv_parameter_of(leaf)->state) continue;
        if (!fv_parameter_of(leaf)->treatment.frozen) return false;
        any = true;
    }
    return any;
}

/* A node as it is, or in its inference form. */
static fv_value *copy_node(const fv_rewrite *r, const fv_node *node) {
    fv_value *in[FV_MAX_IN];
    for (int i = 0; i < node->n_in; i++) in[i] = fv_rewritten(r, node->in[i]);
    bool inference = r->inference || is_frozen(r, node);
    if (inference && node->op->at_inference) return node->op->at_inference(node, r->to, in);
    return fv_node_new(r->to, node->op, node->name, node->args, in, node->n_in);
}

static fv_value *rewrite_node(const fv_rewrite *r, const fv_node *node, const fv_plan_args *args) {
    fv_value *out;
    if (fv_is_leaf(node)) return copy_leaf(r, node, args);
    int now = r->still[node->id] ? INFERENCE : TRAINING;
    for (int p = 0; p < FV_COUNT(passes) && !args->reference; p++)
        if (passes[p].when & now && passes[p].pass(r, node, &out)) return out;
    return copy_node(r, node);
}

/* True if neither a trained parameter nor what is observed lies behind the node: the backward pass ends above it. */
static bool is_still(const fv_rewrite *r, const fv_node *node, const fv_value *copy) {
    if (node->op == &fv_parameter_op) return !fv_is_trained(fv_parameter_of(copy->node));
    bool still = true;
    for (int i = 0; i < node->n_in; i++) still = still && r->still[node->in[i]->node->id];
    return still;
}

/* What plan_args.from is in the copy: an input of its shape. */
static fv_value *cut_input(const fv_rewrite *r, const fv_plan_args *args) {
    fv_shape shape = args->from->shape;
    shape.dim[0] = args->batch;
    return r->to->input = fv_input_shaped(r->to, "features", &shape);
}

/* What is observed can itself be made by the passes of inference; the gradient comes down to it. */
static bool is_observed(const fv_node *node, const fv_plan_args *args) {
    return args->observe && args->observe->node == node;
}

static void mark_needed(const fv_rewrite *r, const fv_value *end, const fv_plan_args *args) {
    r->needed[end->node->id] = true;
    for (int i = 0; i < r->from->n_auxiliary && !r->inference; i++)
        r->needed[r->from->auxiliary[i].logits->node->id] = true;
    for (int id = r->from->n_nodes - 1; id >= 0; id--) {
        const fv_node *node = r->from->nodes[id];
        if (!r->needed[id] || (args->from && node == args->from->node)) continue;
        for (int i = 0; i < node->n_in; i++) r->needed[node->in[i]->node->id] = true;
    }
}

/* The copy; *logits is what stands for the model's. */
static fv_status rewrite(fv_rewrite *r, const fv_model *model, const fv_plan_args *args, fv_value **logits) {
    for (int id = 0; id < r->from->n_nodes; id++) {
        const fv_node *node = r->from->nodes[id];
        if (!r->needed[id]) continue;
        bool cut = args->from && node == args->from->node;
        if (!fv_is_leaf(node)) r->still[id] = cut || is_still(r, node, NULL);
        fv_value *out = cut ? cut_input(r, args) : rewrite_node(r, node, args);
        if (!out) return fv_last_status();
        fv_value **map = &r->map[id * FV_MAX_OUT];
        map[0] = out;
        if (fv_is_leaf(node)) r->still[id] = is_still(r, node, out);
        if (is_observed(node, args)) r->still[id] = false;
        if (out->node->op == node->op)
            for (int i = 1; i < node->n_out; i++) map[i] = &out->node->out[i];
    }
    *logits = fv_rewritten(r, args->until ? args->until : model->logits);
    for (int i = 0; i < r->from->n_auxiliary && !r->inference; i++)
        FV_TRY(fv_auxiliary(fv_rewritten(r, r->from->auxiliary[i].logits), r->from->auxiliary[i].weight));
    return FV_OK;
}

static void count_readers(const fv_graph *graph, const fv_plan *plan, bool inference, int *readers) {
    for (int id = 0; id < graph->n_nodes; id++) {
        const fv_node *node = graph->nodes[id];
        for (int i = 0; i < node->n_in && (node->used || !inference); i++) readers[node->in[i]->node->id]++;
    }
    readers[plan->model->logits->node->id]++;
    if (plan->args.observe) readers[plan->args.observe->node->id]++;
    for (int i = 0; i < graph->n_auxiliary && !inference; i++) readers[graph->auxiliary[i].logits->node->id]++;
}

static fv_status copy_rewritten(fv_plan *plan) {
    const fv_graph *from = plan->model->graph;
    size_t n_nodes = (size_t)from->n_nodes;
    int *readers = FV_NEW_N(int, n_nodes);
    fv_rewrite r = {.from = from, .readers = readers, .inference = plan->args.updates == NULL};
    r.map = FV_NEW_N(fv_value *, n_nodes * FV_MAX_OUT);
    r.still = FV_NEW_N(bool, n_nodes);
    r.needed = FV_NEW_N(bool, n_nodes);
    r.to = plan->graph = fv_graph_new(from->name);
    fv_status status = readers && r.map && r.still && r.needed && r.to ? FV_OK : FV_NO_MEMORY;
    if (status == FV_OK) {
        mark_needed(&r, plan->args.until ? plan->args.until : plan->model->logits, &plan->args);
        count_readers(from, plan, r.inference, readers);
        status = rewrite(&r, plan->model, &plan->args, &plan->logits);
        if (status == FV_OK && plan->args.observe) plan->observed = fv_rewritten(&r, plan->args.observe);
    }
    fv_free(readers);
    fv_free(r.map);
    fv_free(r.still);
    fv_free(r.needed);
    plan->input = status == FV_OK ? plan->graph->input : NULL;
    return status;
}

/* ---- Loss, gradients, updates ------------------------------------------------------------------------------------------ */

static fv_status add_loss(fv_plan *plan) {
    fv_graph *graph = plan->graph;
    plan->target = fv_input_shaped(graph, "target", &plan->logits->shape);
    for (int i = 0; i <= graph->n_auxiliary; i++) {
        fv_value *logits = i == 0 ? plan->logits : graph->auxiliary[i - 1].logits;
        float weight = i == 0 ? 1 : graph->auxiliary[i - 1].weight;
        fv_value *loss = plan->target ? plan->args.loss(plan->args.user, graph, logits, plan->target, weight) : NULL;
        if (!loss) return fv_last_status();
        plan->losses[plan->n_losses++] = loss;
    }
    return FV_OK;
}

static fv_status add_training(fv_plan *plan) {
    int n_forward = plan->graph->n_nodes;
    fv_value **grads = FV_NEW_N(fv_value *, (size_t)n_forward);
    if (!grads) return FV_NO_MEMORY;
    fv_status status = fv_autodiff(plan->graph, plan->losses, plan->n_losses, grads);
    if (status == FV_OK) status = plan->args.updates(plan->args.user, plan->graph, grads, n_forward);
    fv_free(grads);
    if (status != FV_OK || plan->args.reference || plan->args.keep_maps) return status;
    return fv_rematerialise(plan, n_forward);
}

static fv_status add_gradient(fv_plan *plan) {
    const fv_node *node = plan->observed->node;
    if (fv_is_leaf(node)) return fv_fail_node(FV_BAD_ARGUMENT, node, "is the image itself: observe a layer behind it");
    plan->target = fv_input_shaped(plan->graph, "target", &plan->logits->shape);
    if (!plan->target) return fv_last_status();
    return fv_autodiff_at(plan->observed, plan->logits, plan->target, &plan->gradient);
}

fv_status fv_build_graph(fv_plan *plan) {
    FV_TRY(copy_rewritten(plan));
    if (plan->args.observe) FV_TRY(add_gradient(plan));
    if (plan->args.loss) FV_TRY(add_loss(plan));
    return plan->args.updates ? add_training(plan) : FV_OK;
}
