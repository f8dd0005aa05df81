/* Bringing a set into a folder: what is there is checked, what is missing fetched from the first source that has it. */
#include "core/file.h"
#include "core/memory.h"
#include "sets.h"
#include "text.h"

#include <string.h>
#include <unistd.h>

static fv_status fetch_from(const cli_known_file *file, const char *source, const char *path, cli_progress *progress) {
    char *url = fv_path_join(source, file->name);
    fv_status status = url ? cli_fetch(file, url, path, progress) : FV_NO_MEMORY;
    fv_free(url);
    return status;
}

/* From one source after the other, as long as the last one is to blame for the failure. */
static fv_status fetch(const cli_known_set *set, const cli_known_file *file, const char *mirror, const char *path) {
    cli_progress progress = cli_progress_start(0);
    const char *const *sources = mirror ? (const char *const[]){mirror, NULL} : set->sources;
    const char *const *end = sources + (mirror ? 1 : CLI_SET_SOURCES);
    fv_status status = FV_BAD_DATA;
    for (; sources < end && *sources; sources++) {
        status = fetch_from(file, *sources, path, &progress);
        if (status != FV_BAD_DATA) break;
        if (sources + 1 < end && sources[1]) cli_say("%s; trying %s", fv_error(), sources[1]);
    }
    if (status == FV_BAD_DATA && !mirror)
        return fv_fail_in(status, "%s cannot be had (offline? --mirror URL names another source)", set->name);
    char size[32];
    if (status == FV_OK) cli_say("%s  %s bytes", file->name, cli_count(file->bytes, size));
    return status;
}

/* A file of the set at its place; another one of that name is the user's, and stays. */
static fv_status get_file(const cli_known_set *set, const cli_known_file *file, const char *folder,
                          const char *mirror) {
    char *path = fv_path_join(folder, file->name);
    if (!path) return FV_NO_MEMORY;
    bool there = access(path, F_OK) == 0;
    fv_status status = there ? cli_check_file(file, path) : fetch(set, file, mirror, path);
    if (there && status == FV_OK) cli_say("%s  is there", file->name);
    if (there && status == FV_BAD_DATA)
        status = fv_fail(status,
                         "%s: stands in the way: by its SHA-256 it is not the file of %s: move it, or use it as it is",
                         path, set->name);
    fv_free(path);
    return status;
}

static int count_members(const cli_known_set *set) {
    int n = 0;
    while (n < CLI_SET_MEMBERS && set->members[n].name) n++;
    return n;
}

static bool has_members(const cli_known_set *set, const char *folder) {
    bool there = true;
    for (int i = 0; there && i < count_members(set); i++) {
        char *path = fv_path_join(folder, set->members[i].name);
        there = path && fv_is_file(path);
        fv_free(path);
    }
    return there;
}

/* The archive goes when its files have come. */
static fv_status get_archive(const cli_known_set *set, const char *folder, const char *mirror) {
    if (has_members(set, folder)) {
        cli_say("%s  is there, unpacked", set->files->name);
        return FV_OK;
    }
    FV_TRY(get_file(set, set->files, folder, mirror));
    char *path = fv_path_join(folder, set->files->name);
    fv_status status = path ? fv_untar(path, folder, set->members, count_members(set)) : FV_NO_MEMORY;
    if (status == FV_OK) (void)unlink(path);
    fv_free(path);
    return status;
}

fv_status cli_bring_set(const cli_known_set *set, const char *folder, const char *mirror) {
    FV_TRY(fv_make_folders(folder));
    if (count_members(set)) return get_archive(set, folder, mirror);
    for (int i = 0; i < CLI_SET_FILES && set->files[i].name; i++) FV_TRY(get_file(set, &set->files[i], folder, mirror));
    return FV_OK;
}
