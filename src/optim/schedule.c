/* Schedules of the learning rate: their table, their options, and the rate of a step behind a linear warm-up. */
#include "optim/schedule.h"

#include "core/suggest.h"
#include "graph/op.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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
    BY_EPOCH,
    NONE
} option_id;

typedef enum option_type { REAL, WHOLE, FLAG, TIMES } option_type; /* float, uint64_t, bool, uint64_t[FV_MILESTONES] */

#define FIELD(field_, type_) .name = #field_, .offset = offsetof(fv_schedule, field_), .type = type_
static const struct option {
    const char *name;
    size_t offset;
    option_type type;
    double low, high;
    bool above, below; /* the limits themselves are excluded */
} options[NONE] = {
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
#define SCHEDULE(kind, name, help, ...) [kind] = {#name, fv_share_##name, help, {__VA_ARGS__, {NONE}}},
#include "optim/schedules.def"
#undef SCHEDULE
};
enum { KINDS = FV_COUNT(rows) };

static void *field(fv_schedule *schedule, int id) { return (unsigned char *)schedule + options[id].offset; }

static const char *name_of(const fv_schedule *s) { return s->kind == FV_OWN ? "own" : rows[s->kind].name; }

/* The place of an option among those of the schedule; -1: it has no such option. */
static int place_of(const fv_schedule *s, int id) {
    for (int i = 0; s->kind != FV_OWN && rows[s->kind].options[i].id != NONE; i++)
        if ((int)rows[s->kind].options[i].id == id) return i;
    return -1;
}

static bool has(const fv_schedule *s, int id) {
    bool timed = s->kind != FV_CONSTANT && s->kind != FV_PLATEAU;
    return id == BY_EPOCH ? timed : place_of(s, id) >= 0;
}

/* ---- Values ------------------------------------------------------------------------------------------------------- */

/* 0: it was not given. Of a list: its first. */
static double value_of(const fv_schedule *schedule, int id) {
    fv_schedule copy = *schedule;
    const void *at = field(&copy, id);
    return options[id].type == REAL   ? (double)*(const float *)at
           : options[id].type == FLAG ? *(const bool *)at
                                      : (double)*(const uint64_t *)at;
}

static void set_value(fv_schedule *schedule, int id, double value) {
    void *at = field(schedule, id);
    if (options[id].type == REAL)
        *(float *)at = (float)value;
    else if (options[id].type == FLAG)
        *(bool *)at = value != 0;
    else
        *(uint64_t *)at = (uint64_t)value;
}

fv_schedule fv_schedule_resolved(const fv_schedule *schedule) {
    fv_schedule s = *schedule;
    for (int id = 0; id < NONE; id++) {
        double value = value_of(schedule, id);
        int place = place_of(schedule, id);
        if (value == 0 && place >= 0) set_value(&s, id, rows[s.kind].options[place].standard);
        if (value == (double)FV_ZERO) set_value(&s, id, 0);
    }
    return s;
}

/* ---- Checking ----------------------------------------------------------------------------------------------------- */

static bool fits(int id, double value) {
    const struct option *o = &options[id];
    return (o->above ? value > o->low : value >= o->low) && (o->below ? value < o->high : value <= o->high);
}

/* `given` is the option as it was given: "every 2.5". */
static fv_status misfit(int id, const char *given) {
    const struct option *o = &options[id];
    return fv_fail(FV_BAD_ARGUMENT, "%s: must be %s%s %.10g and %s %.10g", given,
                   o->type == REAL ? "" : "a whole number, ", o->above ? "above" : "at least", o->low,
                   o->below ? "below" : "at most", o->high);
}

static fv_status check_value(int id, double value) {
    char given[64];
    snprintf(given, sizeof given, "%s %.10g", options[id].name, value);
    return fits(id, value) ? FV_OK : misfit(id, given);
}

static fv_status check_times(const fv_schedule *s) {
    for (int i = 1; i < FV_MILESTONES && s->at[i]; i++)
        if (s->at[i] <= s->at[i - 1])
            return fv_fail(FV_BAD_ARGUMENT, "at: %llu comes after %llu: times must rise", (unsigned long long)s->at[i],
                           (unsigned long long)s->at[i - 1]);
    return FV_OK;
}

static fv_status check_option(const fv_schedule *s, int id) {
    double given = value_of(s, id);
    int place = place_of(s, id);
    if (given != 0 && !has(s, id))
        return fv_fail(FV_BAD_ARGUMENT, "%s: %s has no such option", options[id].name, name_of(s));
    if (given == 0 && place >= 0 && rows[s->kind].options[place].standard == REQUIRED)
        return fv_fail(FV_BAD_ARGUMENT, "%s: %s needs it", options[id].name, name_of(s));
    return given == 0 ? FV_OK : check_value(id, given == (double)FV_ZERO ? 0 : given);
}

