#include "recipe.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/suggest.h"
#include "text.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECIPE_BYTES = 1 << 20 };

static const char suffix[] = ".recipe";

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static char *trim(char *text) {
    static const char blank[] = " \t\r";
    text += strspn(text, blank);
    char *end = text + strlen(text);
    while (end > text && strchr(blank, end[-1])) end--;
    *end = '\0';
    return text;
}

static fv_status unknown_key(const char *key, const char *where) {
    const char *names[CLI_FLAGS];
    char near[96];
    size_t n = 0;
    for (const cli_flag *flag = cli_flags; flag < cli_flags + CLI_FLAGS; flag++)
        if (flag->recipe) names[n++] = flag->name;
    return fv_fail(FV_BAD_ARGUMENT, "%s%s: not a setting of a recipe%s", where, key,
                   cli_did_you_mean(key, names, n, near));
}

/* `line` is "key = value", a comment or blank; it is cut up, and stays with the options. */
static fv_status take_line(cli_options *options, char *line, const char *where) {
    char *key = trim(line), *equals = strchr(key, '=');
    if (!*key || *key == '#') return FV_OK;
    if (!equals) return fv_fail(FV_BAD_ARGUMENT, "%s%s: a line is `key = value`", where, key);
    *equals = '\0';
    key = trim(key);
    for (const cli_flag *flag = cli_flags; flag < cli_flags + CLI_FLAGS; flag++)
        if (flag->recipe && strcmp(flag->name, key) == 0)
            return cli_set(options, flag, trim(equals + 1), CLI_BY_RECIPE, where);
    return unknown_key(key, where);
}

fv_status cli_take_recipe(cli_options *options, const char *text, const char *name) {
    char *line = fv_arena_strdup(&options->arena, text);
    if (!line) return FV_NO_MEMORY;
    for (int number = 1; line; number++) {
        char *next = strchr(line, '\n');
        if (next) *next++ = '\0';
        char *where = fv_arena_format(&options->arena, "%s:%d: ", name, number);
        if (!where) return FV_NO_MEMORY;
        FV_TRY(take_line(options, line, where));
        line = next;
    }
    return FV_OK;
}

static fv_status take_file(cli_options *options, const char *path) {
    char *text = fv_file_read(path, RECIPE_BYTES, NULL);
    if (!text) return fv_last_status();
    fv_status status = cli_take_recipe(options, text, path);
    fv_free(text);
    return status;
}

/* ---- Finding ----------------------------------------------------------------------------------------------------- */

/* Where recipes with a name lie: those installed with this program, then those below the current folder. */
static const char *folder_at(cli_options *options, int index) {
    char program[4096];
    if (index == 1) return "recipes";
    ssize_t length = index == 0 ? readlink("/proc/self/exe", program, sizeof program) : -1;
    if (length <= 0 || length == sizeof program) return NULL;
    for (int up = 0; up < 2; up++) /* PREFIX/bin/fovea */
        while (length > 0 && program[--length] != '/') {}
    return fv_arena_format(&options->arena, "%.*s/share/fovea/recipes", (int)length, program);
}

/* The known name that is nearest to `name`, in the arena; NULL: none is near. */
static const char *suggest_in(cli_options *options, const char *folder, const char *name) {
    const char *near = NULL;
    DIR *dir = opendir(folder);
    if (!dir) return NULL;
    for (struct dirent *entry; !near && (entry = readdir(dir));) {
        size_t length = strlen(entry->d_name), end = sizeof suffix - 1;
        if (length <= end || strcmp(entry->d_name + length - end, suffix) != 0) continue;
        const char *known = fv_arena_format(&options->arena, "%.*s", (int)(length - end), entry->d_name);
        if (known) near = fv_suggest(name, &known, 1);
    }
    closedir(dir);
    return near;
}

static fv_status unknown_recipe(cli_options *options, const char *name) {
    for (int i = 0; i < 2; i++) {
        const char *folder = folder_at(options, i), *near = folder ? suggest_in(options, folder, name) : NULL;
        if (near) return fv_fail(FV_BAD_ARGUMENT, "--recipe %s: no such recipe: did you mean %s?", name, near);
    }
    const char *installed = folder_at(options, 0);
    return fv_fail(FV_BAD_ARGUMENT, "--recipe %s: no such file, and no %s%s in %s or recipes", name, name, suffix,
                   installed ? installed : "share/fovea/recipes");
}

fv_status cli_load_recipe(cli_options *options, const char *name) {
    if (strchr(name, '/') || fv_is_file(name)) return take_file(options, name);
    for (int i = 0; i < 2; i++) {
        const char *folder = folder_at(options, i);
        const char *path = folder ? fv_arena_format(&options->arena, "%s/%s%s", folder, name, suffix) : NULL;
        if (path && fv_is_file(path)) return take_file(options, path);
    }
    return unknown_recipe(options, name);
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

const char *cli_recipe_text(cli_options *options) {
    const char *text = "";
    for (int id = 0; text && id < CLI_FLAGS; id++)
        if (cli_flags[id].recipe && options->text[id])
            text = fv_arena_format(&options->arena, "%s%s = %s\n", text, cli_flags[id].name, options->text[id]);
    return text;
}
