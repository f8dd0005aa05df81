/* fovea data */
#include "data/dataset.h"
#include "data/survey.h"
#include "export.h"
#include "get.h"
#include "inputs.h"
#include "preview.h"
#include "text.h"

#include <string.h>

enum { SPLITS = 3 };

/* A split of the dataset, and what there is to say of it. */
typedef struct split {
    fv_dataset *set;
    size_t *counts;   /* [classes] images of each; this and `bad` are in the options' arena */
    fv_survey survey; /* of sets made of files, as is what follows */
    size_t n_bad;
    fv_bad_file *bad; /* [n_bad] */
} split;

typedef struct splits {
    int n;
    split at[SPLITS]; /* those that the dataset has */
} splits;

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

static fv_status count_classes(cli_options *o, split *s) {
    s->counts = fv_arena_alloc(&o->arena, (size_t)fv_dataset_classes(s->set), sizeof(size_t));
    if (!s->counts) return FV_NO_MEMORY;
    for (size_t i = 0; i < fv_dataset_count(s->set); i++) {
        int label;
        FV_TRY(fv_dataset_label(s->set, i, &label));
        s->counts[label]++;
    }
    return FV_OK;
}

/* A spec that names its split opens as that one whatever is asked for, and counts once. */
static fv_status open_splits(cli_options *o, splits *s) {
    for (int wanted = FV_TRAIN; wanted <= FV_TEST; wanted++) {
        fv_dataset *set = fv_dataset_open(o->arguments[0], (fv_split)wanted);
        if (!set && fv_last_status() == FV_UNSUPPORTED) continue;
        if (!set) return fv_last_status();
        s->at[s->n++].set = set;
        if (fv_dataset_split(set) != (fv_split)wanted) return FV_OK;
    }
    return s->n ? FV_OK : fv_last_status();
}

static fv_status survey(cli_options *o, fv_team *team, split *s) {
    if (!s->set->bad) return FV_OK;
    FV_TRY(fv_dataset_survey(s->set, team, &s->survey));
    s->n_bad = fv_dataset_bad_files(s->set, NULL, 0);
    s->bad = fv_arena_alloc(&o->arena, s->n_bad, sizeof *s->bad);
    if (!s->bad) return FV_NO_MEMORY;
    fv_dataset_bad_files(s->set, s->bad, s->n_bad);
    return FV_OK;
}

/* Everything that is to be known: files are read, all of them. */
static fv_status look_at(cli_options *o, splits *s) {
    fv_team *team = fv_team_new((int)o->threads);
    fv_status status = team ? FV_OK : fv_last_status();
    for (int i = 0; status == FV_OK && i < s->n; i++) {
        status = count_classes(o, &s->at[i]);
        if (status == FV_OK) status = survey(o, team, &s->at[i]);
    }
    fv_team_free(team);
    return status;
}

static const char *title_of(const split *s) {
    const char *name = cli_split_name(fv_dataset_split(s->set));
    return *name ? name : "all";
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static void print_json_files(const split *s) {
    const fv_survey *v = &s->survey;
    printf(",\"readable\":%zu,\"width\":[%d,%d],\"height\":[%d,%d],\"most_common\":[%d,%d],\"bad\":[", v->readable,
           v->least_width, v->most_width, v->least_height, v->most_height, v->width, v->height);
    for (size_t i = 0; i < s->n_bad; i++) {
        printf("%s{\"path\":", i ? "," : "");
        cli_print_json(stdout, s->bad[i].path);
        printf(",\"reason\":");
        cli_print_json(stdout, s->bad[i].reason);
        putchar('}');
    }
    putchar(']');
}

static void print_json(const splits *s) {
    const fv_dataset *first = s->at[0].set;
    int c, h, w, classes = fv_dataset_classes(first), positive = fv_dataset_positive(first);
    fv_dataset_image_size(first, &c, &h, &w);
    printf("{\"name\":");
    cli_print_json(stdout, fv_dataset_name(first));
    printf(",\"image\":[%d,%d,%d],\"classes\":[", c, h, w);
    for (int k = 0; k < classes; k++) {
        if (k) putchar(',');
        cli_print_json(stdout, fv_dataset_class_name(first, k));
    }
    printf("],\"positive\":");
    if (positive < 0)
        printf("null");
    else
        cli_print_json(stdout, fv_dataset_class_name(first, positive));
    printf(",\"splits\":{");
    for (int i = 0; i < s->n; i++) {
        printf("%s\"%s\":{\"n\":%zu,\"counts\":[", i ? "," : "", title_of(&s->at[i]), fv_dataset_count(s->at[i].set));
        for (int k = 0; k < classes; k++) printf("%s%zu", k ? "," : "", s->at[i].counts[k]);
        putchar(']');
        if (s->at[i].set->bad) print_json_files(&s->at[i]);
        putchar('}');
    }
    puts("}}");
}

/* ---- A table ----------------------------------------------------------------------------------------------------- */

enum { CELL = 32 };

static int name_width(const fv_dataset *set) {
    int width = 11; /* "most common" */
    for (int k = 0; k < fv_dataset_classes(set); k++) {
        int length = (int)strlen(fv_dataset_class_name(set, k));
        if (length > width) width = length;
    }
    return width;
}

static void print_name(const char *name, int width) {
    cli_print_plain(stdout, name);
    printf("%*s", width - (int)strlen(name), "");
}

static void range(int least, int most, char text[CELL]) {
    snprintf(text, CELL, least == most ? "%d" : "%d..%d", least, most);
}

static void width_cell(const split *s, char text[CELL]) { range(s->survey.least_width, s->survey.most_width, text); }
static void height_cell(const split *s, char text[CELL]) { range(s->survey.least_height, s->survey.most_height, text); }
static void common_cell(const split *s, char text[CELL]) {
    snprintf(text, CELL, "%dx%d", s->survey.width, s->survey.height);
}
static void bad_cell(const split *s, char text[CELL]) { cli_count(s->n_bad, text); }

/* What is said of sets that are made of files. */
static const struct row {
    const char *name;
    void (*cell)(const split *s, char text[CELL]);
} rows[] = {{"width", width_cell}, {"height", height_cell}, {"most common", common_cell}, {"unreadable", bad_cell}};

static void print_files(const splits *s, int width) {
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        printf("%s%-*s", r ? "" : "\n", width, rows[r].name);
        for (int i = 0; i < s->n; i++) {
            char text[CELL];
            rows[r].cell(&s->at[i], text);
            printf(" %12s", text);
        }
        putchar('\n');
    }
}

