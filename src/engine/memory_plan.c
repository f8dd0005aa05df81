/* Where each value and each step's scratch lies: one arena, planned by liveness. Largest first, each at the lowest place
 * that is free in all phases it lives through (greedy by size came within 1 % of the bound on the zoo's networks). */
#include "core/memory.h"
#include "engine/build.h"

#include <stdlib.h>

enum { ALIGNMENT = 64 };

/* A stretch of the arena from phase `first` to phase `last`. */
typedef struct block {
    size_t bytes, offset;
    int first, last;
    fv_slot *slot; /* what lies there, ... */
    fv_step *step; /* ... or the step whose scratch does; neither: the threads' own scratch */
    int order;     /* as found: makes the sort stable */
} block;

/* ---- Lifetimes ----------------------------------------------------------------------------------------------------- */

static void live_at(fv_slot *slot, int phase) {
    slot = fv_slot_root(slot);
    if (phase < slot->first) slot->first = phase;
    if (phase > slot->last) slot->last = phase;
}

/* A constant that steps of every run read lives for ever; what the prologue alone reads, while it runs. */
static void find_lifetimes(fv_plan *plan) {
    int end = plan->n_steps ? plan->steps[plan->n_steps - 1]->phase : 0;
    for (int i = 0; i < plan->n_slots; i++) plan->slots[i].first = end + 1, plan->slots[i].last = -1;
    for (int s = 0; s < plan->n_steps; s++) {
        const fv_step *step = plan->steps[s];
        for (int i = 0; i < step->node->n_in; i++) {
            fv_slot *slot = fv_slot_of(plan, plan->reads[s][i]);
            live_at(slot, step->phase);
            if (slot->constant && s >= plan->n_prologue) live_at(slot, 0), live_at(slot, end);
        }
        for (int i = 0; i < step->node->n_out; i++) {
            fv_slot *slot = fv_slot_of(plan, &step->node->out[i]);
            live_at(slot, step->phase);
            if (slot->keep) live_at(slot, end);
        }
    }
}

/* ---- Placing --------------------------------------------------------------------------------------------------------- */

