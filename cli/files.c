#include "files.h"

#include "core/file.h"
#include "data/pictures.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int keep(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

/* A link to a folder is not one: it may lead back up. */
static bool is_folder_below(const char *path) {
    struct stat info;
    return lstat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static fv_status search(fv_arena *arena, const char *folder, cli_visit visit, void *user, size_t *found) {
    struct dirent **entries;
    int n = scandir(folder, &entries, keep, by_name);
    if (n < 0) return visit(user, folder, fv_fail(FV_IO_ERROR, "%s: %s", folder, strerror(errno)));
    fv_status status = FV_OK;
    for (int i = 0; i < n; free(entries[i++])) {
        if (status != FV_OK) continue;
        const char *slash = folder[strlen(folder) - 1] == '/' ? "" : "/";
        char *path = fv_arena_format(arena, "%s%s%s", folder, slash, entries[i]->d_name);
        if (!path)
            status = FV_NO_MEMORY;
        else if (is_folder_below(path))
            status = search(arena, path, visit, user, found);
        else if (fv_is_picture_name(path))
            ++*found, status = visit(user, path, FV_OK);
    }
    free(entries);
    return status;
}

fv_status cli_each_picture(fv_arena *arena, const char *path, cli_visit visit, void *user) {
    size_t found = 0;
    if (!fv_is_folder(path)) return visit(user, path, FV_OK);
    FV_TRY(search(arena, path, visit, user, &found));
    if (found) return FV_OK;
    return visit(user, path,
                 fv_fail(FV_BAD_DATA, "%s: no pictures (JPEG, PNG, WebP, TIFF, BMP or PNM) in this folder", path));
}
