#include "optim/optim.h"

#include "core/memory.h"
#include "core/suggest.h"
#include "optim/help.h"
#include "optim/options.h"
#include "optim/parts.h"

#include <float.h>
#include <stdio.h>
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

enum { MOST_DECAY = 1000 };

#define FIELD(field_, type_) FV_OPTION(fv_optimizer, field_, type_)
static const fv_option table[] = {
    {FIELD(lr, REAL), .high = 1000, .above = true},
    {FIELD(momentum, REAL), .high = 1, .below = true},
    {FIELD(beta1, REAL), .high = 1, .below = true},
    {FIELD(beta2, REAL), .high = 1, .below = true},
    {FIELD(rho, REAL), .high = 1, .below = true},
    {FIELD(epsilon, REAL), .high = 1, .above = true},
    {FIELD(momentum_decay, REAL), .high = 1},
    {FIELD(trust, REAL), .high = 1000, .above = true},
    {FIELD(nesterov, FLAG), .high = 1},
    {FIELD(centered, FLAG), .high = 1},
    {FIELD(weight_decay, REAL), .high = MOST_DECAY},
    {FIELD(l1, REAL), .high = MOST_DECAY},
    {FIELD(clip_norm, REAL), .high = FLT_MAX},
    {FIELD(clip_each, REAL), .high = FLT_MAX},
    {FIELD(clip_value, REAL), .high = FLT_MAX},
    {FIELD(decay_exclude_norm_and_bias, FLAG), .high = 1},
};
enum { OPTIONS = FV_COUNT(table) };

/* What stands behind them in the struct every rule has. */
static bool is_common(const fv_option *o) { return o->offset >= offsetof(fv_optimizer, weight_decay); }

static const char *name_of(const void *of) { return room_of(((const fv_optimizer *)of)->kind)->rule.name; }

static bool has(const void *of, int index) {
    const fv_optimizer *standard = &room_of(((const fv_optimizer *)of)->kind)->standard;
    return is_common(&table[index]) || fv_option_value(&table[index], standard) != 0;
}

static fv_status begin(const char *name, void *of) {
    const char *names[FV_COUNT(rooms)];
    for (int i = 0; i < FV_COUNT(rooms); i++) {
        names[i] = rooms[i]->rule.name;
        *(fv_optimizer *)of = (fv_optimizer){.kind = rooms[i]->kind};
        if (strcmp(names[i], name) == 0) return FV_OK;
    }
    return fv_fail_unknown("optimizer", name, names, FV_COUNT(rooms));
}

static const fv_options optimizer_options = {
    .what = "optimizer", .table = table, .count = OPTIONS, .begin = begin, .name = name_of, .has = has};

const char *fv_optimizer_rule(const fv_optimizer *optimizer) { return name_of(optimizer); }

fv_optimizer fv_optimizer_resolved(const fv_optimizer *optimizer) {
    const fv_optim *room = room_of(optimizer->kind);
    fv_optimizer resolved = *optimizer;
    resolved.kind = room->kind;
    for (const fv_option *o = table; o < table + OPTIONS; o++) {
        double value = fv_option_value(o, optimizer);
        if (o->type != FV_OPTION_REAL) continue;
        if (value == 0) value = fv_option_value(o, &room->standard);
        fv_option_set(o, &resolved, value == (double)FV_ZERO ? 0 : value);
    }
    return resolved;
}

const char *fv_optimizer_option(const fv_optimizer *optimizer, int index, double *value) {
    if (index < 0 || index >= OPTIONS) return NULL;
    *value = fv_option_value(&table[index], optimizer);
    return table[index].name;
}

fv_status fv_optimizer_check(const fv_optimizer *optimizer) {
    if (!room_of(optimizer->kind))
        return fv_fail(FV_BAD_ARGUMENT, "optimizer kind %d: there is none", (int)optimizer->kind);
    FV_TRY(fv_options_check(&optimizer_options, optimizer));
    FV_TRY(fv_parts_check("weight_decay_by", optimizer->weight_decay_by, 0, MOST_DECAY));
    FV_TRY(fv_parts_check("l1_by", optimizer->l1_by, 0, MOST_DECAY));
    if ((optimizer->clip_norm > 0) + (optimizer->clip_each > 0) + (optimizer->clip_value > 0) > 1)
        return fv_fail(FV_BAD_ARGUMENT, "clip_norm, clip_each, clip_value: gradients are clipped in one way");
    return FV_OK;
}

fv_status fv_optimizer_parse(const char *text, fv_optimizer *optimizer) {
    fv_optimizer o;
    FV_TRY(fv_options_read(&optimizer_options, text, &o));
    FV_TRY(fv_optimizer_check(&o));
    *optimizer = o;
    return FV_OK;
}

const char *fv_optimizer_name(int index) {
    return index >= 0 && index < FV_COUNT(rooms) ? rooms[index]->rule.name : NULL;
}

