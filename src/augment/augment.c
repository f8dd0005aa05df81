#include "augment/augment.h"

#include "core/suggest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const fv_transform transforms[] = {
#define GEOMETRY(name_, zoom_, usage_, help_, ...) \
    {#name_, usage_, help_, .geometry = fv_##name_##_geometry, .zoom = zoom_, .parameter = {__VA_ARGS__}},
#define IN_TURN(name_, usage_, help_) {#name_, usage_, help_, .geometry = fv_##name_##_geometry, .in_turn = true},
#define COLOR(name_, usage_, help_, ...) \
    {#name_, usage_, help_, .color = fv_##name_##_color, .parameter = {__VA_ARGS__}},
#define OTHER(name_, several_, usage_, help_, ...) \
    {#name_, usage_, help_, .draw = fv_##name_##_draw, .several = several_, .parameter = {__VA_ARGS__}},
#include "augment/augments.def"
#undef GEOMETRY
#undef IN_TURN
#undef COLOR
#undef OTHER
};
enum { TRANSFORMS = sizeof transforms / sizeof *transforms, LONGEST = 63 };

const fv_transform *fv_transform_at(int index) { return index >= 0 && index < TRANSFORMS ? &transforms[index] : NULL; }

/* ---- Parameters -------------------------------------------------------------------------------------------------- */

/* "0.5" or "3/4"; NULL where there is no number, else where it ends. */
static const char *read_number(const char *text, double *number) {
    char *end;
    *number = strtod(text, &end);
    if (end == text) return NULL;
    if (*end != '/') return end;
    const char *divisor = end + 1;
    double by = strtod(divisor, &end);
    *number /= by;
    return end == divisor ? NULL : end;
}

/* "LOW-HIGH", or a number: *two says which. False if it is neither. */
static bool read_span(const char *text, fv_span *span, bool *two) {
    const char *end = read_number(text, &span->low);
    *two = end && *end == '-';
    if (*two) end = read_number(end + 1, &span->high);
    return end && !*end;
}

/* What a lone number may be, and what it stands for. */
static fv_span single_limits(const fv_parameter *p) {
    switch (p->single) {
    case FV_AROUND_0:
        return (fv_span){0, p->high};
    case FV_AROUND_1:
        return (fv_span){0, p->high - 1};
    default:
        return (fv_span){p->low, p->high};
    }
}
static fv_span single_span(const fv_parameter *p, double x) {
    switch (p->single) {
    case FV_AROUND_0:
        return (fv_span){-x, x};
    case FV_AROUND_1:
        return (fv_span){fmax(1 - x, p->low), 1 + x};
    case FV_UP_TO_1:
        return (fv_span){x, 1};
    default:
        return (fv_span){x, x};
    }
}

static bool within(double x, fv_span limits, bool whole) {
    return x >= limits.low && x <= limits.high && (!whole || x == floor(x)); /* NaN is not */
}

/* `step` is the transform as it was written. */
static fv_status parse_parameter(const char *step, const fv_parameter *p, const char *text, fv_span *span) {
    bool two = false, good = read_span(text, span, &two);
    fv_span limits = two ? (fv_span){p->low, p->high} : single_limits(p);
    if (!good || (two && p->single == FV_ALONE))
        return fv_fail(FV_BAD_ARGUMENT, "%s: %s must be a number%s from %g to %g%s", step, p->name,
                       p->single == FV_ALONE ? "" : ", or two as LOW-HIGH,", p->low, p->high, p->unit);
    if (!within(span->low, limits, p->whole) || (two && !within(span->high, limits, p->whole)))
        return fv_fail(FV_BAD_ARGUMENT, "%s: %s must be %sfrom %g to %g%s", step, p->name,
                       p->whole ? "a whole number " : "", limits.low, limits.high, p->unit);
    if (!two) *span = single_span(p, span->low);
    if (span->low > span->high)
        return fv_fail(FV_BAD_ARGUMENT, "%s: %g is above %g: the lower one comes first", step, span->low, span->high);
    return FV_OK;
}

/* `list` is what follows the colon, cut up here; NULL: all defaults. */
static fv_status parse_parameters(const char *step, const fv_transform *t, char *list, fv_span *value) {
    int known = 0;
    for (; known < FV_PARAMETERS && t->parameter[known].name; known++) {
        const fv_parameter *p = &t->parameter[known];
        char *next = list ? strchr(list, ',') : NULL;
        if (next) *next++ = '\0';
        FV_TRY(parse_parameter(step, p, list ? list : p->standard, &value[known]));
        list = next;
    }
    if (!list) return FV_OK;
    return fv_fail(FV_BAD_ARGUMENT, "%s: too many values: %s", step, t->usage);
}

/* ---- Transforms -------------------------------------------------------------------------------------------------- */

static const fv_transform *find(const char *name) {
    const char *names[TRANSFORMS];
    for (int i = 0; i < TRANSFORMS; i++) {
        names[i] = transforms[i].name;
        if (strcmp(name, names[i]) == 0) return &transforms[i];
    }
    fv_fail_unknown("transform", name, names, TRANSFORMS);
    return NULL;
}

/* Changes of the picture by the first n transforms. */
static int count_changes(const fv_augment *augment, int n) {
    int changes = 0;
    for (int i = 0; i < n; i++)
        changes += augment->step[i].transform->several ? (int)augment->step[i].value[0].high : 1;
    return changes;
}

static fv_status parse_step(const char *text, size_t length, fv_augment *augment) {
    char step[LONGEST + 1], name[LONGEST + 1];
    if (length > LONGEST) return fv_fail(FV_BAD_ARGUMENT, "%.*s...: longer than any transform", 20, text);
    memcpy(step, text, length);
    step[length] = '\0';
    memcpy(name, step, sizeof step);
    char *colon = strchr(name, ':');
    if (colon) *colon++ = '\0';
    const fv_transform *t = find(name);
    if (!t) return FV_BAD_ARGUMENT;
    if (augment->n < FV_AUGMENT_STEPS) {
        augment->step[augment->n].transform = t;
        FV_TRY(parse_parameters(step, t, colon, augment->step[augment->n].value));
    }
    if (augment->n == FV_AUGMENT_STEPS || count_changes(augment, augment->n + 1) > FV_AUGMENT_STEPS)
        return fv_fail(FV_BAD_ARGUMENT, "%s: one too many: at most %d transforms, randaugment counting as N", step,
                       FV_AUGMENT_STEPS);
    augment->n++;
    return FV_OK;
}

fv_status fv_augment_parse(const char *text, fv_augment *augment) {
    static const char blank[] = " \t\r\n";
    *augment = (fv_augment){0};
    if (!text) return FV_OK;
    for (text += strspn(text, blank); *text; text += strspn(text, blank)) {
        size_t length = strcspn(text, blank);
        FV_TRY(parse_step(text, length, augment));
        text += length;
    }
    return FV_OK;
}

/* ---- Drawing ----------------------------------------------------------------------------------------------------- */

double fv_augment_zoom(const fv_augment *augment) {
    double zoom = 1;
    for (int i = 0; i < augment->n; i++)
        if (augment->step[i].transform->zoom) zoom *= fmax(1, augment->step[i].transform->zoom(augment->step[i].value));
    return zoom;
}

void fv_add_view(fv_distortion *d, fv_view map) { d->view = fv_view_product(&d->view, &map); }

void fv_add_color(fv_distortion *d, fv_color_step step) {
    if (step.apply) d->step[d->steps++] = step;
}

static bool has_its_turn(uint64_t seed, uint64_t epoch, size_t index) {
    fv_random first = fv_random_stream(seed, index, FV_STREAM_TURN);
    return (fv_random_u32(&first) + epoch) % 2;
}

fv_distortion fv_augment_draw(const fv_augment *augment, uint64_t seed, uint64_t epoch, size_t index,
                              const fv_frame *frame) {
    fv_random random = fv_random_stream(seed, epoch << 32 | (uint32_t)index, FV_STREAM_SAMPLE);
    fv_distortion d = {.view = fv_view_identity};
    for (int i = 0; i < augment->n; i++) {
        const fv_transform *t = augment->step[i].transform;
        const fv_span *value = augment->step[i].value;
        if (t->in_turn && !has_its_turn(seed, epoch, index)) continue;
        if (t->geometry)
            fv_add_view(&d, t->geometry(value, frame, &random));
        else if (t->color)
            fv_add_color(&d, t->color(value, &random));
        else
            t->draw(value, frame, &random, &d);
    }
    return d;
}
