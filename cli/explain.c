/* fovea explain */
#include "fovea/explain.h"
#include "core/file.h"
#include "core/suggest.h"
#include "files.h"
#include "options.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

typedef struct taken {
    const char *path;
    struct taken *next;
} taken;

typedef struct explaining {
    cli_options *options;
    const fv_model *model;
    fv_explainer *explainer;
    int label; /* FV_PREDICTED: of each picture its own */
    taken *written;
    size_t seen, failed;
} explaining;

/* ---- Names ------------------------------------------------------------------------------------------------------- */

static bool is_taken(const explaining *e, const char *path) {
    for (const taken *t = e->written; t; t = t->next)
        if (strcmp(t->path, path) == 0) return true;
    return false;
}

/* DIR/NAME-gradcam.png, which is no picture's that was given, or DIR/NAME-gradcam-2.png where two have one name; NULL for
 * FV_NO_MEMORY. */
static const char *overlay_path(explaining *e, const char *picture) {
    fv_arena *arena = &e->options->arena;
    const char *slash = strrchr(picture, '/'), *name = slash ? slash + 1 : picture, *dot = strrchr(name, '.');
    int length = dot && dot > name ? (int)(dot - name) : (int)strlen(name);
    const char *path = fv_arena_format(arena, "%s/%.*s-gradcam.png", e->options->overlays, length, name);
    for (int k = 2; path && is_taken(e, path); k++)
        path = fv_arena_format(arena, "%s/%.*s-gradcam-%d.png", e->options->overlays, length, name, k);
    taken *t = path ? fv_arena_alloc(arena, 1, sizeof *t) : NULL;
    if (!t) return NULL;
    *t = (taken){path, e->written};
    e->written = t;
    return path;
}

/* ---- Output ------------------------------------------------------------------------------------------------------ */

static void print_text(const explaining *e, const char *picture, const char *overlay, const fv_explanation *why) {
    int h, w;
    cli_print_plain(stdout, picture);
    fputs("  ", stdout);
    cli_print_plain(stdout, fv_model_class_name(e->model, why->label));
    printf(" %.1f%%  ", 100 * (double)why->probability);
    cli_print_plain(stdout, overlay);
    if (why->peak == 0) printf("  (nothing in %s speaks for it)", fv_explainer_layer(e->explainer, &h, &w));
    putchar('\n');
}

static void print_map(const fv_explanation *why) {
    const float *value = why->map;
    for (int y = 0; y < why->height; y++) {
        printf(y ? ",[" : "[");
        for (int x = 0; x < why->width; x++) {
            if (x) putchar(',');
            cli_print_number(stdout, (double)*value++);
        }
        putchar(']');
    }
}

static void print_json(const explaining *e, const char *picture, const char *overlay, const fv_explanation *why) {
    int h, w;
    printf("{\"path\":");
    cli_print_json(stdout, picture);
    printf(",\"index\":%d,\"name\":", why->label);
    cli_print_json(stdout, fv_model_class_name(e->model, why->label));
    printf(",\"probability\":");
    cli_print_number(stdout, (double)why->probability);
    printf(",\"layer\":");
    cli_print_json(stdout, fv_explainer_layer(e->explainer, &h, &w));
    printf(",\"map\":[");
    print_map(why);
    putchar(']');
    if (overlay) {
        printf(",\"overlay\":");
        cli_print_json(stdout, overlay);
    }
    puts("}");
}

static void fail_json(const char *picture) {
    printf("{\"path\":");
    cli_print_json(stdout, picture);
    printf(",\"error\":");
    cli_print_json(stdout, fv_error());
    puts("}");
}

/* ---- Explaining -------------------------------------------------------------------------------------------------- */

static fv_status explain(explaining *e, const char *picture) {
    fv_explanation why;
    const cli_options *o = e->options;
    const char *overlay = o->overlays ? overlay_path(e, picture) : NULL;
    if (o->overlays && !overlay) return FV_NO_MEMORY;
    float alpha = o->alpha > 0 ? (float)o->alpha : FV_ZERO;
    FV_TRY(!overlay ? fv_explain_file(e->explainer, picture, e->label, &why)
                    : fv_explain_overlay(e->explainer, picture, e->label, overlay, &why, .alpha = alpha,
                                         .largest = (int)o->largest, .map_only = o->map_only));
    (o->json ? print_json : print_text)(e, picture, overlay, &why);
    return FV_OK;
}

/* A picture that cannot be read is told, and the next goes on. */
static fv_status visit(void *user, const char *path, fv_status status) {
    explaining *e = user;
    e->seen++;
    if (status == FV_OK) status = explain(e, path);
    if (status == FV_OK || status == FV_NO_MEMORY) return status;
    e->failed++;
    if (e->options->json)
        fail_json(path);
    else
        cli_say("fovea: %s", fv_error());
    return FV_OK;
}

/* By name, or else by number. */
static fv_status find_class(const fv_model *model, cli_options *o, int *label) {
    int n = fv_model_classes(model);
    const char **names = fv_arena_alloc(&o->arena, (size_t)n, sizeof *names);
    if (!names) return FV_NO_MEMORY;
    for (*label = 0; *label < n; ++*label) {
        names[*label] = fv_model_class_name(model, *label);
        if (strcmp(names[*label], o->seen_class) == 0) return FV_OK;
    }
    char *end;
    long number = strtol(o->seen_class, &end, 10);
    if (*end || number < 0 || number >= n) return fv_fail_unknown("class", o->seen_class, names, (size_t)n);
    *label = (int)number;
    return FV_OK;
}

static fv_status explain_all(explaining *e, const cli_options *o) {
    if (o->overlays) FV_TRY(fv_make_folders(o->overlays));
    for (int i = 1; i < o->n_arguments; i++) FV_TRY(cli_each_picture(o->arguments[i], visit, e));
    if (e->failed) return fv_fail(FV_BAD_DATA, "%zu of %zu could not be explained", e->failed, e->seen);
    return FV_OK;
}

fv_status cli_explain(cli_options *o) {
    if (!o->overlays && !o->json)
        return fv_fail(FV_BAD_ARGUMENT, "--out DIR is missing: where the overlays are to be written");
    fv_model *model = fv_model_load(o->arguments[0]);
    explaining e = {.options = o, .model = model, .label = FV_PREDICTED};
    fv_status status = !model ? fv_last_status() : o->seen_class ? find_class(model, o, &e.label) : FV_OK;
    if (status == FV_OK) {
        e.explainer = fv_explainer_new(model, .layer = o->layer, .threads = (int)o->threads);
        status = e.explainer ? explain_all(&e, o) : fv_last_status();
    }
    fv_explainer_free(e.explainer);
    fv_model_free(model);
    return status;
}
