/* Schedules of the learning rate: their table, their options, and the rate of a step behind a linear warm-up. */
#include "optim/schedule.h"

#include "core/suggest.h"
#include "graph/op.h"
#include "optim/help.h"
#include "optim/options.h"

#include <stdio.h>
#include <string.h>

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

typedef enum option_id {
    FLOOR,
    GAMMA,
    RATE,
    POWER,
    EVERY,
    AT,
    MULT,
    PCT,
    DIV,
    FINAL_DIV,
    WIDTH,
    RISE,
    PATIENCE,
    THRESHOLD,
    COOLDOWN,
    BY_BEST,
    BY_EPOCH,
    NONE
} option_id;

#define FIELD(field_, type_) FV_OPTION(fv_schedule, field_, type_)
static const fv_option options[NONE] = {
    [FLOOR] = {FIELD(floor, REAL), .low = 0, .high = 1},
    [GAMMA] = {FIELD(gamma, REAL), .low = 0, .high = 1, .above = true},
    [RATE] = {FIELD(rate, REAL), .low = 0, .high = 1000, .above = true},
    [POWER] = {FIELD(power, REAL), .low = 0, .high = 100, .above = true},
    [EVERY] = {FIELD(every, WHOLE), .low = 1, .high = 1e12},
    [AT] = {FIELD(at, TIMES), .low = 1, .high = 1e12},
    [MULT] = {FIELD(mult, WHOLE), .low = 1, .high = 1000},
    [PCT] = {FIELD(pct, REAL), .low = 0, .high = 1, .above = true, .below = true},
    [DIV] = {FIELD(div, REAL), .low = 1, .high = 1e9},
    [FINAL_DIV] = {FIELD(final_div, REAL), .low = 1, .high = 1e12},
    [WIDTH] = {FIELD(width, WHOLE), .low = 1, .high = 1e9},
    [RISE] = {FIELD(rise, WHOLE), .low = 1, .high = 1e12},
    [PATIENCE] = {FIELD(patience, WHOLE), .low = 1, .high = 1e6},
    [THRESHOLD] = {FIELD(threshold, REAL), .low = 0, .high = 1, .below = true},
    [COOLDOWN] = {FIELD(cooldown, WHOLE), .low = 0, .high = 1e6},
    [BY_BEST] = {FIELD(by_best, FLAG), .low = 0, .high = 1},
    [BY_EPOCH] = {FIELD(by_epoch, FLAG), .low = 0, .high = 1},
};

enum { OPTIONS = 6, REQUIRED = -1 };
static const struct row {
    const char *name;
    fv_schedule_share *share;
    const char *help;
    struct {
        option_id id;
        double standard;
        const char *standing;
    } options[OPTIONS];
} rows[] = {
#define OPTION(...) OPTION_OF(__VA_ARGS__, NULL, 0)
#define OPTION_OF(which, value, text, ...) \
    { .id = which, .standard = value, .standing = text }
#define SCHEDULE(kind, name, help, ...) [kind] = {#name, fv_share_##name, help, {__VA_ARGS__, {.id = NONE}}},
#include "optim/schedules.def"
#undef SCHEDULE
#undef OPTION_OF
#undef OPTION
};
enum { KINDS = FV_COUNT(rows) };

/* The place of an option among those of the schedule; -1: it has no such option. */
static int place_of(const fv_schedule *s, int id) {
    for (int i = 0; s->kind != FV_OWN && rows[s->kind].options[i].id != NONE; i++)
        if ((int)rows[s->kind].options[i].id == id) return i;
    return -1;
}

/* ---- Options ------------------------------------------------------------------------------------------------------ */

static const char *name_of(const void *of) {
    const fv_schedule *s = of;
    return s->kind == FV_OWN ? "own" : rows[s->kind].name;
}

static bool has(const void *of, int id) {
    const fv_schedule *s = of;
    bool timed = s->kind != FV_CONSTANT && s->kind != FV_PLATEAU;
    if (id == BY_BEST) return s->kind == FV_PLATEAU;
    return id == BY_EPOCH ? timed : place_of(s, id) >= 0;
}

