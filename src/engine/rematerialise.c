/* Rematerialisation (Chen et al., "Training deep nets with sublinear memory cost", 2016), where it costs next to nothing: a map
 * that one pass over memory makes, of values that the backward pass reads anyway, is made again before its first reader there, so
 * that between the passes its memory is free. Batch norms with what is fused to them come again from the convolutions' outputs and
 * the statistics; the ends of residual blocks each from the one before, back to the last that was kept.
 *
 * What is made again is chosen by the peak of a simulated run: chains of at most so many links, for the length that gives the
 * lowest, and of these maps only those without which it would be higher. The same kernels make the same numbers: no bit depends
 * on the choice. */
#include "core/memory.h"
#include "engine/build.h"

#include <string.h>

enum {
    LONGEST_CHAIN = 64,
    /* Where it pays: bytes spared, and multiply-accumulates of a step for each byte that is moved more. With 64 of them that is 2 to
     * 3 % of the step's time; ResNet-50 has 123 (batch 8), MobileNet-V2, which is bound by memory, 17. */
    LEAST_SAVING = 128 << 20,
    LEAST_MACS_A_BYTE = 64,
};

/* A node of the new order: itself, or once more. */
typedef struct turn {
    fv_node *node;
    bool again;
} turn;

typedef struct search {
    fv_graph *graph;
    int n_forward;          /* nodes below this id are the forward pass */
    bool *used, *read_back; /* by node id: runs at all; the backward pass reads output 0 */
    int *links;             /* by node id: made again, at the end of a chain of so many; 0: kept */
    turn *order;
    int n_order;
    bool *made;        /* by node id: its copy is in the order */
    int *last[2];      /* by again, [node id * FV_MAX_OUT + output]: the last turn that reads it */
    fv_value **copies; /* by node id: what output 0 of the copy is */
} search;

static bool is_backward(const search *s, const fv_node *node) { return node->id >= s->n_forward; }

static size_t bytes_of(const fv_value *value) {
    return fv_is_activation(value) && !fv_is_leaf(value->node) ? fv_shape_count(&value->shape) * sizeof(float) : 0;
}

/* ---- What can be made again ---------------------------------------------------------------------------------------- */

static void find_readers(search *s) {
    for (int id = s->n_forward; id < s->graph->n_nodes; id++) {
        const fv_node *node = s->graph->nodes[id];
        for (int i = 0; i < node->n_in && s->used[id]; i++)
            if (node->in[i]->index == 0) s->read_back[node->in[i]->node->id] = true;
    }
}

/* The links of the chain that ends in this node, which reads kept values or others made again; 0: it stays, since too long a
 * chain or more bytes would have to be kept for it. */
static int chain_to(const search *s, const fv_node *node, int longest) {
    if (!node->op->again || !s->used[node->id] || !fv_is_activation(&node->out[0])) return 0;
    size_t kept_for_it = 0;
    int links = 1;
    for (int i = 0; i < node->n_in; i++) {
        const fv_node *maker = node->in[i]->node;
        if (s->links[maker->id] >= links) links = s->links[maker->id] + 1;
        if (!s->links[maker->id] && !s->read_back[maker->id]) kept_for_it += bytes_of(node->in[i]);
    }
    return links <= longest && kept_for_it < bytes_of(&node->out[0]) ? links : 0;
}

static void choose_chains(search *s, const fv_plan *plan, int longest) {
    for (int id = 0; id < s->n_forward; id++) {
        const fv_node *node = s->graph->nodes[id];
        s->links[id] = plan->logits->node == node ? 0 : chain_to(s, node, longest);
    }
}

/* ---- The order ----------------------------------------------------------------------------------------------------- */

/* True if a turn reads the copy of a value. */
static bool reads_copy(const search *s, turn t, const fv_value *value) {
    return value->index == 0 && s->links[value->node->id] && (t.again || is_backward(s, t.node));
}