fv_status fv_schedule_check(const fv_schedule *schedule) {
    if ((unsigned)schedule->kind >= KINDS && schedule->kind != FV_OWN)
        return fv_fail(FV_BAD_ARGUMENT, "schedule kind %d: there is none", (int)schedule->kind);
    if ((schedule->kind == FV_OWN) != (schedule->share != NULL))
        return fv_fail(FV_BAD_ARGUMENT, "share: the schedule %s %s", name_of(schedule),
                       schedule->share ? "takes no function" : "needs a function");
    for (int id = 0; id < NONE; id++) FV_TRY(check_option(schedule, id));
    return check_times(schedule);
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

static fv_status find_kind(const char *name, fv_schedule_kind *kind) {
    const char *names[KINDS];
    for (int i = 0; i < KINDS; i++) {
        names[i] = rows[i].name;
        *kind = (fv_schedule_kind)i;
        if (strcmp(names[i], name) == 0) return FV_OK;
    }
    return fv_fail_unknown("schedule", name, names, KINDS);
}

static fv_status find_option(const fv_schedule *s, const char *name, int *id) {
    const char *names[NONE], *near;
    size_t n = 0;
    for (*id = 0; *id < NONE; ++*id) {
        if (!has(s, *id)) continue;
        if (strcmp(options[*id].name, name) == 0) return FV_OK;
        names[n++] = options[*id].name;
    }
    near = fv_suggest(name, names, n);
    return fv_fail(FV_BAD_ARGUMENT, "%s has no option \"%s\"%s%s%s", name_of(s), name, near ? ": did you mean \"" : "",
                   near ? near : "", near ? "\"?" : "");
}

/* A number from `text`; NULL if there is none that fits, else where it ends. */
static const char *read_value(int id, const char *text, double *value) {
    char *end;
    *value = strtod(text, &end);
    bool whole = options[id].type == REAL || *value == floor(*value);
    return end != text && whole && fits(id, *value) ? end : NULL;
}

/* "30/60/90" */
static bool read_times(const char *text, uint64_t at[FV_MILESTONES]) {
    double value;
    for (int i = 0; i < FV_MILESTONES; i++, text++) {
        text = read_value(AT, text, &value);
        if (!text) return false;
        at[i] = (uint64_t)value;
        if (*text != '/') return !*text;
    }
    return false;
}

static fv_status read_option(fv_schedule *s, int id, const char *text) {
    double value;
    const char *end = options[id].type == TIMES ? NULL : read_value(id, text, &value);
    if (options[id].type == TIMES && !read_times(text, s->at))
        return fv_fail(FV_BAD_ARGUMENT, "at=%s: must be at most %d times from 1 on, with / between them: 30/60/90",
                       text, FV_MILESTONES);
    if (options[id].type == TIMES) return FV_OK;
    char given[64];
    snprintf(given, sizeof given, "%s=%.40s", options[id].name, text);
    if (!end || *end) return misfit(id, given);
    set_value(s, id, value == 0 && options[id].type == REAL ? (double)FV_ZERO : value);
    return FV_OK;
}

/* "name" or "name=value"; a flag needs no value. Cut up here. */
static fv_status take_item(fv_schedule *s, char *item) {
    int id;
    char *equals = strchr(item, '=');
    if (equals) *equals = '\0';
    FV_TRY(find_option(s, item, &id));
    if (!equals && options[id].type != FLAG) return fv_fail(FV_BAD_ARGUMENT, "%s: needs a value: %s=...", item, item);
    return read_option(s, id, equals ? equals + 1 : "1");
}

fv_status fv_schedule_parse(const char *text, fv_schedule *schedule) {
    char copy[FV_SCHEDULE_TEXT];
    fv_schedule s = {0};
    if (strlen(text) >= sizeof copy) return fv_fail(FV_BAD_ARGUMENT, "%.20s...: longer than any schedule", text);
    char *item = strcpy(copy, text), *next = strchr(copy, ':');
    if (next) *next++ = '\0';
    FV_TRY(find_kind(item, &s.kind));
    while ((item = next)) {
        next = strchr(item, ',');
        if (next) *next++ = '\0';
        FV_TRY(take_item(&s, item));
    }
    FV_TRY(fv_schedule_check(&s));
    *schedule = s;
    return FV_OK;
}

/* In as few digits as come back as the same float; whole numbers have all of theirs. */
static int digits_of(double value) {
    char text[32];
    for (int digits = 6; digits < 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if ((float)strtod(text, NULL) == (float)value) return digits;
    }
    return 9;
}

static size_t write_value(const fv_schedule *s, int id, char *text, size_t size) {
    double value = value_of(s, id);
    int digits = options[id].type == REAL ? digits_of(value) : 15;
    size_t used = (size_t)snprintf(text, size, "%s=%.*g", options[id].name, digits, value);
    for (int i = 1; options[id].type == TIMES && i < FV_MILESTONES && s->at[i]; i++)
        used += (size_t)snprintf(text + used, size - used, "/%llu", (unsigned long long)s->at[i]);
    return used;
}

void fv_schedule_write(const fv_schedule *schedule, char *text, size_t size) {
    fv_schedule s = fv_schedule_resolved(schedule);
    size_t used = (size_t)snprintf(text, size, "%s", name_of(&s));
    char between = ':';
    for (int id = 0; id < NONE; id++) {
        bool unset = id == EVERY && s.every == 0; /* a part of all, which is no number yet */
        if (!has(&s, id) || unset) continue;
        text[used++] = between, between = ',';
        used += write_value(&s, id, text + used, size - used);
    }
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
