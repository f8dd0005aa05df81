/* From nodes to steps: each node is planned by its kernel, and where a value lies in another layout than its reader
 * wants, a reorder is put before the reader (once a layout; later readers share it). */
#include "core/memory.h"
#include "engine/build.h"
#include "kernels/dnn.h"
#include "ops/reorder.h"
#include "ops/rooms.h"

#include <string.h>

/* A value that exists in a second layout. */
typedef struct conversion {
    const fv_value *from;
    fv_layout layout;
    fv_value *to;
} conversion;

typedef struct lowering {
    fv_plan *plan;
    int n_nodes;         /* of the graph before reorders were added */
    int *order, n_order; /* ids in order of execution */
    fv_choice *chosen;   /* by node id */
    fv_step **step_of;   /* by node id: backward kernels read their forward step */
    fv_refusal *refused; /* (family, kernel) pairs that cannot be planned */
    int n_refused, refused_capacity;
    conversion *conversions;
    int n_conversions, conversions_capacity;
    bool refusal; /* a kernel said no: choose again without it */
} lowering;

static fv_status add_step(lowering *l, const fv_node *node, fv_choice choice, fv_value *in[]);

/* Room for one more item in a growing array; `array` is the address of its pointer. */
static fv_status reserve(void *array, int count, int *capacity, size_t size) {
    if (count < *capacity) return FV_OK;
    int wanted = *capacity ? 2 * *capacity : 64;
    void *items;
    memcpy(&items, array, sizeof items);
    items = fv_realloc(items, (size_t)wanted, size);
    if (!items) return FV_NO_MEMORY;
    memcpy(array, &items, sizeof items);
    *capacity = wanted;
    return FV_OK;
}

/* ---- Slots ----------------------------------------------------------------------------------------------------- */

/* Slots for all nodes there are now; reorders come one by one. */
static fv_status grow_slots(fv_plan *plan) {
    int wanted = plan->graph->n_nodes * FV_MAX_OUT;
    if (wanted <= plan->n_slots) return FV_OK;
    wanted += 64 * FV_MAX_OUT;
    fv_slot *slots = fv_realloc(plan->slots, (size_t)wanted, sizeof *slots);
    if (!slots) return FV_NO_MEMORY;
    memset(slots + plan->n_slots, 0, (size_t)(wanted - plan->n_slots) * sizeof *slots);
    plan->slots = slots;
    plan->n_slots = wanted;
    return FV_OK;
}

bool fv_same_layout(const fv_layout *a, const fv_layout *b) {
    return a->kind == b->kind && a->tiles == b->tiles && fv_dnn_layout_equal(a->opaque, b->opaque);
}

size_t fv_bytes_in(const fv_shape *shape, const fv_layout *layout) {
    if (layout->kind == FV_OPAQUE) return fv_dnn_layout_bytes(layout->opaque);
    return fv_layout_count(shape, layout->kind) * fv_layout_width(layout->kind);
}

static bool is_pinned(const fv_plan *plan, const fv_param *param) {
    for (int i = 0; i < plan->n_pinned; i++)
        if (plan->pinned[i] == param) return true;
    return false;
}

/* How a parameter had best lie for who wants it so: it stays f32, who wants bf16 reads a copy. */
static const fv_dnn_layout *master_layout(const fv_layout *wanted) {
    if (wanted->kind != FV_OPAQUE) return NULL;
    return fv_dnn_layout_is_bf16(wanted->opaque) ? wanted->master : wanted->opaque;
}

/* A parameter takes the layout that its first reader wants, if no other plan relies on the one it has. */
static fv_status settle_parameter(fv_plan *plan, const fv_value *value, const fv_layout *wanted) {
    fv_param *param = value->node->param;
    if (is_pinned(plan, param)) return FV_OK;
    if (param->pins == 0) FV_TRY(fv_param_relayout(param, master_layout(wanted)));
    param->pins++;
    plan->pinned[plan->n_pinned++] = param;
    fv_slot *slot = fv_slot_of(plan, value);
    slot->layout = param->layout ? (fv_layout){.kind = FV_OPAQUE, .opaque = param->layout} : (fv_layout){0};
    slot->bytes = param->bytes;
    slot->external = param->data;
    return FV_OK;
}

static void settle_input(fv_plan *plan, const fv_value *value) {
    if (value->node->op == &fv_input_op) fv_slot_of(plan, value)->bytes = fv_shape_count(&value->shape) * sizeof(float);
}

/* ---- Conversions --------------------------------------------------------------------------------------------------- */

static fv_value *find_conversion(const lowering *l, const fv_value *from, const fv_layout *layout) {
    for (int i = 0; i < l->n_conversions; i++)
        if (l->conversions[i].from == from && fv_same_layout(&l->conversions[i].layout, layout))
            return l->conversions[i].to;
    return NULL;
}

