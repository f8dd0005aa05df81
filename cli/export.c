#include "export.h"

#include "core/file.h"
#include "data/dataset.h"
#include "image/decode.h"
#include "inputs.h"
#include "text.h"

/* A class name as the name of a folder. */
static const char *folder_name(cli_options *o, const char *class_name) {
    char *name = fv_arena_strdup(&o->arena, class_name);
    for (char *c = name; c && *c; c++)
        if (*c == '/' || (unsigned char)*c < ' ' || (c == name && *c == '.')) *c = '_';
    return name;
}

static fv_status export_image(cli_options *o, const fv_dataset *set, const char *const *folders, size_t index,
                              size_t *written) {
    fv_image image;
    int label;
    fv_status read = fv_dataset_read(set, index, NULL, &image, &label);
    cli_say_bad_files(set);
    if (read != FV_OK) return set->bad && read != FV_NO_MEMORY ? FV_OK : read;
    char *path = fv_arena_format(&o->arena, "%s/%05zu.png", folders[label], index);
    fv_status status = path ? fv_png_write(path, &image) : FV_NO_MEMORY;
    fv_image_free(&image);
    *written += status == FV_OK;
    return status;
}

fv_status cli_export(cli_options *o, const fv_dataset *set) {
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
    size_t n = fv_dataset_count(set), written = 0;
    if (o->limit && (size_t)o->limit < n) n = (size_t)o->limit;
    for (size_t i = 0; i < n; i++) FV_TRY(export_image(o, set, folders, i, &written));
    cli_say("%zu pictures in %s/%s", written, o->export_to, split);
    return FV_OK;
}
