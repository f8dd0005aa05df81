#include "tuning.h"

#include "text.h"

#include <stdlib.h>

static const char *find_path(cli_options *options) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && *cache == '/') /* a relative one is to be ignored: XDG Base Directory Specification */
        return fv_arena_format(&options->arena, "%s/fovea/tuning.json", cache);
    return home && *home ? fv_arena_format(&options->arena, "%s/.cache/fovea/tuning.json", home) : NULL;
}

fv_status cli_tuning_open(cli_options *options, cli_tuning *t) {
    *t = (cli_tuning){0};
    if (!options->tune) return FV_OK;
    t->tuning = fv_tuning_new();
    t->path = find_path(options);
    if (!t->tuning) return FV_NO_MEMORY;
    if (t->path && fv_tuning_load(t->tuning, t->path) != FV_OK) cli_say("tuning      ignored: %s", fv_error());
    return FV_OK;
}

void cli_tuning_keep(const cli_tuning *t) {
    char seconds[32];
    int contests = fv_tuning_contests(t->tuning);
    if (!t->tuning) return;
    if (!contests) {
        cli_say("tuning      nothing was left to measure");
        return;
    }
    snprintf(seconds, sizeof seconds, "%.1f s", fv_tuning_seconds(t->tuning));
    const char *s = contests == 1 ? "" : "s";
    if (!t->path)
        cli_say("tuning      %d layer%s measured in %s; not kept: neither XDG_CACHE_HOME nor HOME is set", contests, s,
                seconds);
    else if (fv_tuning_save(t->tuning, t->path) != FV_OK)
        cli_say("tuning      %d layer%s measured in %s; not kept: %s", contests, s, seconds, fv_error());
    else
        cli_say("tuning      %d layer%s measured in %s, kept in %s", contests, s, seconds, t->path);
}

static fv_status keep(void *user, const fv_run_info *run) {
    (void)run;
    cli_tuning_keep(user);
    return FV_OK;
}

fv_callback cli_tuning_callback(cli_tuning *t) {
    return (fv_callback){.user = t, .on_train_begin = t->tuning ? keep : NULL};
}

void cli_tuning_close(cli_tuning *t) {
    fv_tuning_free(t->tuning);
    t->tuning = NULL;
}