static fv_status remember(lowering *l, const fv_value *from, const fv_layout *layout, fv_value *to) {
    FV_TRY(reserve(&l->conversions, l->n_conversions, &l->conversions_capacity, sizeof *l->conversions));
    l->conversions[l->n_conversions++] = (conversion){.from = from, .layout = *layout, .to = to};
    return FV_OK;
}

/* The kernel that takes an activation from one layout to another; NULL: it takes two, through the plain one. */
static const fv_kernel *reorder_kernel(fv_layout_kind from, fv_layout_kind to) {
    for (int k = 0; k < fv_reorder_op.n_kernels; k++) {
        const fv_kernel *kernel = &fv_reorder_op.kernels[k];
        if (kernel->in == from && kernel->out == to) return kernel;
    }
    return NULL;
}

/* A value made of `from` by a reorder step with this kernel. */
static fv_status reorder(lowering *l, fv_value *from, const fv_op *op, const fv_kernel *kernel, const fv_layout *layout,
                         fv_value **to) {
    fv_plan *plan = l->plan;
    if ((*to = find_conversion(l, from, layout))) return FV_OK;
    *to = fv_node_new(plan->graph, op, from->node->name, NULL, &from, 1);
    if (!*to) return fv_last_status();
    FV_TRY(grow_slots(plan));
    fv_slot_of(plan, *to)->layout = *layout;
    FV_TRY(remember(l, from, layout, *to));
    return add_step(l, (*to)->node, (fv_choice){.kernel = kernel}, &from);
}

static fv_status convert_activation(lowering *l, fv_value *from, fv_layout_kind kind, fv_value **to) {
    const fv_kernel *kernel = reorder_kernel(fv_slot_of(l->plan, from)->layout.kind, kind);
    if (!kernel) {
        FV_TRY(convert_activation(l, from, FV_PLAIN, &from));
        kernel = reorder_kernel(FV_PLAIN, kind);
    }
    return reorder(l, from, &fv_reorder_op, kernel, &(fv_layout){.kind = kind}, to);
}

/* Inputs as the kernel reads them: activations in its layout. Parameters come later, when plan() has said how. */
static fv_status gather_inputs(lowering *l, const fv_node *node, const fv_kernel *kernel, fv_value *in[]) {
    fv_layout_kind forward_in = fv_is_backward(node) ? kernel->out : kernel->in;
    fv_layout_kind forward_out = fv_is_backward(node) ? kernel->in : kernel->out;
    for (int i = 0; i < node->n_in; i++) {
        in[i] = node->in[i];
        settle_input(l->plan, in[i]);
        if (!fv_is_activation(in[i])) continue;
        fv_layout_kind wanted = fv_input_layout(node, i, forward_in, forward_out);
        if (fv_slot_of(l->plan, in[i])->layout.kind != wanted) FV_TRY(convert_activation(l, in[i], wanted, &in[i]));
    }
    return FV_OK;
}

/* ---- Parameters ---------------------------------------------------------------------------------------------------- */

/* What stands in step->in_layout[i] before plan(): see ops/kernel.h. */
static fv_layout offered(const fv_plan *plan, const fv_node *node, fv_value *const in[], int i) {
    const fv_slot *slot = fv_slot_of(plan, in[i]);
    if (!fv_is_parameter_like(in[i]) || node->op->flags & FV_OP_ANY_LAYOUT) return slot->layout;
    if (node->op->flags & FV_OP_SAME_LAYOUT && in[i]->shape.rank > 0) {
        fv_layout layout = fv_slot_of(plan, in[0])->layout;
        layout.parts = slot->layout.parts;
        return layout;
    }
    return (fv_layout){.kind = FV_PLAIN, .parts = in[i]->shape.rank == 0 ? slot->layout.parts : 0};
}

/* Brings input i, a parameter or its like, into the layout that the planned step wants. */
static fv_status provide(lowering *l, const fv_step *step, int i, fv_value **value) {
    const fv_layout *wanted = &step->in_layout[i];
    if ((*value)->node->op == &fv_parameter_op) FV_TRY(settle_parameter(l->plan, *value, wanted));
    const fv_layout *has = &fv_slot_of(l->plan, *value)->layout, plain = {.kind = FV_PLAIN};
    if (fv_same_layout(has, wanted) && has->parts == wanted->parts) return FV_OK;
    const fv_op *op = &fv_reorder_parameter_op;
    if (wanted->kind != FV_WINOGRAD) return reorder(l, *value, op, &op->kernels[FV_REORDER], wanted, value);
    if (has->kind != FV_PLAIN) FV_TRY(reorder(l, *value, op, &op->kernels[FV_REORDER], &plain, value));
    return reorder(l, *value, op, &op->kernels[FV_TRANSFORM], wanted, value);
}