static void print_bad(const split *s) {
    if (s->n_bad) putchar('\n');
    for (size_t i = 0; i < s->n_bad; i++) {
        cli_print_plain(stdout, s->bad[i].path);
        printf(": %s\n", s->bad[i].reason);
    }
}

static void print_table(const splits *s) {
    const fv_dataset *first = s->at[0].set;
    int c, h, w, classes = fv_dataset_classes(first), width = name_width(first);
    char text[CELL];
    fv_dataset_image_size(first, &c, &h, &w);
    printf("%s: %d classes, images %dx%dx%d\n\n%-*s", fv_dataset_name(first), classes, c, h, w, width, "class");
    for (int i = 0; i < s->n; i++) printf(" %12s", title_of(&s->at[i]));
    for (int k = 0; k < classes; k++) {
        putchar('\n');
        print_name(fv_dataset_class_name(first, k), width);
        for (int i = 0; i < s->n; i++) printf(" %12s", cli_count(s->at[i].counts[k], text));
        if (k == fv_dataset_positive(first)) printf("  positive");
    }
    printf("\n%-*s", width, "total");
    for (int i = 0; i < s->n; i++) printf(" %12s", cli_count(fv_dataset_count(s->at[i].set), text));
    putchar('\n');
    if (first->bad) print_files(s, width);
    for (int i = 0; i < s->n; i++) print_bad(&s->at[i]);
}

/* ---- The command ------------------------------------------------------------------------------------------------- */

static fv_status report(cli_options *o, splits *s) {
    size_t bad = 0, all = 0;
    FV_TRY(look_at(o, s));
    (o->json ? print_json : print_table)(s);
    for (int i = 0; i < s->n; i++) bad += s->at[i].n_bad, all += fv_dataset_count(s->at[i].set);
    return bad ? fv_fail(FV_BAD_DATA, "%s: %zu of %zu images cannot be read", o->arguments[0], bad, all) : FV_OK;
}

fv_status cli_data(cli_options *o) {
    splits s = {0};
    if (strcmp(o->arguments[0], "get") == 0) return cli_get(o);
    if (o->n_arguments > 1) return fv_fail(FV_BAD_ARGUMENT, "%s: one too many: fovea data SPEC", o->arguments[1]);
    if (o->mirror) return fv_fail(FV_BAD_ARGUMENT, "--mirror: goes with `fovea data get`");
    if (o->preview || o->augment || CLI_HAS(o, image_size)) return cli_preview(o);
    if (o->limit && !o->export_to) return fv_fail(FV_BAD_ARGUMENT, "--limit: goes with --export DIR");
    fv_status status = open_splits(o, &s);
    if (status == FV_OK && !o->export_to) status = report(o, &s);
    for (int i = 0; status == FV_OK && o->export_to && i < s.n; i++) status = cli_export(o, s.at[i].set);
    for (int i = 0; i < s.n; i++) fv_dataset_free(s.at[i].set);
    return status;
}
