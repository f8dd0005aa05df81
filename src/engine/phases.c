/* Which values share memory in place, where the team has to wait, and which stretches it runs without coming home.
 *
 * A step needs a barrier when it touches memory that another thread may not have finished with in the same phase: when it
 * reads what was written there, or writes what was read or written there. Two FV_LOCAL steps that share images alike never
 * conflict: each thread meets only its own images. */
#include "core/memory.h"
#include "engine/build.h"

/* How a step shares its work: the unit of its images, or NOT_LOCAL. */
typedef enum unit { NOT_LOCAL = 0, BY_IMAGE, BY_GROUP } unit;

/* What has happened to a root slot in which phase. */
typedef struct touch {
    int written, read;   /* the last phases, -1: never */
    unit writer, reader; /* of the touches in those phases; NOT_LOCAL when they differ */
} touch;

static unit unit_of(const fv_step *step) {
    if (!(step->kernel->flags & FV_LOCAL)) return NOT_LOCAL;
    return step->kernel->in == FV_BATCH || step->kernel->out == FV_BATCH ? BY_GROUP : BY_IMAGE;
}

/* ---- Sharing in place ------------------------------------------------------------------------------------------- */

static void find_last_readers(fv_plan *plan) {
    for (int i = 0; i < plan->n_slots; i++) plan->slots[i].reader = -1;
    for (int s = 0; s < plan->n_steps; s++)
        for (int i = 0; i < plan->steps[s]->node->n_in; i++) fv_slot_of(plan, plan->reads[s][i])->reader = s;
}

/* Lets an output of step s lie in the memory of input i if nobody reads that later. */
static void share(fv_plan *plan, int s, int i, const fv_value *output) {
    const fv_value *input = plan->reads[s][i];
    fv_slot *from = fv_slot_of(plan, input), *to = fv_slot_of(plan, output);
    bool free_after = from->reader == s && !from->keep && !from->constant && !from->external;
    bool alike = from->bytes == to->bytes && from->layout.kind == to->layout.kind;
    if (free_after && !fv_is_leaf(input->node) && alike && !to->constant) to->alias = from;
}

static void share_in_place(fv_plan *plan, int s) {
    const fv_step *step = plan->steps[s];
    const fv_node *node = step->node;
    int i = step->overwrites ? step->overwrites - 1 : node->op->flags & FV_OP_IN_PLACE ? 0 : -1;
    if (i >= 0) share(plan, s, i, &node->out[0]);
    if (node->op->flags & FV_OP_LAST_IN_PLACE) share(plan, s, 1, &node->out[node->n_out - 1]);
}

/* ---- Phases -------------------------------------------------------------------------------------------------------- */

static bool clashes(int then, unit before, int now, unit u) { return then == now && (u == NOT_LOCAL || before != u); }

/* True if the step must not start before every thread has ended the phase. */
static bool must_wait(const fv_plan *plan, const touch *touches, int s, int phase) {
    const fv_step *step = plan->steps[s];
    unit u = unit_of(step);
    for (int i = 0; i < step->node->n_in; i++) {
        const touch *t = &touches[fv_slot_root(fv_slot_of(plan, plan->reads[s][i])) - plan->slots];
        bool written = step->node->op->written_in >> i & 1;
        if (clashes(t->written, t->writer, phase, u) || (written && clashes(t->read, t->reader, phase, u))) return true;
    }
    for (int i = 0; i < step->node->n_out; i++) {
        const touch *t = &touches[fv_slot_root(fv_slot_of(plan, &step->node->out[i])) - plan->slots];
        if (clashes(t->written, t->writer, phase, u) || clashes(t->read, t->reader, phase, u)) return true;
    }
    return false;
}

static void note(int *then, unit *who, int phase, unit u) {
    *who = *then == phase && *who != u ? NOT_LOCAL : u;
    *then = phase;
}

static void note_touches(const fv_plan *plan, touch *touches, int s, int phase) {
    const fv_step *step = plan->steps[s];
    unit u = unit_of(step);
    for (int i = 0; i < step->node->n_in; i++) {
        touch *t = &touches[fv_slot_root(fv_slot_of(plan, plan->reads[s][i])) - plan->slots];
        note(&t->read, &t->reader, phase, u);
        if (step->node->op->written_in >> i & 1) note(&t->written, &t->writer, phase, u);
    }
    for (int i = 0; i < step->node->n_out; i++) {
        touch *t = &touches[fv_slot_root(fv_slot_of(plan, &step->node->out[i])) - plan->slots];
        note(&t->written, &t->writer, phase, u);
    }
}

static bool is_solo(const fv_step *step) { return step->kernel->flags & FV_SOLO; }

static void assign_phases(fv_plan *plan, touch *touches) {
    int phase = 0;
    for (int i = 0; i < plan->n_slots; i++) touches[i] = (touch){.written = -1, .read = -1};
    for (int s = 0; s < plan->n_steps; s++) {
        fv_step *step = plan->steps[s];
        bool alone = s > 0 && (is_solo(step) || is_solo(plan->steps[s - 1]) || s == plan->n_prologue);
        step->barrier = s > 0 && (alone || must_wait(plan, touches, s, phase));
        if (step->barrier) phase++;
        step->phase = phase;
        note_touches(plan, touches, s, phase);
    }
}

/* ---- Segments ------------------------------------------------------------------------------------------------------- */

static fv_status cut_segments(fv_plan *plan) {
    plan->segments = FV_NEW_N(fv_segment, (size_t)plan->n_steps + 1);
    if (!plan->segments) return FV_NO_MEMORY;
    for (int s = 0; s < plan->n_steps; s++) {
        bool solo = is_solo(plan->steps[s]);
        if (s == plan->n_prologue) plan->first_segment = plan->n_segments;
        bool fresh = s == 0 || s == plan->n_prologue || solo || is_solo(plan->steps[s - 1]);
        if (fresh) plan->segments[plan->n_segments++] = (fv_segment){.begin = s, .solo = solo};
        plan->segments[plan->n_segments - 1].end = s + 1;
    }
    return FV_OK;
}

fv_status fv_phases(fv_plan *plan) {
    touch *touches = FV_NEW_N(touch, (size_t)plan->n_slots);
    if (!touches) return FV_NO_MEMORY;
    find_last_readers(plan);
    for (int s = 0; s < plan->n_steps; s++) share_in_place(plan, s);
    assign_phases(plan, touches);
    fv_free(touches);
    return cut_segments(plan);
}
