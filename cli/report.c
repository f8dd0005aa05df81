/* fovea report */
#include "core/status.h"
#include "recipe.h"
#include "reporting.h"
#include "text.h"

#include "fovea/train.h"

#include <stdlib.h>

/* The run's settings, beneath those of the command line. */
static fv_status take_settings(cli_options *o) {
    char *text = fv_run_config(o->arguments[0]);
    if (!text) return fv_last_status();
    fv_status status = cli_take_recipe(o, text, "the run's config.recipe");
    free(text);
    return status;
}

/* What the user names has to be there; what the run's settings name may be gone: *without is the reason then. */
static fv_status open_sets(cli_options *o, cli_sets *sets, const char **without) {
    bool asked = o->source[CLI_FLAG_data] == CLI_BY_USER;
    *sets = (cli_sets){0};
    fv_status status = take_settings(o);
    if (asked) {
        o->val = NULL;
        sets->val = cli_open_for_evaluation(o, o->data);
        return sets->val ? FV_OK : fv_last_status();
    }
    if (status == FV_OK && !o->data) *without = "the run's settings name no data; --data SPEC does";
    if (status == FV_OK && o->data) status = cli_open_sets(o, sets);
    if (status == FV_NO_MEMORY) return status;
    if (status == FV_OK) return FV_OK;
    *without = fv_arena_strdup(&o->arena, fv_error());
    cli_close_sets(sets);
    *sets = (cli_sets){0};
    return *without ? FV_OK : FV_NO_MEMORY;
}

fv_status cli_report(cli_options *o) {
    cli_sets sets;
    const char *run = o->arguments[0], *file = o->out_file ? o->out_file : cli_report_path(o, run), *without = NULL;
    fv_status status = file ? open_sets(o, &sets, &without) : FV_NO_MEMORY;
    if (!file) return status;
    fv_report_args args = cli_report_args(o, &sets);
    args.without = without;
    if (status == FV_OK) status = fv_report_with(run, file, &args);
    if (sets.val) cli_say_bad_files(sets.val);
    if (status == FV_OK && without) cli_say("without measures: %s", without);
    if (status == FV_OK) cli_say("%s: a page about %s", file, run);
    cli_close_sets(&sets);
    return status;
}
