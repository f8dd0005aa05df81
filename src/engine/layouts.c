/* Choosing a kernel, and with it the layouts, for every node.
 *
 * A node and its backward nodes form a family that shares one pair of layouts (of the forward inputs, of the forward
 * outputs) and one kernel name, because backward kernels read what the forward kernel left behind. The cost of a choice
 * is the family's own plus a conversion for every edge whose two ends disagree. It is minimised by coordinate descent
 * from each uniform start: chains, which is what classifiers mostly are, converge in a few sweeps. Nodes that make a value again
 * (rematerialise.c) count for nothing: the choice, and with it each bit, is the same with them and without. */
#include "core/memory.h"
#include "engine/build.h"

#include <math.h>
#include <string.h>

enum { MAX_CANDIDATES = 16, MAX_SWEEPS = 20 };

static const double BYTES_PER_SECOND = 2e10; /* memory traffic of element-wise work and conversions */
static const double SLOW_FACTOR = 400;       /* ref against fast kernels: it is the last resort */

typedef struct family {
    const fv_node *forward;
    const fv_node **members; /* into `nodes` below; backward nodes that run */
    int n_members;
    const fv_kernel *candidates[MAX_CANDIDATES]; /* for the forward node */
    double cost[MAX_CANDIDATES];                 /* of the whole family, conversions excluded */
    int n_candidates;
    int choice;
} family;

typedef struct chooser {
    const fv_plan *plan;
    const fv_refusal *refused;
    int n_refused;
    family *families;
    int n_families;
    int *family_of;          /* by node id; -1: a leaf or unused */
    const fv_node **members; /* storage of all families' members */
    const fv_node **touched; /* by family: the nodes whose conversions its choice can change, ... */
    int *first_touched;      /* ... from here to the next family's */
} chooser;

/* ---- What a kernel costs ------------------------------------------------------------------------------------------- */

static double traffic(const fv_node *node) {
    double floats = 0;
    for (int i = 0; i < node->n_in; i++) floats += (double)fv_shape_count(&node->in[i]->shape);
    for (int i = 0; i < node->n_out; i++) floats += (double)fv_shape_count(&node->out[i].shape);
    return floats * sizeof(float) / BYTES_PER_SECOND;
}

static bool in_bf16(const fv_kernel *kernel) {
    return fv_layout_precision(kernel->in) == FV_BF16 || fv_layout_precision(kernel->out) == FV_BF16;
}

static double cost_in_f32(const fv_kernel *kernel, const fv_node *node, int threads) {
    if (kernel->cost) return kernel->cost(node, threads);
    double seconds = traffic(node);
    if (node->op->macs) seconds += (double)node->op->macs(node) * 1e-10;
    return kernel == &fv_ref_kernel ? SLOW_FACTOR * seconds + 1e-5 : seconds;
}

/* In bf16 there are half the bytes to move, and two products to an instruction's lane; where one side alone is, half of that. */
static double kernel_cost(const fv_kernel *kernel, const fv_node *node, int threads) {
    double width = (double)(fv_layout_width(kernel->in) + fv_layout_width(kernel->out)) / (2 * sizeof(float));
    return width * cost_in_f32(kernel, node, threads);
}

/* ---- Families ---------------------------------------------------------------------------------------------------- */

static bool is_refused(const chooser *c, const fv_node *forward, const fv_kernel *kernel) {
    for (int i = 0; i < c->n_refused; i++)
        if (c->refused[i].forward == forward && c->refused[i].kernel == kernel) return true;
    return false;
}

static bool reads_opaque(const fv_node *node) {
    for (int i = 0; i < node->n_in; i++)
        if (fv_is_opaque(node->in[i])) return true;
    return false;
}

/* The kernel of a backward node, or of one that makes a map again, that goes with `forward` for its forward node; NULL: none does. */
static const fv_kernel *companion(const fv_node *node, const fv_kernel *forward) {
    const fv_kernel *other = NULL;
    if (forward == &fv_ref_kernel) return forward;
    for (int k = 0; k < node->op->n_kernels; k++) {
        const fv_kernel *kernel = &node->op->kernels[k];
        bool matches = node->again ? kernel->in == forward->in && kernel->out == forward->out
                                   : kernel->in == forward->out && kernel->out == forward->in;
        if (!matches) continue;
        if (strcmp(kernel->name, forward->name) == 0) return kernel;
        other = kernel;
    }
    if (reads_opaque(node)) return NULL;
    if (!other && forward->in == FV_PLAIN && forward->out == FV_PLAIN) other = &fv_ref_kernel;
    return other;
}