static fv_status begin(const char *name, void *of) {
    const char *names[KINDS];
    for (int i = 0; i < KINDS; i++) {
        names[i] = rows[i].name;
        *(fv_schedule *)of = (fv_schedule){.kind = (fv_schedule_kind)i};
        if (strcmp(names[i], name) == 0) return FV_OK;
    }
    return fv_fail_unknown("schedule", name, names, KINDS);
}

static const fv_options schedule_options = {
    .what = "schedule", .table = options, .count = NONE, .begin = begin, .name = name_of, .has = has};

fv_schedule fv_schedule_resolved(const fv_schedule *schedule) {
    fv_schedule s = *schedule;
    for (int id = 0; id < NONE; id++) {
        double value = fv_option_value(&options[id], schedule);
        int place = place_of(schedule, id);
        double standard = place >= 0 ? rows[s.kind].options[place].standard : 0;
        if (value == 0 && standard > 0) fv_option_set(&options[id], &s, standard);
        if (value == (double)FV_ZERO) fv_option_set(&options[id], &s, 0);
    }
    return s;
}

static fv_status check_required(const fv_schedule *s) {
    for (int i = 0; s->kind != FV_OWN && rows[s->kind].options[i].id != NONE; i++) {
        const fv_option *o = &options[rows[s->kind].options[i].id];
        if (rows[s->kind].options[i].standard == REQUIRED && fv_option_value(o, s) == 0)
            return fv_fail(FV_BAD_ARGUMENT, "%s: %s needs it", o->name, name_of(s));
    }
    return FV_OK;
}

fv_status fv_schedule_check(const fv_schedule *schedule) {
    if ((unsigned)schedule->kind >= KINDS && schedule->kind != FV_OWN)
        return fv_fail(FV_BAD_ARGUMENT, "schedule kind %d: there is none", (int)schedule->kind);
    if ((schedule->kind == FV_OWN) != (schedule->share != NULL))
        return fv_fail(FV_BAD_ARGUMENT, "share: the schedule %s %s", name_of(schedule),
                       schedule->share ? "takes no function" : "needs a function");
    FV_TRY(fv_options_check(&schedule_options, schedule));
    return check_required(schedule);
}

/* ---- The rate of a step --------------------------------------------------------------------------------------------- */

float fv_schedule_at(const fv_schedule *schedule, float base, uint64_t step, uint64_t total_steps,
                     uint64_t epoch_steps) {
    fv_schedule s = fv_schedule_resolved(schedule);
    if (step < s.warmup) return (float)(base * ((double)step + 1) / (double)s.warmup);
    uint64_t unit = s.by_epoch && epoch_steps ? epoch_steps : 1, begin = s.warmup / unit;
    uint64_t end = total_steps / unit + (total_steps % unit != 0), time = step / unit < end ? step / unit : end;
    uint64_t total = end > begin ? end - begin : 1, t = time > begin ? time - begin : 0;
    double share = s.kind == FV_OWN ? s.share(s.user, t, total) : rows[s.kind].share(&s, (double)t, (double)total);
    return (float)(base * share);
}

/* ---- As text -------------------------------------------------------------------------------------------------------- */

const char *fv_schedule_name(int index) { return index >= 0 && index < KINDS ? rows[index].name : NULL; }

fv_status fv_schedule_parse(const char *text, fv_schedule *schedule) {
    fv_schedule s;
    FV_TRY(fv_options_read(&schedule_options, text, &s));
    FV_TRY(fv_schedule_check(&s));
    *schedule = s;
    return FV_OK;
}

void fv_schedule_write(const fv_schedule *schedule, char *text, size_t size) {
    fv_schedule s = fv_schedule_resolved(schedule);
    fv_options_write(&schedule_options, &s, text, size);
}

const char *fv_schedule_help(int index, char *usage, size_t size) {
    if (index < 0 || index >= KINDS) return NULL;
    const struct row *row = &rows[index];
    size_t used = (size_t)snprintf(usage, size, "%s", row->name);
    for (int i = 0; row->options[i].id != NONE; i++) {
        char number[32];
        snprintf(number, sizeof number, "%g", row->options[i].standard);
        used += (size_t)snprintf(usage + used, size - used, "%s%s=%s", i ? "," : ":", options[row->options[i].id].name,
                                 row->options[i].standing ? row->options[i].standing : number);
    }
    return row->help;
}
