#include "engine/tuning.h"

#include "core/memory.h"
#include "engine/contest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- The table ------------------------------------------------------------------------------------------------------- */

static fv_pick *find(const fv_tuning *tuning, const char *layer) {
    for (fv_pick *pick = tuning->picks; pick < tuning->picks + tuning->n; pick++)
        if (strcmp(pick->layer, layer) == 0) return pick;
    return NULL;
}

const char *fv_tuning_find(const fv_tuning *tuning, const char *layer) {
    const fv_pick *pick = find(tuning, layer);
    return pick ? pick->kernels : NULL;
}

static fv_status add(fv_tuning *tuning, char *layer, char *kernels) {
    if (tuning->n == FV_PICKS) return fv_fail(FV_BAD_DATA, "kernels of more than %d layers", FV_PICKS);
    if (tuning->n == tuning->capacity) {
        int wanted = tuning->capacity ? 2 * tuning->capacity : 64;
        fv_pick *picks = fv_realloc(tuning->picks, (size_t)wanted, sizeof *picks);
        if (!picks) return FV_NO_MEMORY;
        tuning->picks = picks;
        tuning->capacity = wanted;
    }
    tuning->picks[tuning->n++] = (fv_pick){layer, kernels};
    return FV_OK;
}

fv_status fv_tuning_put(fv_tuning *tuning, const char *layer, const char *kernels) {
    fv_pick *old = find(tuning, layer);
    char *name = old ? NULL : fv_strdup(layer), *value = fv_strdup(kernels);
    fv_status status = !value || (!old && !name) ? FV_NO_MEMORY : old ? FV_OK : add(tuning, name, value);
    if (status != FV_OK) {
        fv_free(name);
        fv_free(value);
    } else if (old) {
        fv_free(old->kernels);
        old->kernels = value;
    }
    return status;
}

void fv_tuning_clear(fv_tuning *tuning) {
    for (int i = 0; i < tuning->n; i++) {
        fv_free(tuning->picks[i].layer);
        fv_free(tuning->picks[i].kernels);
    }
    fv_free(tuning->picks);
    tuning->picks = NULL;
    tuning->n = tuning->capacity = 0;
}

fv_tuning *fv_tuning_new(void) {
    fv_tuning *tuning = FV_NEW(fv_tuning);
    if (tuning) tuning->time = fv_time_runs;
    return tuning;
}

void fv_tuning_free(fv_tuning *tuning) {
    if (tuning) fv_tuning_clear(tuning);
    fv_free(tuning);
}

int fv_tuning_contests(const fv_tuning *tuning) { return tuning ? tuning->contests : 0; }
double fv_tuning_seconds(const fv_tuning *tuning) { return tuning ? tuning->seconds : 0; }

/* ---- What a layer is called ------------------------------------------------------------------------------------------ */

typedef struct text {
    char at[FV_PICK_TEXT];
    size_t used; /* beyond the last character: it was too long */
} text;

static void FV_PRINTF(2, 3) append(text *t, const char *format, ...) {
    va_list list;
    va_start(list, format);
    size_t room = t->used < sizeof t->at ? sizeof t->at - t->used : 0;
    int n = vsnprintf(room ? t->at + t->used : NULL, room, format, list);
    va_end(list);
    t->used += n < 0 ? sizeof t->at : (size_t)n;
}

static bool is_whole(const text *t) { return t->used < sizeof t->at; }

static double number_of(const fv_arg *arg, const void *args, int i) {
    const void *at = (const unsigned char *)args + arg->offset;
    switch (arg->type) {
    case FV_ARG_INT:
        return ((const int *)at)[i];
    case FV_ARG_FLOAT:
        return (double)((const float *)at)[i];
    case FV_ARG_BOOL:
        return ((const bool *)at)[i];
    }
    return 0;
}

