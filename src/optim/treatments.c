#include "optim/treatments.h"

#include "optim/parts.h"

#include <string.h>

static fv_status check(const fv_part_options *part, const fv_model *model) {
    if (!part->name || !*part->name) return fv_fail(FV_BAD_ARGUMENT, "a part of %s without a name", model->graph->name);
    if (!(part->lr_scale >= 0 && part->lr_scale <= 1e6f))
        return fv_fail(FV_BAD_ARGUMENT, "lr_scale %g of part \"%s\": must be above 0 and at most 1e6",
                       (double)part->lr_scale, part->name);
    return fv_part_exists("part", part->name, strlen(part->name), model->graph, model);
}

/* Each option is that of the part with the longest name that sets it. */
static fv_treatment treatment_of(const fv_part_options *parts, int n, const fv_model *model, const fv_node *leaf) {
    fv_treatment t = {0};
    size_t scaled = 0;
    for (int i = 0; i < n; i++) {
        size_t length = fv_part_match(parts[i].name, strlen(parts[i].name), leaf, model);
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
