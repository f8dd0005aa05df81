#include "get.h"

#include "core/memory.h"
#include "fovea/data.h"
#include "sets.h"
#include "text.h"

#include <string.h>

/* Reads the split, which is a last check of it. */
static fv_status count(const char *spec, fv_split split, char text[32]) {
    fv_dataset *set = fv_dataset_open(spec, split);
    if (!set) return fv_last_status();
    cli_count(fv_dataset_count(set), text);
    fv_dataset_free(set);
    return FV_OK;
}

static fv_status report(const cli_known_set *set, const char *spec) {
    char train[32], test[32];
    FV_TRY(count(spec, FV_TRAIN, train));
    FV_TRY(count(spec, FV_TEST, test));
    printf("%s: %s images to train on, %s to test on: --data %s\n%s", set->name, train, test, spec, set->terms);
    return FV_OK;
}

/* All others are for looking at a set. */
static fv_status check_flags(const cli_options *o) {
    for (int i = 0; i < CLI_FLAGS; i++)
        if (o->source[i] == CLI_BY_USER && i != CLI_FLAG_mirror)
            return fv_fail(FV_BAD_ARGUMENT, "--%s: does not go with `fovea data get`, which takes --mirror alone",
                           cli_flags[i].name);
    return FV_OK;
}

fv_status cli_get(const cli_options *o) {
    FV_TRY(check_flags(o));
    if (o->n_arguments < 3) return fv_fail(FV_BAD_ARGUMENT, "something is missing: fovea data get SET DIR");
    const char *folder = o->arguments[2];
    const cli_known_set *set = cli_find_known_set(o->arguments[1]);
    if (!set) return fv_last_status();
    if (strpbrk(folder, ",\n"))
        return fv_fail(FV_BAD_ARGUMENT, "%s: a comma would end it in a SPEC: choose another folder", folder);
    FV_TRY(cli_bring_set(set, folder, o->mirror));
    char *spec = fv_format("%s:%s", set->name, folder);
    fv_status status = spec ? report(set, spec) : FV_NO_MEMORY;
    fv_free(spec);
    return status;
}