/* Adds a candidate unless a member of the family has no kernel to go with it. */
static void consider(chooser *c, family *f, const fv_kernel *kernel) {
    int threads = fv_team_size(c->plan->args.team);
    if (in_bf16(kernel) && c->plan->args.precision != FV_BF16) return;
    if (is_refused(c, f->forward, kernel) || f->n_candidates == MAX_CANDIDATES) return;
    double cost = kernel_cost(kernel, f->forward, threads);
    for (int m = 0; m < f->n_members; m++) {
        const fv_kernel *with = companion(f->members[m], kernel);
        if (!with) return;
        if (!f->members[m]->again) cost += kernel_cost(with, f->members[m], threads);
    }
    f->candidates[f->n_candidates] = kernel;
    f->cost[f->n_candidates++] = cost;
}

static void find_candidates(chooser *c, family *f) {
    if (!c->plan->args.reference)
        for (int k = 0; k < f->forward->op->n_kernels; k++) consider(c, f, &f->forward->op->kernels[k]);
    consider(c, f, &fv_ref_kernel);
}

static void gather_families(chooser *c, const int *order, int n_order) {
    const fv_graph *graph = c->plan->graph;
    for (int id = 0; id < graph->n_nodes; id++) c->family_of[id] = -1;
    const fv_node **members = c->members;
    for (int i = 0; i < n_order; i++) {
        const fv_node *node = graph->nodes[order[i]];
        if (node->forward) continue;
        family *f = &c->families[c->n_families];
        *f = (family){.forward = node, .members = members};
        for (int j = 0; j < n_order; j++)
            if (graph->nodes[order[j]]->forward == node) f->members[f->n_members++] = graph->nodes[order[j]];
        members += f->n_members;
        c->family_of[node->id] = c->n_families++;
    }
    for (int i = 0; i < n_order; i++) {
        const fv_node *node = graph->nodes[order[i]];
        if (node->forward) c->family_of[node->id] = c->family_of[node->forward->id];
    }
}

/* ---- Edges --------------------------------------------------------------------------------------------------------- */

static const fv_kernel *choice_of(const chooser *c, const fv_node *node) {
    int f = c->family_of[node->id];
    return f < 0 ? NULL : c->families[f].candidates[c->families[f].choice];
}

static fv_layout_kind layout_of(const chooser *c, const fv_value *value) {
    const fv_kernel *kernel = choice_of(c, value->node);
    if (!kernel) return FV_PLAIN; /* an input */
    return fv_is_backward(value->node) ? kernel->in : kernel->out;
}

/* The conversions on the way into a node. */
static double conversions_into(const chooser *c, const fv_node *node) {
    const fv_kernel *kernel = choice_of(c, node);
    double seconds = 0;
    for (int i = 0; i < node->n_in && !node->again; i++) {
        const fv_value *x = node->in[i];
        if (!fv_is_activation(x)) continue;
        fv_layout_kind from = layout_of(c, x), to = fv_input_layout(node, i, kernel->in, kernel->out);
        if (from == to) continue;
        size_t moved = fv_layout_width(from) + fv_layout_width(to); /* of each value */
        seconds += (double)moved * (double)fv_shape_count(&x->shape) / BYTES_PER_SECOND + 2e-7;
    }
    return seconds;
}

/* What the choice of a family decides: its own cost and the conversions at its borders. */
static double local_cost(const chooser *c, int f) {
    double seconds = c->families[f].cost[c->families[f].choice];
    for (int t = c->first_touched[f]; t < c->first_touched[f + 1]; t++) seconds += conversions_into(c, c->touched[t]);
    return seconds;
}

static double total_cost(const chooser *c, const int *order, int n_order) {
    double seconds = 0;
    for (int f = 0; f < c->n_families; f++) seconds += c->families[f].cost[c->families[f].choice];
    for (int i = 0; i < n_order; i++) seconds += conversions_into(c, c->plan->graph->nodes[order[i]]);
    return seconds;
}

/* The families whose choice can change the conversions into a node: its own and its inputs' producers'. */
static int families_touching(const chooser *c, const fv_node *node, int found[FV_MAX_IN + 1]) {
    int n = 0;
    found[n++] = c->family_of[node->id];
    for (int i = 0; i < node->n_in; i++) {
        int f = c->family_of[node->in[i]->node->id];
        bool known = f < 0;
        for (int j = 0; j < n && !known; j++) known = found[j] == f;
        if (!known) found[n++] = f;
    }
    return n;
}

