/* fovea data */
#include "core/file.h"
#include "data/dataset.h"
#include "image/decode.h"
#include "inputs.h"
#include "preview.h"
#include "text.h"

#include <string.h>

enum { SPLITS = 3 };

/* A dataset's splits, those it has, and how many images of each class they hold. */
typedef struct splits {
    int n;
    fv_dataset *set[SPLITS];
    size_t *counts[SPLITS]; /* [classes], in the options' arena */
} splits;

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

static fv_status count_classes(cli_options *o, const fv_dataset *set, size_t **counts) {
    *counts = fv_arena_alloc(&o->arena, (size_t)fv_dataset_classes(set), sizeof(size_t));
    if (!*counts) return FV_NO_MEMORY;
    for (size_t i = 0; i < fv_dataset_count(set); i++) {
        int label;
        FV_TRY(fv_dataset_label(set, i, &label));
        (*counts)[label]++;
    }
    return FV_OK;
}

/* A spec that names its split opens as that one whatever is asked for, and counts once. */
static fv_status open_splits(cli_options *o, splits *s) {
    for (int split = FV_TRAIN; split <= FV_TEST; split++) {
        fv_dataset *set = fv_dataset_open(o->arguments[0], (fv_split)split);
        if (!set && fv_last_status() == FV_UNSUPPORTED) continue;
        if (!set) return fv_last_status();
        s->set[s->n++] = set;
        FV_TRY(count_classes(o, set, &s->counts[s->n - 1]));
        if (fv_dataset_split(set) != (fv_split)split) return FV_OK;
    }
    return s->n ? FV_OK : fv_last_status();
}

static const char *title_of(const fv_dataset *set) {
    const char *split = cli_split_name(fv_dataset_split(set));
    return *split ? split : "all";
}

/* ---- Printing ---------------------------------------------------------------------------------------------------- */

static void print_json(const splits *s) {
    const fv_dataset *first = s->set[0];
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
        printf("%s\"%s\":{\"n\":%zu,\"counts\":[", i ? "," : "", title_of(s->set[i]), fv_dataset_count(s->set[i]));
        for (int k = 0; k < classes; k++) printf("%s%zu", k ? "," : "", s->counts[i][k]);
        printf("]}");
    }
    puts("}}");
}

static int name_width(const fv_dataset *set) {
    int width = 5;
    for (int k = 0; k < fv_dataset_classes(set); k++) {
        int length = (int)strlen(fv_dataset_class_name(set, k));
        if (length > width) width = length;
    }
    return width;
}

static void print_table(const splits *s) {
    const fv_dataset *first = s->set[0];
    int c, h, w, classes = fv_dataset_classes(first), width = name_width(first);
    char text[32];
    fv_dataset_image_size(first, &c, &h, &w);
    printf("%s: %d classes, images %dx%dx%d\n\n%-*s", fv_dataset_name(first), classes, c, h, w, width, "class");
    for (int i = 0; i < s->n; i++) printf(" %12s", title_of(s->set[i]));
    for (int k = 0; k < classes; k++) {
        printf("\n%-*s", width, fv_dataset_class_name(first, k));
        for (int i = 0; i < s->n; i++) printf(" %12s", cli_count(s->counts[i][k], text));
        if (k == fv_dataset_positive(first)) printf("  positive");
    }
    printf("\n%-*s", width, "total");
    for (int i = 0; i < s->n; i++) printf(" %12s", cli_count(fv_dataset_count(s->set[i]), text));
    putchar('\n');
}

/* ---- Exporting --------------------------------------------------------------------------------------------------- */

/* A class name as the name of a folder. */
static const char *folder_name(cli_options *o, const char *class_name) {
    char *name = fv_arena_strdup(&o->arena, class_name);
    for (char *c = name; c && *c; c++)
        if (*c == '/' || (unsigned char)*c < ' ' || (c == name && *c == '.')) *c = '_';
    return name;
}

static fv_status export_image(cli_options *o, const fv_dataset *set, const char *const *folders, size_t index) {
    fv_image image;
    int label;
    FV_TRY(fv_dataset_read(set, index, NULL, &image, &label));
    char *path = fv_arena_format(&o->arena, "%s/%05zu.png", folders[label], index);
    fv_status status = path ? fv_png_write(path, &image) : FV_NO_MEMORY;
    fv_image_free(&image);
    return status;
}

static fv_status export_split(cli_options *o, const fv_dataset *set) {
    const char *split = cli_split_name(fv_dataset_split(set));
    const char **folders = fv_arena_alloc(&o->arena, (size_t)fv_dataset_classes(set), sizeof *folders);
    if (!folders) return FV_NO_MEMORY;
    for (int k = 0; k < fv_dataset_classes(set); k++) {
        const char *name = folder_name(o, fv_dataset_class_name(set, k));
        folders[k] =
            name ? fv_arena_format(&o->arena, "%s/%s%s%s", o->export_to, split, *split ? "/" : "", name) : NULL;
        if (!folders[k]) return FV_NO_MEMORY;
        FV_TRY(fv_make_folders(folders[k]));
    }
    size_t n = fv_dataset_count(set);
    if (o->limit && (size_t)o->limit < n) n = (size_t)o->limit;
    for (size_t i = 0; i < n; i++) FV_TRY(export_image(o, set, folders, i));
    cli_say("%zu pictures in %s/%s", n, o->export_to, split);
    return FV_OK;
}

fv_status cli_data(cli_options *o) {
    splits s = {0};
    if (o->preview || o->augment || CLI_HAS(o, image_size)) return cli_preview(o);
    if (o->limit && !o->export_to) return fv_fail(FV_BAD_ARGUMENT, "--limit: goes with --export DIR");
    fv_status status = open_splits(o, &s);
    if (status == FV_OK && !o->export_to) (o->json ? print_json : print_table)(&s);
    for (int i = 0; status == FV_OK && o->export_to && i < s.n; i++) status = export_split(o, s.set[i]);
    for (int i = 0; i < s.n; i++) fv_dataset_free(s.set[i]);
    return status;
}
