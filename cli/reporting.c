#include "reporting.h"

#include "settings.h"

#include <string.h>

const char *cli_report_path(cli_options *o, const char *run) {
    size_t length = strlen(run);
    return fv_arena_format(&o->arena, "%s%sreport.html", run, length && run[length - 1] == '/' ? "" : "/");
}

/* "cifar10:DIR (test)"; NULL, which is the library's own name, for want of memory. */
static const char *name_of(cli_options *o, const char *spec, const fv_dataset *set) {
    const char *split = cli_split_name(fv_dataset_split(set));
    return *split ? fv_arena_format(&o->arena, "%s (%s)", spec, split) : spec;
}

fv_report_args cli_report_args(cli_options *o, const cli_sets *sets) {
    fv_report_args args = {.batch_size = (int)o->batch_size,
                           .workers = (int)o->workers,
                           .threads = (int)o->threads,
                           .max_bad = cli_max_bad(o)};
    if (!sets) return args;
    args.data = sets->val;
    args.train = sets->train;
    if (sets->val) args.data_name = name_of(o, o->val ? o->val : o->data, sets->val);
    if (sets->train) args.train_name = name_of(o, o->data, sets->train);
    return args;
}