/* ---- Steps ----------------------------------------------------------------------------------------------------------- */

/* See ops/kernel.h. */
static bool is_settled(const fv_value *value) {
    const fv_param *param = value->node->op == &fv_parameter_op ? value->node->param : NULL;
    return param && param->layout && param->pins;
}

static void free_step(fv_step *step) {
    if (step && step->free_state) step->free_state(step->state);
    fv_free(step);
}

static fv_status append_step(fv_plan *plan, fv_step *step, fv_value *const in[]) {
    int capacity = plan->capacity;
    FV_TRY(reserve(&plan->reads, plan->n_steps, &capacity, sizeof *plan->reads));
    FV_TRY(reserve(&plan->steps, plan->n_steps, &plan->capacity, sizeof *plan->steps));
    for (int i = 0; i < step->node->n_in; i++) plan->reads[plan->n_steps][i] = in[i];
    plan->steps[plan->n_steps++] = step;
    return FV_OK;
}

/* Constants are what the prologue computes. */
static void settle_outputs(fv_plan *plan, const fv_step *step) {
    for (int i = 0; i < step->node->n_out; i++) {
        const fv_value *value = &step->node->out[i];
        fv_slot *slot = fv_slot_of(plan, value);
        bool keep = slot->keep || step->node->op->flags & FV_OP_EFFECT; /* an update's: read after the run */
        *slot = (fv_slot){.layout = step->out_layout[i], .keep = keep, .constant = fv_is_constant(value)};
        slot->bytes = step->out_bytes[i] ? step->out_bytes[i] : fv_bytes_in(&value->shape, &slot->layout);
    }
}

static fv_step *new_step(const lowering *l, const fv_node *node, fv_choice choice, fv_value *const in[]) {
    fv_step *step = FV_NEW(fv_step);
    if (!step) return NULL;
    *step = (fv_step){.node = node,
                      .kernel = choice.kernel,
                      .variant = choice.variant,
                      .env = &l->plan->env,
                      .threads = fv_team_size(l->plan->args.team)};
    step->forward = node->forward ? l->step_of[node->forward->id] : NULL;
    for (int i = 0; i < node->n_in; i++) {
        step->in_layout[i] = offered(l->plan, node, in, i);
        step->settled[i] = is_settled(in[i]);
    }
    for (int i = 0; i < node->n_out; i++) {
        const fv_value *value = &node->out[i];
        if (node->op == &fv_reorder_parameter_op)
            step->out_layout[i] = fv_slot_of(l->plan, value)->layout;
        else if (fv_is_activation(value))
            step->out_layout[i].kind = choice.kernel->out;
    }
    return step;
}

/* Plans a node on inputs in place and appends its step. A refusal is noted in l and is no failure. */
static fv_status add_step(lowering *l, const fv_node *node, fv_choice choice, fv_value *in[]) {
    fv_plan *plan = l->plan;
    fv_step *step = new_step(l, node, choice, in);
    if (!step) return FV_NO_MEMORY;
    fv_status status = choice.kernel->plan ? choice.kernel->plan(step) : FV_OK;
    l->refusal |= step->refused;
    for (int i = 0; i < node->n_in && status == FV_OK && !l->refusal; i++)
        if (fv_is_parameter_like(in[i]) && node->op != &fv_reorder_parameter_op) status = provide(l, step, i, &in[i]);
    if (status == FV_OK && !l->refusal) status = append_step(plan, step, in);
    if (status != FV_OK || l->refusal) {
        free_step(step);
        return status;
    }
    if (node->id < l->n_nodes) l->step_of[node->id] = step;
    settle_outputs(plan, step);
    return FV_OK;
}

static fv_status lower_node(lowering *l, const fv_node *node) {
    fv_value *in[FV_MAX_IN];
    const fv_choice choice = l->chosen[node->id];
    FV_TRY(gather_inputs(l, node, choice.kernel, in));
    return add_step(l, node, choice, in);
}

/* An output of the plan in the plain layout, alive to the end. */
static fv_status keep(lowering *l, fv_value **value) {
    settle_input(l->plan, *value);
    if (fv_is_activation(*value) && fv_slot_of(l->plan, *value)->layout.kind != FV_PLAIN)
        FV_TRY(convert_activation(l, *value, FV_PLAIN, value));
    fv_slot_of(l->plan, *value)->keep = true;
    return FV_OK;
}

/* ---- Attempts ---------------------------------------------------------------------------------------------------------- */

/* Notes that this family cannot have the kernel it was given. */
static fv_status refuse(lowering *l, const fv_node *node) {
    const fv_node *forward = node->forward ? node->forward : node;
    const fv_kernel *kernel = l->chosen[forward->id].tuned ? NULL : l->chosen[forward->id].kernel;
    if (kernel == &fv_ref_kernel) return fv_fail_node(FV_UNSUPPORTED, node, "no kernel can run it");
    FV_TRY(reserve(&l->refused, l->n_refused, &l->refused_capacity, sizeof *l->refused));
    l->refused[l->n_refused++] = (fv_refusal){.forward = forward, .kernel = kernel};
    return FV_OK;
}

