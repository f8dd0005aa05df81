#include "engine/rivals.h"

#include "ops/cost.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int variants_of(const fv_op *op, const fv_kernel *kernel) {
    int n = 0;
    while (op->variant && op->variant(kernel, n)) n++;
    return n;
}

int fv_rivals(const fv_passes *passes, int pass, int threads, fv_choice rivals[FV_RIVALS]) {
    const fv_node *node = passes->nodes[pass];
    fv_layout_kind in = pass ? passes->out : passes->in, out = pass ? passes->in : passes->out;
    int n = 0;
    for (int k = 0; k < node->op->n_kernels; k++) {
        const fv_kernel *kernel = &node->op->kernels[k];
        if (kernel->in != in || kernel->out != out) continue;
        if (kernel->cost && kernel->cost(node, threads) >= FV_NEVER) continue;
        int last = variants_of(node->op, kernel);
        for (int v = last > 0; v <= last && n < FV_RIVALS; v++)
            rivals[n++] = (fv_choice){.kernel = kernel, .variant = v, .tuned = true};
    }
    return n;
}

void fv_choice_name(const fv_op *op, const fv_choice *choice, char name[FV_CHOICE_NAME]) {
    const char *variant = choice->variant ? op->variant(choice->kernel, choice->variant - 1) : "";
    snprintf(name, FV_CHOICE_NAME, "%s%s%s", choice->kernel->name, *variant ? " " : "", variant);
}

/* ---- What a layer is called ------------------------------------------------------------------------------------------ */

/* In the making. */
typedef struct text {
    char *at;
    size_t used; /* FV_PICK_TEXT or more: it was too long */
} text;

static void FV_PRINTF(2, 3) append(text *t, const char *format, ...) {
    va_list list;
    va_start(list, format);
    size_t room = t->used < FV_PICK_TEXT ? FV_PICK_TEXT - t->used : 0;
    int n = vsnprintf(room ? t->at + t->used : NULL, room, format, list);
    va_end(list);
    t->used += n < 0 ? FV_PICK_TEXT : (size_t)n;
}

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
    static const char *const names[] = {
        [FV_PLAIN] = "plain", [FV_BLOCKED] = "blocked", [FV_BATCH] = "batch", [FV_BLOCKED_BF16] = "blocked_bf16"};
    if ((int)kind < FV_COUNT(names))
        append(t, " %s", names[kind]);
    else
        append(t, " layout%d", (int)kind);
}

bool fv_name_layer(const fv_passes *passes, int threads, char layer[FV_PICK_TEXT]) {
    text t = {.at = layer};
    const fv_node *forward = passes->nodes[0];
    char shape[64];
    append(&t, "%s, %d thread%s:", fv_version(), threads, threads == 1 ? "" : "s");
    for (int p = 0; p < passes->n; p++) append(&t, " %s", passes->nodes[p]->op->name);
    for (int i = 0; i < forward->n_in; i++) append(&t, " %s", fv_shape_text(&forward->in[i]->shape, false, shape));
    append_arguments(&t, forward);
    append_layout(&t, passes->in);
    append_layout(&t, passes->out);
    return t.used < FV_PICK_TEXT;
}

/* ---- What its kernels are called ------------------------------------------------------------------------------------- */

static const char between[] = " | ";

bool fv_name_kernels(const fv_passes *passes, const fv_choice *choices, char kernels[FV_PICK_TEXT]) {
    char name[FV_CHOICE_NAME];
    text t = {.at = kernels};
    for (int p = 0; p < passes->n; p++) {
        fv_choice_name(passes->nodes[p]->op, &choices[p], name);
        append(&t, "%s%s", p ? between : "", name);
    }
    return t.used < FV_PICK_TEXT;
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

bool fv_find_kernels(const fv_passes *passes, int threads, const char *kernels, fv_choice *choices) {
    for (int p = 0; p < passes->n; p++) {
        bool last = p == passes->n - 1;
        const char *end = last ? kernels + strlen(kernels) : strstr(kernels, between);
        if (!end || !find_rival(passes, p, threads, kernels, (size_t)(end - kernels), &choices[p])) return false;
        kernels = end + (last ? 0 : sizeof between - 1);
    }
    return true;
}
