#include "optim/options.h"

#include "core/suggest.h"
#include "fovea/optim.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Values ------------------------------------------------------------------------------------------------------ */

static const void *field(const fv_option *o, const void *of) { return (const unsigned char *)of + o->offset; }

double fv_option_value(const fv_option *o, const void *of) {
    const void *at = field(o, of);
    if (o->type == FV_OPTION_REAL) return (double)*(const float *)at;
    return o->type == FV_OPTION_FLAG ? *(const bool *)at : (double)*(const uint64_t *)at;
}

void fv_option_set(const fv_option *o, void *of, double value) {
    void *at = (unsigned char *)of + o->offset;
    if (o->type == FV_OPTION_REAL)
        *(float *)at = (float)value;
    else if (o->type == FV_OPTION_FLAG)
        *(bool *)at = value != 0;
    else
        *(uint64_t *)at = (uint64_t)value;
}

/* ---- Checking ---------------------------------------------------------------------------------------------------- */

static bool fits(const fv_option *o, double value) {
    return (o->above ? value > o->low : value >= o->low) && (o->below ? value < o->high : value <= o->high);
}

/* `given` is the option as it was given: "every 2.5". */
static fv_status misfit(const fv_option *o, const char *given) {
    return fv_fail(FV_BAD_ARGUMENT, "%s: must be %s%s %g and %s %g", given,
                   o->type == FV_OPTION_REAL ? "" : "a whole number, ", o->above ? "above" : "at least", o->low,
                   o->below ? "below" : "at most", o->high);
}

static fv_status check_times(const fv_option *o, const void *of) {
    const uint64_t *at = field(o, of);
    for (int i = 1; i < FV_MILESTONES && at[i]; i++)
        if (at[i] <= at[i - 1])
            return fv_fail(FV_BAD_ARGUMENT, "%s: %llu comes after %llu: times must rise", o->name,
                           (unsigned long long)at[i], (unsigned long long)at[i - 1]);
    return FV_OK;
}

static fv_status check_value(const fv_option *o, const void *of) {
    char given[64];
    double value = fv_option_value(o, of);
    if (value == (double)FV_ZERO) value = 0;
    snprintf(given, sizeof given, "%s %g", o->name, value);
    if (!fits(o, value)) return misfit(o, given);
    return o->type == FV_OPTION_TIMES ? check_times(o, of) : FV_OK;
}

fv_status fv_options_check(const fv_options *options, const void *of) {
    for (int i = 0; i < options->count; i++) {
        const fv_option *o = &options->table[i];
        if (fv_option_value(o, of) == 0) continue;
        if (!options->has(of, i))
            return fv_fail(FV_BAD_ARGUMENT, "%s: %s has no such option", o->name, options->name(of));
        FV_TRY(check_value(o, of));
    }
    return FV_OK;
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static fv_status find(const fv_options *options, const char *name, const void *of, const fv_option **found) {
    const char *names[64];
    size_t n = 0;
    for (int i = 0; i < options->count; i++) {
        if (!options->has(of, i)) continue;
        *found = &options->table[i];
        if (strcmp((*found)->name, name) == 0) return FV_OK;
        names[n++] = (*found)->name;
    }
    return fv_fail_in(fv_fail_unknown("option", name, names, n), "%s", options->name(of));
}

/* A number from `text`; NULL if there is none that fits, else where it ends. */
static const char *read_value(const fv_option *o, const char *text, double *value) {
    char *end;
    *value = strtod(text, &end);
    bool whole = o->type == FV_OPTION_REAL || *value == floor(*value);
    return end != text && whole && fits(o, *value) ? end : NULL;
}

/* "30/60/90" */
static fv_status read_times(const fv_option *o, const char *text, void *of) {
    uint64_t *at = (void *)((unsigned char *)of + o->offset);
    double value;
    const char *rest = text;
    for (int i = 0; i < FV_MILESTONES && (rest = read_value(o, rest, &value)); i++, rest++) {
        at[i] = (uint64_t)value;
        if (!*rest) return FV_OK;
        if (*rest != '/') break;
    }
    return fv_fail(FV_BAD_ARGUMENT, "%s=%s: must be at most %d times from 1 on, with / between them: 30/60/90", o->name,
                   text, FV_MILESTONES);
}

static fv_status read_number(const fv_option *o, const char *text, void *of) {
    char given[64];
    double value;
    const char *end = read_value(o, text, &value);
    snprintf(given, sizeof given, "%s=%.40s", o->name, text);
    if (!end || *end) return misfit(o, given);
    fv_option_set(o, of, value == 0 && o->type == FV_OPTION_REAL ? (double)FV_ZERO : value);
    return FV_OK;
}

/* "name" or "name=value"; cut up here. */
static fv_status take_item(const fv_options *options, char *item, void *of) {
    const fv_option *o = NULL;
    char *equals = strchr(item, '=');
    if (equals) *equals = '\0';
    FV_TRY(find(options, item, of, &o));
    if (!equals && o->type != FV_OPTION_FLAG) return fv_fail(FV_BAD_ARGUMENT, "%s: needs a value: %s=...", item, item);
    const char *text = equals ? equals + 1 : "1";
    return o->type == FV_OPTION_TIMES ? read_times(o, text, of) : read_number(o, text, of);
}

fv_status fv_options_read(const fv_options *options, const char *text, void *of) {
    char copy[FV_OPTIONS_TEXT];
    if (strlen(text) >= sizeof copy)
        return fv_fail(FV_BAD_ARGUMENT, "%.20s...: longer than any %s", text, options->what);
    char *item = strcpy(copy, text), *next = strchr(copy, ':');
    if (next) *next++ = '\0';
    FV_TRY(options->begin(item, of));
    while ((item = next)) {
        next = strchr(item, ',');
        if (next) *next++ = '\0';
        FV_TRY(take_item(options, item, of));
    }
    return FV_OK;
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

/* In as few digits as come back as the same float; whole numbers have all of theirs. */
static int digits_of(const fv_option *o, double value) {
    char text[32];
    for (int digits = 6; digits < 9 && o->type == FV_OPTION_REAL; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if ((float)strtod(text, NULL) == (float)value) return digits;
    }
    return o->type == FV_OPTION_REAL ? 9 : 15;
}

static size_t write_option(const fv_option *o, const void *of, char *text, size_t size) {
    double value = fv_option_value(o, of);
    const uint64_t *at = field(o, of);
    size_t used = (size_t)snprintf(text, size, "%s=%.*g", o->name, digits_of(o, value), value);
    for (int i = 1; o->type == FV_OPTION_TIMES && i < FV_MILESTONES && at[i]; i++)
        used += (size_t)snprintf(text + used, size - used, "/%llu", (unsigned long long)at[i]);
    return used;
}

void fv_options_write(const fv_options *options, const void *of, char *text, size_t size) {
    size_t used = (size_t)snprintf(text, size, "%s", options->name(of));
    char between = ':';
    for (int i = 0; i < options->count; i++) {
        const fv_option *o = &options->table[i];
        bool unset = fv_option_value(o, of) == 0 && !fits(o, 0);
        if (!options->has(of, i) || unset) continue;
        text[used++] = between, between = ',';
        used += write_option(o, of, text + used, size - used);
    }
}