/* Lists, by family, the nodes it touches (a counting sort). */
static fv_status gather_touched(chooser *c, const int *order, int n_order) {
    int found[FV_MAX_IN + 1];
    c->first_touched = FV_NEW_N(int, (size_t)c->n_families + 2);
    if (!c->first_touched) return FV_NO_MEMORY;
    for (int i = 0; i < n_order; i++)
        for (int j = families_touching(c, c->plan->graph->nodes[order[i]], found); j-- > 0;)
            c->first_touched[found[j] + 2]++;
    for (int f = 0; f < c->n_families; f++) c->first_touched[f + 2] += c->first_touched[f + 1];
    c->touched = FV_NEW_N(const fv_node *, (size_t)c->first_touched[c->n_families + 1]);
    if (!c->touched) return FV_NO_MEMORY;
    for (int i = 0; i < n_order; i++) {
        const fv_node *node = c->plan->graph->nodes[order[i]];
        for (int j = families_touching(c, node, found); j-- > 0;) c->touched[c->first_touched[found[j] + 1]++] = node;
    }
    return FV_OK;
}

/* ---- Descent --------------------------------------------------------------------------------------------------------- */

static void start_uniform(chooser *c, fv_layout_kind layout) {
    for (family *f = c->families; f < c->families + c->n_families; f++) {
        int best = -1;
        for (int k = 0; k < f->n_candidates; k++)
            if (f->candidates[k]->out == layout && (best < 0 || f->cost[k] < f->cost[best])) best = k;
        for (int k = 0; best < 0 && k < f->n_candidates; k++)
            if (f->candidates[k]->out == FV_PLAIN) best = k;
        f->choice = best < 0 ? 0 : best;
    }
}

/* The best choice for one family, the others being as they are; true if that is a change. */
static bool improve(chooser *c, int index) {
    family *f = &c->families[index];
    int before = f->choice, best = before;
    double lowest = local_cost(c, index) * (1 - 1e-9); /* a tie is no change: the descent ends */
    for (int k = 0; k < f->n_candidates; k++) {
        f->choice = k;
        double cost = local_cost(c, index);
        if (cost < lowest) lowest = cost, best = k;
    }
    f->choice = best;
    return best != before;
}

static void descend(chooser *c) {
    for (int sweep = 0; sweep < MAX_SWEEPS; sweep++) {
        bool changed = false;
        for (int f = 0; f < c->n_families; f++) changed |= improve(c, f);
        if (!changed) break;
    }
}

static fv_status minimise(chooser *c, const int *order, int n_order) {
    static const fv_layout_kind starts[] = {FV_BLOCKED, FV_BATCH, FV_PLAIN, FV_BLOCKED_BF16};
    const int n_starts = FV_COUNT(starts) - (c->plan->args.precision != FV_BF16);
    int *best = FV_NEW_N(int, (size_t)c->n_families);
    if (!best) return FV_NO_MEMORY;
    double lowest = INFINITY;
    for (int s = 0; s < n_starts; s++) {
        start_uniform(c, starts[s]);
        descend(c);
        double cost = total_cost(c, order, n_order);
        if (cost >= lowest) continue;
        lowest = cost;
        for (int f = 0; f < c->n_families; f++) best[f] = c->families[f].choice;
    }
    for (int f = 0; f < c->n_families; f++) c->families[f].choice = best[f];
    fv_free(best);
    return FV_OK;
}

static void report(const chooser *c, const int *order, int n_order, fv_choice *chosen) {
    for (int i = 0; i < n_order; i++) {
        const fv_node *node = c->plan->graph->nodes[order[i]];
        const fv_kernel *forward = choice_of(c, node);
        chosen[node->id] = (fv_choice){.kernel = node->forward ? companion(node, forward) : forward};
    }
}

fv_status fv_choose_kernels(const fv_plan *plan, const int *order, int n_order, const fv_refusal *refused,
                            int n_refused, fv_choice *chosen) {
    size_t n_nodes = (size_t)plan->graph->n_nodes;
    chooser c = {.plan = plan, .refused = refused, .n_refused = n_refused};
    c.families = FV_NEW_N(family, n_nodes);
    c.family_of = FV_NEW_N(int, n_nodes);
    c.members = FV_NEW_N(const fv_node *, n_nodes);
    fv_status status = c.families && c.family_of && c.members ? FV_OK : FV_NO_MEMORY;
    if (status == FV_OK) {
        gather_families(&c, order, n_order);
        for (int f = 0; f < c.n_families; f++) find_candidates(&c, &c.families[f]);
        status = gather_touched(&c, order, n_order);
    }
    if (status == FV_OK) status = minimise(&c, order, n_order);
    if (status == FV_OK) report(&c, order, n_order, chosen);
    fv_free(c.families);
    fv_free(c.family_of);
    fv_free(c.members);
    fv_free(c.touched);
    fv_free(c.first_touched);
    return status;
}
