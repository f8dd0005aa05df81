#include "optim/optim.h"

#include "core/memory.h"
#include "core/suggest.h"

#include <float.h>
#include <string.h>

static const fv_optim *const rooms[] = {
#define FV_OPTIM(room) &room,
#include "optim/optim.def"
#undef FV_OPTIM
};

static const fv_optim *room_of(fv_optimizer_kind kind) {
    if (kind == FV_OPTIMIZER_DEFAULT) kind = FV_ADAM;
    for (int i = 0; i < FV_COUNT(rooms); i++)
        if (rooms[i]->kind == kind) return rooms[i];
    return NULL;
}

/* ---- Options --------------------------------------------------------------------------------------------------- */

typedef struct option {
    const char *name;
    size_t offset; /* of a float in fv_optimizer */
    float low, high;
    bool above, below; /* the limits themselves are excluded */
    bool common;       /* every rule has it */
} option;

#define OPTION(name) #name, offsetof(fv_optimizer, name)
static const option options[] = {
    {OPTION(lr), .high = 1000, .above = true},   {OPTION(momentum), .high = 1, .below = true},
    {OPTION(beta1), .high = 1, .below = true},   {OPTION(beta2), .high = 1, .below = true},
    {OPTION(epsilon), .high = 1, .above = true}, {OPTION(weight_decay), .high = 1000, .common = true},
    {OPTION(l1), .high = 1000, .common = true},  {OPTION(clip_norm), .high = FLT_MAX, .common = true},
};

static float *field(fv_optimizer *optimizer, const option *o) {
    return (float *)(void *)((unsigned char *)optimizer + o->offset);
}

static float value_of(const fv_optimizer *optimizer, const option *o) {
    fv_optimizer copy = *optimizer;
    return *field(&copy, o);
}

const char *fv_optimizer_rule(const fv_optimizer *optimizer) { return room_of(optimizer->kind)->rule.name; }

fv_optimizer fv_optimizer_resolved(const fv_optimizer *optimizer) {
    const fv_optim *room = room_of(optimizer->kind);
    fv_optimizer resolved = *optimizer;
    resolved.kind = room->kind;
    for (const option *o = options; o < options + FV_COUNT(options); o++) {
        float given = value_of(optimizer, o);
        *field(&resolved, o) = given == 0 ? value_of(&room->standard, o) : given == FV_ZERO ? 0 : given;
    }
    return resolved;
}

const char *fv_optimizer_option(const fv_optimizer *optimizer, int index, double *value) {
    if (index < 0 || index >= FV_COUNT(options)) return NULL;
    *value = (double)value_of(optimizer, &options[index]);
    return options[index].name;
}

static fv_status check_option(const fv_optim *room, const fv_optimizer *given, const option *o) {
    bool has = o->common || value_of(&room->standard, o) != 0;
    if (!has && value_of(given, o) == 0) return FV_OK;
    if (!has) return fv_fail(FV_BAD_ARGUMENT, "%s: %s has no such option", o->name, room->rule.name);
    fv_optimizer resolved = fv_optimizer_resolved(given);
    float value = value_of(&resolved, o);
    bool fits = (o->above ? value > o->low : value >= o->low) && (o->below ? value < o->high : value <= o->high);
    return fits ? FV_OK
                : fv_fail(FV_BAD_ARGUMENT, "%s %g: must be %s %g and %s %g", o->name, value,
                          o->above ? "above" : "at least", o->low, o->below ? "below" : "at most", o->high);
}

fv_status fv_optimizer_check(const fv_optimizer *optimizer) {
    const fv_optim *room = room_of(optimizer->kind);
    if (!room) return fv_fail(FV_BAD_ARGUMENT, "optimizer kind %d: there is none", (int)optimizer->kind);
    for (const option *o = options; o < options + FV_COUNT(options); o++) FV_TRY(check_option(room, optimizer, o));
    if (optimizer->nesterov && room->kind != FV_MOMENTUM)
        return fv_fail(FV_BAD_ARGUMENT, "nesterov: %s has no such option", room->rule.name);
    return FV_OK;
}

/* ---- Names ----------------------------------------------------------------------------------------------------- */

const char *fv_optimizer_name(int index) {
    return index >= 0 && index < FV_COUNT(rooms) ? rooms[index]->rule.name : NULL;
}

fv_status fv_optimizer_named(const char *name, fv_optimizer *optimizer) {
    const char *names[FV_COUNT(rooms)];
    for (int i = 0; i < FV_COUNT(rooms); i++) {
        if (strcmp(rooms[i]->rule.name, name) == 0) {
            *optimizer = (fv_optimizer){.kind = rooms[i]->kind};
            return FV_OK;
        }
        names[i] = rooms[i]->rule.name;
    }
    return fv_fail_unknown("optimizer", name, names, FV_COUNT(rooms));
}

/* ---- Nodes ----------------------------------------------------------------------------------------------------- */

static fv_status add_update(fv_graph *graph, const fv_optimizer *o, fv_value *param, fv_value *grad, fv_value *norm) {
    const fv_rule *rule = &room_of(o->kind)->rule;
    const fv_parameter *info = fv_parameter_of(param->node);
    bool decays = !(info->no_decay && o->decay_exclude_norm_and_bias);
    fv_hyper hyper = {
        .momentum = o->momentum,
        .nesterov = o->nesterov,
        .beta1 = o->beta1,
        .beta2 = o->beta2,
        .epsilon = o->epsilon,
        .weight_decay = decays ? o->weight_decay : 0,
        .l1 = decays ? o->l1 : 0,
        .clip_norm = o->clip_norm,
    };
    fv_parameter slot = {.shape = info->shape, .init = {.kind = FV_INIT_ZERO}, .state = true};
    fv_value *slots[FV_MAX_SLOTS] = {0};
    for (int i = 0; i < rule->n_slots; i++) {
        slots[i] = fv_parameter_new(graph, param->node->name, rule->slot_names[i], &slot);
        if (!slots[i]) return fv_last_status();
    }
    return fv_update_node(graph, rule, &hyper, param, grad, slots, norm) ? FV_OK : fv_last_status();
}

/* The sum of squares of all gradients there are; NULL where there are none. */
static fv_status add_norm(fv_graph *graph, fv_value *const grads[], int count, fv_value **norm) {
    fv_value **present = FV_NEW_N(fv_value *, (size_t)count);
    if (!present) return FV_NO_MEMORY;
    int n = 0;
    for (int i = 0; i < count; i++)
        if (grads[i]) present[n++] = grads[i];
    *norm = fv_grad_norm_node(graph, present, n);
    fv_free(present);
    return *norm || n == 0 ? FV_OK : fv_last_status();
}

fv_status fv_optimizer_build(fv_graph *graph, const fv_optimizer *optimizer, fv_value *const params[],
                             fv_value *const grads[], int count) {
    FV_TRY(fv_optimizer_check(optimizer));
    fv_optimizer o = fv_optimizer_resolved(optimizer);
    fv_value *norm = NULL;
    if (o.clip_norm > 0) FV_TRY(add_norm(graph, grads, count, &norm));
    for (int i = 0; i < count; i++)
        if (grads[i]) FV_TRY(add_update(graph, &o, params[i], grads[i], norm));
    return FV_OK;
}