/* Back to before the attempt. */
static void forget(lowering *l) {
    fv_plan *plan = l->plan;
    for (int i = 0; i < plan->n_steps; i++) free_step(plan->steps[i]);
    for (int i = 0; i < plan->n_pinned; i++) plan->pinned[i]->pins--;
    plan->n_steps = plan->n_pinned = l->n_conversions = 0;
    plan->graph->n_nodes = l->n_nodes;
    if (plan->slots) memset(plan->slots, 0, (size_t)plan->n_slots * sizeof *plan->slots);
    l->refusal = false;
}

/* What the plan gives back, NULL where it does not. */
enum { LOGITS, OBSERVED, GRADIENT, OUTPUTS };

/* Chooses kernels and plans all nodes; l->refusal says that a kernel refused and was noted. */
static fv_status attempt(lowering *l, fv_value *outputs[OUTPUTS]) {
    FV_TRY(fv_choose_kernels(l->plan, l->order, l->n_order, l->refused, l->n_refused, l->chosen));
    FV_TRY(fv_tune_kernels(l->plan, l->order, l->n_order, l->refused, l->n_refused, l->chosen));
    for (int i = 0; i < l->n_order; i++) {
        const fv_node *node = l->plan->graph->nodes[l->order[i]];
        FV_TRY(lower_node(l, node));
        if (l->refusal) return refuse(l, node);
        for (int k = 0; k < OUTPUTS; k++)
            if (outputs[k] && outputs[k]->node == node) FV_TRY(keep(l, &outputs[k]));
    }
    for (int i = 0; i < l->plan->n_losses; i++) /* scalars, in no layout */
        fv_slot_of(l->plan, l->plan->losses[i])->keep = true;
    return FV_OK;
}

/* Steps that make constants come first, in their order; they are few and depend on none of the others. */
static fv_status split_prologue(fv_plan *plan) {
    fv_step **steps = FV_NEW_N(fv_step *, (size_t)plan->n_steps + 1);
    void *reads = fv_alloc((size_t)plan->n_steps + 1, sizeof *plan->reads);
    fv_value *(*sorted)[FV_MAX_IN] = reads;
    if (!steps || !reads) {
        fv_free(steps);
        fv_free(reads);
        return FV_NO_MEMORY;
    }
    int n = 0;
    for (int constant = 1; constant >= 0; constant--) {
        for (int i = 0; i < plan->n_steps; i++) {
            const fv_node *node = plan->steps[i]->node;
            if ((node->n_out && fv_slot_of(plan, &node->out[0])->constant) != constant) continue;
            memcpy(sorted[n], plan->reads[i], sizeof sorted[n]);
            steps[n++] = plan->steps[i];
        }
        if (constant) plan->n_prologue = n;
    }
    fv_free(plan->steps);
    fv_free(plan->reads);
    plan->steps = steps;
    plan->reads = sorted;
    plan->capacity = plan->n_steps;
    return FV_OK;
}

static fv_status lower(lowering *l) {
    fv_plan *plan = l->plan;
    size_t n_nodes = (size_t)l->n_nodes;
    l->order = FV_NEW_N(int, n_nodes);
    l->chosen = FV_NEW_N(fv_choice, n_nodes);
    l->step_of = FV_NEW_N(fv_step *, n_nodes);
    plan->pinned = FV_NEW_N(fv_param *, n_nodes);
    plan->versions = FV_NEW_N(uint64_t, n_nodes);
    if (!l->order || !l->chosen || !l->step_of || !plan->pinned || !plan->versions) return FV_NO_MEMORY;
    if ((l->n_order = fv_order_steps(plan, l->order)) < 0) return FV_NO_MEMORY;
    fv_value *outputs[OUTPUTS];
    do {
        forget(l);
        FV_TRY(grow_slots(plan));
        outputs[LOGITS] = plan->logits, outputs[OBSERVED] = plan->observed, outputs[GRADIENT] = plan->gradient;
        FV_TRY(attempt(l, outputs));
    } while (l->refusal);
    plan->logits = outputs[LOGITS], plan->observed = outputs[OBSERVED], plan->gradient = outputs[GRADIENT];
    return split_prologue(plan);
}

fv_status fv_lower(fv_plan *plan) {
    lowering l = {.plan = plan, .n_nodes = plan->graph->n_nodes};
    fv_status status = lower(&l);
    fv_free(l.order);
    fv_free(l.chosen);
    fv_free(l.step_of);
    fv_free(l.refused);
    fv_free(l.conversions);
    return status;
}
