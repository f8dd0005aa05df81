/* folder:DIR, a folder a class, its pictures in it and below it. Folders train, val and test in DIR are splits. */
#include "core/memory.h"
#include "data/classes.h"
#include "data/files.h"
#include "data/kinds.h"
#include "data/pictures.h"

#include <string.h>

/* ---- Layout ------------------------------------------------------------------------------------------------------ */

enum { SPELLINGS = 3 };
static const char *const split_names[][SPELLINGS] = {
    [FV_TRAIN] = {"train", "training"}, [FV_VAL] = {"val", "valid", "validation"}, [FV_TEST] = {"test", "testing"}};

static bool is_split(const fv_name *name, fv_split split) {
    for (int i = 0; i < SPELLINGS && split_names[split][i]; i++)
        if (name->folder && strcmp(name->name, split_names[split][i]) == 0) return true;
    return false;
}

/* The folder of a split, NULL if there is none. */
static const char *find_split(const fv_names *top, fv_split split) {
    for (size_t i = 0; i < top->n; i++)
        if (is_split(&top->names[i], split)) return top->names[i].path;
    return NULL;
}

/* True if DIR holds splits rather than classes: train is one, or all its folders are. */
static bool has_splits(const fv_names *top) {
    size_t folders = 0, named = 0;
    for (size_t i = 0; i < top->n; i++) {
        folders += top->names[i].folder;
        for (int split = FV_TRAIN; split <= FV_TEST; split++) named += is_split(&top->names[i], (fv_split)split);
    }
    return find_split(top, FV_TRAIN) || (named && named == folders);
}

/* Where a split's images lie, and where its classes are read from. */
typedef struct layout {
    fv_split split;
    const char *images, *classes;
} layout;

static fv_status choose_layout(const char *folder, const fv_names *top, fv_split split, layout *l) {
    *l = (layout){.images = folder, .classes = folder};
    if (!has_splits(top)) {
        if (split <= FV_TRAIN) return FV_OK;
        return fv_fail(FV_UNSUPPORTED, "%s has no %s split: that would be a folder %s beside a folder train", folder,
                       split_names[split][0], split_names[split][0]);
    }
    l->split = split ? split : FV_TRAIN;
    l->images = find_split(top, l->split);
    if (!l->images)
        return fv_fail(FV_UNSUPPORTED, "%s has no %s split: there is no folder %s", folder, split_names[l->split][0],
                       split_names[l->split][0]);
    const char *train = find_split(top, FV_TRAIN);
    l->classes = train ? train : l->images;
    return FV_OK;
}

/* ---- Classes ----------------------------------------------------------------------------------------------------- */

typedef struct class_list {
    fv_names names;
    const char **classes; /* sorted */
    size_t n;
} class_list;

static fv_status read_classes(const char *folder, class_list *list) {
    FV_TRY(fv_names_read(folder, &list->names));
    list->classes = FV_NEW_N(const char *, list->names.n + 1);
    if (!list->classes) return FV_NO_MEMORY;
    for (size_t i = 0; i < list->names.n; i++)
        if (list->names.names[i].folder) list->classes[list->n++] = list->names.names[i].name;
    return fv_classes_check(folder, list->classes, list->n);
}

static void free_classes(class_list *list) {
    fv_names_free(&list->names);
    fv_free(list->classes);
}

/* ---- Images ------------------------------------------------------------------------------------------------------ */

typedef struct adding {
    fv_files *files;
    int label;
} adding;

static fv_status add_picture(void *user, const char *path, fv_status status) {
    const adding *a = user;
    FV_TRY(status);
    const char *below = path + strlen(a->files->root);
    return fv_files_add(a->files, below + (*below == '/'), a->label);
}

/* The folders of a split may be fewer than the classes, as long as each is one. */
static fv_status add_pictures(fv_files *files, const layout *l, const class_list *list, const fv_names *folders) {
    for (size_t i = 0; i < folders->n; i++) {
        const fv_name *folder = &folders->names[i];
        if (!folder->folder) continue;
        adding a = {files, fv_classes_find(list->classes, list->n, folder->name)};
        size_t before = files->base.count;
        if (a.label < 0) return fv_fail(FV_BAD_DATA, "%s: %s has no such class", folder->path, l->classes);
        FV_TRY(fv_each_picture(folder->path, add_picture, &a));
        if (files->base.count == before && l->classes == l->images)
            return fv_fail(FV_BAD_DATA, "%s: no image of this class: add some, or remove the folder", folder->path);
    }
    return FV_OK;
}

static const fv_dataset_kind folder_kind = FV_FILES_KIND("folder");

static fv_dataset *open_layout(const layout *l, const fv_dataset_args *args) {
    class_list list = {0};
    fv_names folders = {0};
    fv_dataset *dataset = NULL;
    if (read_classes(l->classes, &list) != FV_OK || fv_names_read(l->images, &folders) != FV_OK) goto done;
    fv_files *files = fv_files_new(&folder_kind, (int)list.n, list.classes, l->images);
    if (!files) goto done;
    files->base.split = l->split;
    if (add_pictures(files, l, &list, &folders) == FV_OK)
        dataset = fv_files_done(files, args);
    else
        fv_dataset_free(&files->base);
done:
    fv_names_free(&folders);
    free_classes(&list);
    return dataset;
}

fv_dataset *fv_folder_with(const char *folder, const fv_dataset_args *args) {
    if (!folder) return NULL;
    fv_names top;
    layout l;
    fv_dataset *dataset = NULL;
    if (fv_names_read(folder, &top) != FV_OK) return NULL;
    if (choose_layout(folder, &top, args->split, &l) == FV_OK) dataset = open_layout(&l, args);
    fv_names_free(&top);
    return dataset;
}

/* ---- Recognising ------------------------------------------------------------------------------------------------- */

/* True if there is a picture `depth` folders below; links are not followed. */
static bool has_picture(const char *folder, int depth) {
    fv_names names;
    bool found = false;
    if (fv_names_read(folder, &names) != FV_OK) return false;
    for (size_t i = 0; !found && i < names.n; i++) {
        const fv_name *name = &names.names[i];
        found = depth == 0 ? !name->folder && fv_is_picture_name(name->name)
                           : name->folder && has_picture(name->path, depth - 1);
    }
    fv_names_free(&names);
    return found;
}

bool fv_folder_recognise(const char *folder) { return has_picture(folder, 1) || has_picture(folder, 2); }