static size_t round_up(size_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

static size_t slot_total(const fv_slot *slot) {
    size_t parts = slot->layout.parts ? (size_t)slot->layout.parts : 1;
    return round_up(parts * slot->bytes);
}

static bool in_arena(const fv_plan *plan, const fv_value *value) {
    const fv_slot *slot = fv_slot_of(plan, value);
    return !slot->alias && !slot->external && slot->last >= 0;
}

/* The threads' own scratch: as large as its largest user asks for, alive from the first user to the last. */
static block own_scratch(const fv_plan *plan) {
    block b = {.first = -1};
    for (int s = 0; s < plan->n_steps; s++) {
        const fv_step *step = plan->steps[s];
        if (step->own_scratch_bytes == 0) continue;
        if (b.first < 0) b.first = step->phase;
        b.last = step->phase;
        if (step->own_scratch_bytes > b.bytes) b.bytes = step->own_scratch_bytes;
    }
    b.bytes = round_up(b.bytes) * (size_t)fv_team_size(plan->args.team);
    return b;
}

static int collect(const fv_plan *plan, block *blocks) {
    int n = 0;
    blocks[n++] = own_scratch(plan);
    for (int s = 0; s < plan->n_steps; s++) {
        fv_step *step = plan->steps[s];
        for (int i = 0; i < step->node->n_out; i++) {
            fv_slot *slot = fv_slot_of(plan, &step->node->out[i]);
            if (!in_arena(plan, &step->node->out[i])) continue;
            blocks[n] =
                (block){.bytes = slot_total(slot), .first = slot->first, .last = slot->last, .slot = slot, .order = n};
            n++;
        }
        if (step->scratch_bytes) {
            blocks[n] = (block){.bytes = round_up(step->scratch_bytes),
                                .first = step->phase,
                                .last = step->phase,
                                .step = step,
                                .order = n};
            n++;
        }
    }
    return n;
}

static int larger_first(const void *a, const void *b) {
    const block *x = a, *y = b;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
    return x->order - y->order;
}

/* The lowest offset where `b` meets none of the blocks placed before that live with it; placed[] is sorted by offset. */
static size_t lowest_gap(block *const placed[], int n, const block *b) {
    size_t offset = 0;
    for (int i = 0; i < n; i++) {
        const block *other = placed[i];
        if (other->last < b->first || other->first > b->last) continue;
        if (other->offset >= offset + b->bytes) break;
        if (other->offset + other->bytes > offset) offset = other->offset + other->bytes;
    }
    return offset;
}

static size_t place(block *blocks, int n, block **placed) {
    size_t peak = 0;
    qsort(blocks, (size_t)n, sizeof *blocks, larger_first);
    for (int i = 0; i < n; i++) {
        block *b = &blocks[i];
        b->offset = lowest_gap(placed, i, b);
        if (b->offset + b->bytes > peak) peak = b->offset + b->bytes;
        int at = i;
        for (; at > 0 && placed[at - 1]->offset > b->offset; at--) placed[at] = placed[at - 1];
        placed[at] = b;
    }
    return peak;
}

/* ---- Pointers ---------------------------------------------------------------------------------------------------------- */

enum { MEGABYTE = 1000 * 1000 };
static const char remedy[] = "use a smaller batch size or input";

/* The parameters are in memory: they count on both sides. */
fv_status fv_memory_check(const fv_model *model, int batch, size_t beside) {
    size_t available = fv_memory_available(), held = fv_model_bytes(model);
    if (beside <= available) return FV_OK;
    return fv_fail(FV_NO_MEMORY, "%s: batch size %d needs %zu MB at its peak, and %zu MB are to be had: %s",
                   fv_model_network(model), batch, (held + beside) / MEGABYTE, (held + available) / MEGABYTE, remedy);
}

static fv_status map_arena(fv_plan *plan) {
    plan->arena = fv_reserve(plan->arena_bytes);
    if (!plan->arena)
        return fv_fail(FV_NO_MEMORY, "%s: batch size %d needs %zu MB, which the system refuses: %s",
                       fv_model_network(plan->model), plan->args.batch,
                       (fv_model_bytes(plan->model) + plan->arena_bytes) / MEGABYTE, remedy);
    plan->arena_mapped = plan->arena_bytes;
    return FV_OK;
}

static void *address(const fv_plan *plan, const fv_value *value) {
    const fv_slot *root = fv_slot_root(fv_slot_of(plan, value));
    if (root->external) return root->external;
    return root->last < 0 ? NULL : plan->arena + root->offset;
}

static void set_pointers(fv_plan *plan) {
    for (int s = 0; s < plan->n_steps; s++) {
        fv_step *step = plan->steps[s];
        for (int i = 0; i < step->node->n_in; i++) {
            step->in[i] = address(plan, plan->reads[s][i]);
            step->in_bytes[i] = fv_slot_of(plan, plan->reads[s][i])->bytes;
        }
        for (int i = 0; i < step->node->n_out; i++) {
            step->out[i] = address(plan, &step->node->out[i]);
            step->out_bytes[i] = fv_slot_of(plan, &step->node->out[i])->bytes;
        }
    }
}

/* Lists the places that hold a pointer to one of the plan's inputs, which changes from run to run. */
static fv_status list_uses(fv_plan *plan, int which, const fv_value *input) {
    int n = 0;
    for (int pass = 0; pass < 2; pass++) {
        n = 0;
        for (int s = 0; s < plan->n_steps; s++)
            for (int i = 0; i < plan->steps[s]->node->n_in; i++) {
                if (plan->reads[s][i] != input) continue;
                if (pass) plan->uses[which][n] = &plan->steps[s]->in[i];
                n++;
            }
        if (!pass && !(plan->uses[which] = fv_alloc((size_t)n, sizeof *plan->uses[which]))) return FV_NO_MEMORY;
    }
    plan->n_uses[which] = n;
    return FV_OK;
}

/* Tells whoever lies in a block where that is. */
static void settle(fv_plan *plan, const block *b) {
    if (b->slot)
        b->slot->offset = b->offset;
    else if (b->step)
        b->step->scratch = plan->arena + b->offset;
    else
        for (int s = 0; s < plan->n_steps; s++) {
            plan->steps[s]->own_scratch = plan->arena + b->offset;
            plan->steps[s]->own_scratch_stride = b->bytes / (size_t)fv_team_size(plan->args.team);
        }
}

fv_status fv_plan_memory(fv_plan *plan) {
    size_t most = (size_t)plan->n_steps * (FV_MAX_OUT + 1) + 2;
    block *blocks = FV_NEW_N(block, most), **placed = FV_NEW_N(block *, most);
    fv_status status = blocks && placed ? FV_OK : FV_NO_MEMORY;
    if (status == FV_OK) {
        find_lifetimes(plan);
        int n = collect(plan, blocks);
        plan->arena_bytes = place(blocks, n, placed);
        status = map_arena(plan);
        for (int i = 0; i < n && status == FV_OK; i++) settle(plan, &blocks[i]);
    }
    fv_free(blocks);
    fv_free(placed);
    FV_TRY(status);
    set_pointers(plan);
    FV_TRY(list_uses(plan, 0, plan->input));
    return plan->target ? list_uses(plan, 1, plan->target) : FV_OK;
}
