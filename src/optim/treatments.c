#include "optim/treatments.h"

#include "optim/parts.h"

#include <stdio.h>
#include <string.h>

static const char BACKBONE[] = "backbone";

/* How much of the name of a parameter the part speaks for: the length of its own, 1 for the backbone's parameters, 0: none. */
static size_t match(const fv_part_options *part, const fv_model *model, const fv_node *leaf) {
    size_t length = strlen(part->name);
    if (strcmp(part->name, BACKBONE) == 0) return !fv_in_head(model, leaf);
    return fv_is_of_part(leaf->name, part->name, length) ? 1 + length : 0;
}

/* "conv1, bn1, layer1, ...": the first parts of the parameters' names. */
static const char *list_parts(const fv_model *model, char *text, size_t size) {
    size_t used = 0, last = 0;
    const char *before = "";
    text[0] = '\0';
    for (int i = 0; i < model->n_params; i++) {
        const char *name = model->params[i].name;
        size_t length = strcspn(name, ".");
        if (length == last && strncmp(name, before, length) == 0) continue;
        if (used + length + sizeof ", ..." > size) return strcpy(text + used, ", ..."), text;
        used += (size_t)snprintf(text + used, size - used, "%s%.*s", used ? ", " : "", (int)length, name);
        before = name, last = length;
    }
    return text;
}

static fv_status check(const fv_part_options *part, const fv_model *model) {
    char text[160];
    if (!part->name || !*part->name) return fv_fail(FV_BAD_ARGUMENT, "a part of %s without a name", model->graph->name);
    if (!(part->lr_scale >= 0 && part->lr_scale <= 1e6f))
        return fv_fail(FV_BAD_ARGUMENT, "lr_scale %g of part \"%s\": must be above 0 and at most 1e6",
                       (double)part->lr_scale, part->name);
    for (int id = 0; id < model->graph->n_nodes; id++) {
        const fv_node *leaf = model->graph->nodes[id];
        if (leaf->op == &fv_parameter_op && !fv_parameter_of(leaf)->state && match(part, model, leaf)) return FV_OK;
    }
    return fv_fail(FV_BAD_ARGUMENT, "part \"%s\": %s has none of that name to train; its parts are backbone, %s",
                   part->name, fv_model_network(model), list_parts(model, text, sizeof text));
}

/* Each option is that of the part with the longest name that sets it. */
static fv_treatment treatment_of(const fv_part_options *parts, int n, const fv_model *model, const fv_node *leaf) {
    fv_treatment t = {0};
    size_t scaled = 0;
    for (int i = 0; i < n; i++) {
        size_t length = match(&parts[i], model, leaf);
        t.frozen |= length && parts[i].frozen;
        if (length && parts[i].lr_scale > 0 && length >= scaled) t.lr_scale = parts[i].lr_scale, scaled = length;
    }
    return t;
}

fv_status fv_treatments_of(const fv_part_options *parts, int n, const fv_model *model, fv_treatment *treatments) {
    if (n < 0 || (n > 0 && !parts))
        return fv_fail(FV_BAD_ARGUMENT, "n_parts %d: %s", n, n < 0 ? "must be 0 or more" : "but parts is NULL");
    for (int i = 0; i < n; i++) FV_TRY(check(&parts[i], model));
    for (int id = 0; id < model->graph->n_nodes; id++) {
        const fv_node *leaf = model->graph->nodes[id];
        if (leaf->op == &fv_parameter_op) treatments[leaf->param - model->params] = treatment_of(parts, n, model, leaf);
    }
    return FV_OK;
}