bool fv_optimizer_usage(int index, char *text, size_t size) {
    if (index < 0 || index >= FV_COUNT(rooms)) return false;
    const fv_optimizer *standard = &rooms[index]->standard;
    size_t used = (size_t)snprintf(text, size, "%s", rooms[index]->rule.name);
    char between = ':';
    for (const fv_option *o = table; o < table + OPTIONS; o++) {
        double value = fv_option_value(o, standard);
        if (value == 0) continue;
        used += (size_t)snprintf(text + used, size - used, "%c%s", between, o->name);
        if (o->type == FV_OPTION_REAL)
            used += (size_t)snprintf(text + used, size - used, "=%g", value == (double)FV_ZERO ? 0 : value);
        between = ',';
    }
    return true;
}

/* ---- Nodes ----------------------------------------------------------------------------------------------------- */

static fv_value *add_slot(fv_graph *graph, const fv_value *param, const char *name) {
    const fv_parameter slot = {
        .shape = fv_parameter_of(param->node)->shape, .init = {.kind = FV_INIT_ZERO}, .state = true};
    return fv_parameter_new(graph, param->node->name, name, &slot);
}

static fv_status add_update(fv_graph *graph, const fv_optimizer *o, float ema, fv_value *param, fv_value *grad,
                            fv_value *norm) {
    const fv_rule *rule = &room_of(o->kind)->rule;
    bool decays = !(fv_parameter_of(param->node)->no_decay && o->decay_exclude_norm_and_bias);
    double weight_decay = decays ? (double)o->weight_decay : 0, l1 = decays ? (double)o->l1 : 0;
    fv_hyper hyper = {
        .momentum = o->momentum,
        .nesterov = o->nesterov,
        .beta1 = o->beta1,
        .beta2 = o->beta2,
        .epsilon = o->epsilon,
        .rho = o->rho,
        .momentum_decay = o->momentum_decay,
        .trust = o->trust,
        .adapts = decays,
        .centered = o->centered,
        .weight_decay = (float)fv_parts_value(o->weight_decay_by, param->node, weight_decay),
        .l1 = (float)fv_parts_value(o->l1_by, param->node, l1),
        .clip_norm = o->clip_norm > 0 ? o->clip_norm : o->clip_each,
        .clip_value = o->clip_value,
        .ema = ema,
    };
    fv_value *slots[FV_MAX_SLOTS] = {0};
    int n = fv_update_slots(rule, &hyper);
    for (int i = 0; i < n; i++) {
        slots[i] = add_slot(graph, param, ema > 0 && i == n - 1 ? FV_EMA_SLOT : rule->slot_names[i]);
        if (!slots[i]) return fv_last_status();
    }
    return fv_update_node(graph, rule, &hyper, param, grad, slots, norm) ? FV_OK : fv_last_status();
}

/* The mean gradients of a group of batches in place of one batch's. */
static fv_status add_sums(fv_graph *graph, fv_value *const params[], fv_value *grads[], int count) {
    for (int i = 0; i < count; i++) {
        if (!grads[i]) continue;
        grads[i] = fv_accumulate_node(graph, params[i], grads[i], add_slot(graph, params[i], FV_SUM_SLOT));
        if (!grads[i]) return fv_last_status();
    }
    return FV_OK;
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

static fv_status add_updates(fv_graph *graph, const fv_optimizer *o, float ema, fv_value *const params[],
                             fv_value *const grads[], int count) {
    fv_value *norm = NULL;
    if (o->clip_norm > 0) FV_TRY(add_norm(graph, grads, count, &norm));
    for (int i = 0; i < count; i++) {
        if (o->clip_each > 0) FV_TRY(add_norm(graph, &grads[i], 1, &norm));
        if (grads[i]) FV_TRY(add_update(graph, o, ema, params[i], grads[i], norm));
    }
    return FV_OK;
}

fv_status fv_optimizer_build(fv_graph *graph, const fv_optimizer *optimizer, const fv_extras *extras,
                             fv_value *const params[], fv_value *const grads[], int count) {
    FV_TRY(fv_optimizer_check(optimizer));
    FV_TRY(fv_parts_exist("weight_decay_by", optimizer->weight_decay_by, graph));
    FV_TRY(fv_parts_exist("l1_by", optimizer->l1_by, graph));
    fv_optimizer o = fv_optimizer_resolved(optimizer);
    fv_value **means = FV_NEW_N(fv_value *, (size_t)count);
    if (!means) return FV_NO_MEMORY;
    memcpy(means, grads, (size_t)count * sizeof *means);
    fv_status status = extras->accumulate ? add_sums(graph, params, means, count) : FV_OK;
    if (status == FV_OK) status = add_updates(graph, &o, extras->ema, params, means, count);
    fv_free(means);
    return status;
}