static void append(search *s, turn t) {
    for (int i = 0; i < t.node->n_in && s->used[t.node->id]; i++) {
        fv_node *maker = t.node->in[i]->node;
        if (reads_copy(s, t, t.node->in[i]) && !s->made[maker->id]) append(s, (turn){maker, true});
    }
    s->made[t.node->id] |= t.again;
    s->order[s->n_order++] = t;
}

/* Each copy stands right before its first reader. */
static void arrange(search *s) {
    memset(s->made, 0, (size_t)s->graph->n_nodes * sizeof *s->made);
    s->n_order = 0;
    for (int id = 0; id < s->graph->n_nodes; id++) append(s, (turn){s->graph->nodes[id], false});
}

/* ---- The peak ------------------------------------------------------------------------------------------------------ */

static int *last_reader(const search *s, turn t, const fv_value *value) {
    return &s->last[reads_copy(s, t, value)][value->node->id * FV_MAX_OUT + value->index];
}

static void find_last_readers(search *s) {
    size_t bytes = (size_t)s->graph->n_nodes * FV_MAX_OUT * sizeof(int);
    memset(s->last[false], 0, bytes);
    memset(s->last[true], 0, bytes);
    for (int k = 0; k < s->n_order; k++) {
        turn t = s->order[k];
        for (int i = 0; i < t.node->n_in && s->used[t.node->id]; i++) *last_reader(s, t, t.node->in[i]) = k;
    }
}

/* Bytes that turn k sets free: of what nobody reads later, each value once. */
static size_t freed_by(const search *s, int k) {
    turn t = s->order[k];
    size_t bytes = 0;
    for (int i = 0; i < t.node->n_in; i++) {
        int *last = last_reader(s, t, t.node->in[i]);
        if (*last == k) bytes += bytes_of(t.node->in[i]), *last = -1;
    }
    return bytes;
}

/* Bytes of outputs that need no memory of their own. */
static size_t shared_by(const search *s, int k) {
    turn t = s->order[k];
    size_t bytes = 0;
    const struct {
        bool may;
        int in, out;
    } pairs[] = {{t.node->op->flags & FV_OP_IN_PLACE, 0, 0},
                 {t.node->op->flags & FV_OP_LAST_IN_PLACE, 1, t.node->n_out - 1}};
    for (int i = 0; i < FV_COUNT(pairs); i++) {
        if (!pairs[i].may) continue;
        size_t in = bytes_of(t.node->in[pairs[i].in]), out = bytes_of(&t.node->out[pairs[i].out]);
        if (in == out && *last_reader(s, t, t.node->in[pairs[i].in]) == k) bytes += out;
    }
    return bytes;
}

/* The most bytes of maps and their gradients that live at once. */
static size_t peak(search *s) {
    size_t live = 0, most = 0;
    arrange(s);
    find_last_readers(s);
    for (int k = 0; k < s->n_order; k++) {
        turn t = s->order[k];
        if (!s->used[t.node->id]) continue;
        for (int i = 0; i < (t.again ? 1 : t.node->n_out); i++)
            if (s->last[t.again][t.node->id * FV_MAX_OUT + i] > k) live += bytes_of(&t.node->out[i]);
        size_t now = live - shared_by(s, k);
        if (now > most) most = now;
        live -= freed_by(s, k);
    }
    return most;
}

/* ---- The choice ------------------------------------------------------------------------------------------------------ */

static size_t find_longest(search *s, const fv_plan *plan) {
    size_t lowest = SIZE_MAX;
    int best = 0;
    for (int longest = 0; longest <= LONGEST_CHAIN; longest += 1 + longest / 4) {
        choose_chains(s, plan, longest);
        size_t bytes = peak(s);
        if (bytes < lowest) lowest = bytes, best = longest;
    }
    choose_chains(s, plan, best);
    return lowest;
}

/* Keeps again what can be kept at no higher a peak. */
static void keep_what_fits(search *s, size_t lowest) {
    for (int id = 0; id < s->n_forward; id++) {
        int links = s->links[id];
        if (!links) continue;
        s->links[id] = 0;
        if (peak(s) > lowest) s->links[id] = links;
    }
}