static void append_arguments(text *t, const fv_node *node) {
    for (const fv_arg *arg = node->op->args; arg < node->op->args + node->op->n_args; arg++) {
        bool standard = true;
        for (int i = 0; i < arg->count; i++) standard = standard && number_of(arg, node->args, i) == arg->standard;
        if (standard) continue;
        append(t, " %s=", arg->name);
        for (int i = 0; i < arg->count; i++) append(t, "%s%.9g", i ? "," : "", number_of(arg, node->args, i));
    }
}

static void append_layout(text *t, fv_layout_kind kind) {
    static const char *const names[] = {[FV_PLAIN] = "plain", [FV_BLOCKED] = "blocked", [FV_BATCH] = "batch"};
    if ((int)kind < FV_COUNT(names))
        append(t, " %s", names[kind]);
    else
        append(t, " layout%d", (int)kind);
}

static void name_layer(const fv_passes *passes, int threads, text *t) {
    const fv_node *forward = passes->nodes[0];
    char shape[64];
    append(t, "%s, %d thread%s:", fv_version(), threads, threads == 1 ? "" : "s");
    for (int p = 0; p < passes->n; p++) append(t, " %s", passes->nodes[p]->op->name);
    for (int i = 0; i < forward->n_in; i++) append(t, " %s", fv_shape_text(&forward->in[i]->shape, false, shape));
    append_arguments(t, forward);
    append_layout(t, passes->in);
    append_layout(t, passes->out);
}

/* ---- What its kernels are called ------------------------------------------------------------------------------------- */

static const char between[] = " | ";

static void name_kernels(const fv_passes *passes, const fv_choice *choices, text *t) {
    char name[FV_CHOICE_NAME];
    for (int p = 0; p < passes->n; p++) {
        fv_choice_name(passes->nodes[p]->op, &choices[p], name);
        append(t, "%s%s", p ? between : "", name);
    }
}

/* The rival of that name. */
static bool find_rival(const fv_passes *passes, int pass, int threads, const char *name, size_t length,
                       fv_choice *choice) {
    fv_choice rivals[FV_RIVALS];
    char known[FV_CHOICE_NAME];
    int n = fv_rivals(passes, pass, threads, rivals);
    for (int i = 0; i < n; i++) {
        fv_choice_name(passes->nodes[pass]->op, &rivals[i], known);
        if (strlen(known) != length || memcmp(known, name, length) != 0) continue;
        *choice = rivals[i];
        return true;
    }
    return false;
}

/* False for what this library has no kernels for: the text may come from anywhere. */
static bool read_kernels(const fv_passes *passes, int threads, const char *kernels, fv_choice *choices) {
    for (int p = 0; p < passes->n; p++) {
        bool last = p == passes->n - 1;
        const char *end = last ? kernels + strlen(kernels) : strstr(kernels, between);
        if (!end || !find_rival(passes, p, threads, kernels, (size_t)(end - kernels), &choices[p])) return false;
        kernels = end + (last ? 0 : sizeof between - 1);
    }
    return true;
}

/* ---- Asking ---------------------------------------------------------------------------------------------------------- */

/* *found: whether choices are set. What a contest, or the source, has told is kept. */
static fv_status ask(fv_tuning *tuning, const fv_plan *plan, const fv_passes *passes, const char *layer,
                     fv_choice *choices, bool *found) {
    const char *known = fv_tuning_find(tuning, layer);
    text kernels = {0};
    *found = known && read_kernels(passes, fv_team_size(plan->args.team), known, choices);
    if (*found || tuning->n == FV_PICKS) return FV_OK;
    if (tuning->source)
        FV_TRY(ask(tuning->source, plan, passes, layer, choices, found));
    else if (tuning->time)
        FV_TRY(fv_contest(plan, passes, tuning, choices, found));
    if (!*found) return FV_OK;
    name_kernels(passes, choices, &kernels);
    *found = is_whole(&kernels);
    return *found ? fv_tuning_put(tuning, layer, kernels.at) : FV_OK;
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
    text layer = {0};
    bool found = false;
    name_layer(passes, fv_team_size(plan->args.team), &layer);
    if (is_whole(&layer)) FV_TRY(ask(plan->args.tuning, plan, passes, layer.at, choices, &found));
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
