#include "optim/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LISTED = 160 };

/* ---- One part ---------------------------------------------------------------------------------------------------- */

static bool in_backbone(const fv_node *leaf, const fv_model *model) { return model && !fv_in_head(model, leaf); }

static bool is_bias(const fv_node *leaf, const fv_model *model) {
    const char *dot = strrchr(leaf->name, '.');
    (void)model;
    return dot && strcmp(dot, ".bias") == 0;
}

/* Batch norm's shift is a bias; its scale is what else has no decay by default. */
static bool is_scale(const fv_node *leaf, const fv_model *model) {
    const fv_parameter *p = fv_parameter_of(leaf);
    return p->no_decay && !p->state && !is_bias(leaf, model);
}

static const struct word {
    const char *name;
    bool (*holds)(const fv_node *leaf, const fv_model *model);
} words[] = {{"backbone", in_backbone}, {"bias", is_bias}, {"norm", is_scale}};
enum { WORDS = sizeof words / sizeof *words };

size_t fv_part_match(const char *part, size_t length, const fv_node *leaf, const fv_model *model) {
    for (int i = 0; i < WORDS; i++)
        if (strlen(words[i].name) == length && memcmp(words[i].name, part, length) == 0)
            return words[i].holds(leaf, model);
    return fv_is_in_scope(leaf, part, length) ? 1 + length : 0;
}

static bool is_trained(const fv_node *node) { return node->op == &fv_parameter_op && !fv_parameter_of(node)->state; }

/* Whether the part holds any of the graph's parameters. */
static bool holds_any(const char *part, size_t length, const fv_graph *graph, const fv_model *model) {
    for (int id = 0; id < graph->n_nodes; id++)
        if (is_trained(graph->nodes[id]) && fv_part_match(part, length, graph->nodes[id], model)) return true;
    return false;
}

/* Adds ", NAME" to the list, or the dots that end it. */
static void list(char text[LISTED], const char *name, size_t length) {
    size_t used = strlen(text);
    bool fits = used + length + sizeof ", , ..." <= LISTED;
    if (fits)
        snprintf(text + used, LISTED - used, "%s%.*s", used ? ", " : "", (int)length, name);
    else if (used && text[used - 1] != '.')
        strcpy(text + used, ", ...");
}

/* "backbone, bias, norm, conv1, bn1, layer1, ...": the words that hold something, and the first parts of the names. */
static void list_parts(char text[LISTED], const fv_graph *graph, const fv_model *model) {
    size_t last = 0;
    const char *before = "";
    text[0] = '\0';
    for (int i = 0; i < WORDS; i++) {
        size_t length = strlen(words[i].name);
        if (holds_any(words[i].name, length, graph, model)) list(text, words[i].name, length);
    }
    for (int id = 0; id < graph->n_nodes; id++) {
        const char *name = graph->nodes[id]->name;
        size_t length = strcspn(name, ".");
        if (!is_trained(graph->nodes[id]) || (length == last && strncmp(name, before, length) == 0)) continue;
        list(text, name, length);
        before = name, last = length;
    }
}

fv_status fv_part_exists(const char *what, const char *part, size_t length, const fv_graph *graph,
                         const fv_model *model) {
    char text[LISTED];
    if (holds_any(part, length, graph, model)) return FV_OK;
    list_parts(text, graph, model);
    return fv_fail(FV_BAD_ARGUMENT, "%s %.*s: no part of that name to train: there are %s", what, (int)length, part,
                   text);
}

/* ---- Lists ------------------------------------------------------------------------------------------------------- */

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

fv_status fv_parts_exist(const char *what, const char *text, const fv_graph *graph) {
    entry e;
    for (; text && read_entry(text, &e); text = after(&e)) FV_TRY(fv_part_exists(what, e.part, e.length, graph, NULL));
    return FV_OK;
}

double fv_parts_value(const char *text, const fv_node *leaf, double standard) {
    entry e;
    for (; text && read_entry(text, &e); text = after(&e))
        if (fv_part_match(e.part, e.length, leaf, NULL)) standard = e.value;
    return standard;
}
