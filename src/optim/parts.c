#include "optim/parts.h"

#include <stdlib.h>
#include <string.h>

/* "PART=NUMBER" at the head of a list. */
typedef struct entry {
    const char *part;
    size_t length; /* of the part */
    double value;
    const char *end; /* of the entry: a comma or the end of the text */
} entry;

static bool read_entry(const char *text, entry *e) {
    char *end;
    e->part = text;
    e->length = strcspn(text, "=,");
    if (e->length == 0 || text[e->length] != '=') return false;
    const char *number = text + e->length + 1;
    e->value = strtod(number, &end);
    e->end = end;
    return end != number && (*end == ',' || *end == '\0');
}

/* The next entry's text; NULL past the last. */
static const char *after(const entry *e) { return *e->end ? e->end + 1 : NULL; }

fv_status fv_parts_check(const char *what, const char *text, double low, double high) {
    entry e;
    for (; text; text = after(&e)) {
        int length = (int)strcspn(text, ",");
        if (!read_entry(text, &e))
            return fv_fail(FV_BAD_ARGUMENT, "%s %.*s: must be PART=NUMBER,PART=NUMBER..., such as norm=0,fc=0.001",
                           what, length, text);
        if (!(e.value >= low && e.value <= high))
            return fv_fail(FV_BAD_ARGUMENT, "%s %.*s: must be at least %g and at most %g", what, length, text, low,
                           high);
    }
    return FV_OK;
}

static bool is_called(const entry *e, const char *word) {
    return strlen(word) == e->length && memcmp(word, e->part, e->length) == 0;
}

/* Batch norm's shift is a bias; its scale is what else has no decay by default. */
static bool holds(const entry *e, const fv_node *param) {
    const char *name = param->name, *dot = strrchr(name, '.');
    bool bias = dot && strcmp(dot, ".bias") == 0;
    if (is_called(e, "bias")) return bias;
    if (is_called(e, "norm")) return fv_parameter_of(param)->no_decay && !bias;
    return fv_is_of_part(name, e->part, e->length);
}

fv_status fv_parts_exist(const char *what, const char *text, fv_value *const params[], int count) {
    entry e;
    for (; text && read_entry(text, &e); text = after(&e)) {
        int i = 0;
        while (i < count && !holds(&e, params[i]->node)) i++;
        if (i == count)
            return fv_fail(FV_BAD_ARGUMENT,
                           "%s %.*s: the network has no parameter there: `fovea summary` lists its layers", what,
                           (int)e.length, e.part);
    }
    return FV_OK;
}

double fv_parts_value(const char *text, const fv_node *param, double standard) {
    entry e;
    for (; text && read_entry(text, &e); text = after(&e))
        if (holds(&e, param)) standard = e.value;
    return standard;
}
