/* A stage of planning: the kernels that a tuning tells, in the place of those that cost chose, where several can run a layer. */
#include "engine/contest.h"

/* ---- Asking ---------------------------------------------------------------------------------------------------------- */

/* *found: whether choices are set. What a contest, or the source, has told is kept. */
static fv_status ask(fv_tuning *tuning, const fv_plan *plan, const fv_passes *passes, const char *layer,
                     fv_choice *choices, bool *found) {
    const char *known = fv_tuning_find(tuning, layer);
    char kernels[FV_PICK_TEXT];
    *found = known && fv_find_kernels(passes, fv_team_size(plan->args.team), known, choices);
    if (*found || tuning->n == FV_PICKS) return FV_OK;
    if (tuning->source)
        FV_TRY(ask(tuning->source, plan, passes, layer, choices, found));
    else if (tuning->time)
        FV_TRY(fv_contest(plan, passes, tuning, choices, found));
    if (!*found) return FV_OK;
    *found = fv_name_kernels(passes, choices, kernels);
    return *found ? fv_tuning_put(tuning, layer, kernels) : FV_OK;
}

/* ---- Which layers ---------------------------------------------------------------------------------------------------- */

static bool is_opaque_to(const fv_node *node) {
    for (int i = 0; i < node->n_in; i++)
        if (fv_is_opaque(node->in[i])) return true;
    return node->op->opaque_out != 0;
}

/* True if there is more than one way for some pass. Kernels whose passes share a secret go together. */
static bool has_rivals(const fv_passes *passes, int threads) {
    fv_choice rivals[FV_RIVALS];
    int most = 0;
    for (int p = 0; p < passes->n; p++) {
        int n = fv_rivals(passes, p, threads, rivals);
        if (n == 0 || is_opaque_to(passes->nodes[p])) return false;
        if (n > most) most = n;
    }
    return most > 1 && passes->nodes[0]->n_out == 1;
}

/* False if the layer has too many passes. */
static bool gather(const fv_plan *plan, const int *order, int n_order, const fv_node *forward, const fv_kernel *kernel,
                   fv_passes *passes) {
    *passes = (fv_passes){.nodes = {forward}, .n = 1, .in = kernel->in, .out = kernel->out};
    for (int i = 0; i < n_order; i++) {
        const fv_node *node = plan->graph->nodes[order[i]];
        if (node->forward != forward) continue;
        if (passes->n == FV_PASSES) return false;
        passes->nodes[passes->n++] = node;
    }
    return true;
}

static bool is_refused(const fv_refusal *refused, int n_refused, const fv_node *forward) {
    for (int i = 0; i < n_refused; i++)
        if (refused[i].forward == forward && !refused[i].kernel) return true;
    return false;
}

static fv_status tune(const fv_plan *plan, const fv_passes *passes, fv_choice *chosen) {
    fv_choice choices[FV_PASSES];
    char layer[FV_PICK_TEXT];
    bool found = false;
    if (fv_name_layer(passes, fv_team_size(plan->args.team), layer))
        FV_TRY(ask(plan->args.tuning, plan, passes, layer, choices, &found));
    for (int p = 0; p < passes->n && found; p++) chosen[passes->nodes[p]->id] = choices[p];
    return FV_OK;
}

fv_status fv_tune_kernels(const fv_plan *plan, const int *order, int n_order, const fv_refusal *refused, int n_refused,
                          fv_choice *chosen) {
    const int threads = fv_team_size(plan->args.team);
    if (!plan->args.tuning || plan->args.reference) return FV_OK;
    for (int i = 0; i < n_order; i++) {
        const fv_node *node = plan->graph->nodes[order[i]];
        fv_passes passes;
        if (node->forward || chosen[node->id].kernel == &fv_ref_kernel || is_refused(refused, n_refused, node))
            continue;
        if (gather(plan, order, n_order, node, chosen[node->id].kernel, &passes) && has_rivals(&passes, threads))
            FV_TRY(tune(plan, &passes, chosen));
    }
    return FV_OK;
}