/* Multiply-accumulates of a step for each byte that its copies read and write. */
static double macs_a_byte(const search *s) {
    double macs = 0, bytes = 1;
    for (int k = 0; k < s->n_order; k++) {
        turn t = s->order[k];
        if (s->used[t.node->id] && t.node->op->macs) macs += (double)t.node->op->macs(t.node);
        if (!t.again) continue;
        bytes += (double)bytes_of(&t.node->out[0]);
        for (int i = 0; i < t.node->n_in; i++) bytes += (double)bytes_of(t.node->in[i]);
    }
    return macs / bytes;
}

static bool choose(search *s, const fv_plan *plan) {
    size_t all_kept = peak(s), lowest = find_longest(s, plan);
    if (lowest >= all_kept) return false;
    keep_what_fits(s, lowest);
    arrange(s);
    return plan->args.remake_maps || (all_kept - lowest >= LEAST_SAVING && macs_a_byte(s) >= (double)LEAST_MACS_A_BYTE);
}

/* ---- The graph ------------------------------------------------------------------------------------------------------- */

static fv_status make_copy(search *s, turn t) {
    fv_value *in[FV_MAX_IN];
    for (int i = 0; i < t.node->n_in; i++) {
        fv_value *x = t.node->in[i];
        in[i] = reads_copy(s, t, x) ? s->copies[x->node->id] : x;
    }
    fv_value *copy = t.node->op->again(t.node, in);
    if (!copy) return fv_last_status();
    copy->node->again = true;
    s->copies[t.node->id] = copy;
    return FV_OK;
}

/* Makes the copies, hands them to their readers, and numbers all nodes in the new order. */
static fv_status apply(search *s) {
    fv_graph *graph = s->graph;
    for (int k = 0; k < s->n_order; k++)
        if (s->order[k].again) FV_TRY(make_copy(s, s->order[k]));
    for (int k = 0; k < s->n_order; k++) {
        turn t = s->order[k];
        for (int i = 0; i < t.node->n_in && !t.again; i++)
            if (reads_copy(s, t, t.node->in[i]) && s->used[t.node->id])
                t.node->in[i] = s->copies[t.node->in[i]->node->id];
    }
    for (int k = 0; k < s->n_order; k++)
        graph->nodes[k] = s->order[k].again ? s->copies[s->order[k].node->id]->node : s->order[k].node;
    for (int k = 0; k < s->n_order; k++) graph->nodes[k]->id = k;
    return FV_OK;
}

static bool allocate(search *s) {
    size_t n_nodes = (size_t)s->graph->n_nodes;
    s->used = FV_NEW_N(bool, n_nodes);
    s->read_back = FV_NEW_N(bool, n_nodes);
    s->made = FV_NEW_N(bool, n_nodes);
    s->links = FV_NEW_N(int, n_nodes);
    s->order = FV_NEW_N(turn, 2 * n_nodes);
    s->copies = FV_NEW_N(fv_value *, n_nodes);
    for (int i = 0; i < 2; i++) s->last[i] = FV_NEW_N(int, n_nodes *FV_MAX_OUT);
    return s->used && s->read_back && s->made && s->links && s->order && s->copies && s->last[0] && s->last[1];
}

fv_status fv_rematerialise(fv_plan *plan, int n_forward) {
    search s = {.graph = plan->graph, .n_forward = n_forward};
    fv_status status = allocate(&s) ? FV_OK : FV_NO_MEMORY;
    if (status == FV_OK) {
        fv_mark_used(plan, s.used);
        find_readers(&s);
        if (choose(&s, plan)) status = apply(&s);
    }
    fv_free(s.used);
    fv_free(s.read_back);
    fv_free(s.made);
    fv_free(s.links);
    fv_free(s.order);
    fv_free(s.copies);
    for (int i = 0; i < 2; i++) fv_free(s.last[i]);
    return status;
}
