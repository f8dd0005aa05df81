#include "logs.h"

#include "core/status.h"

#include <string.h>

fv_status cli_log_settings(const cli_options *o, fv_callback callbacks[FV_CALLBACKS]) {
    if (o->log_csv && o->log_json && strcmp(o->log_csv, o->log_json) == 0)
        return fv_fail(FV_BAD_ARGUMENT, "--log-json %s: is the file of --log-csv: name another", o->log_json);
    if (o->checkpoint_every && !o->out && !o->resume)
        return fv_fail(FV_BAD_ARGUMENT, "--checkpoint-every: needs --out DIR, where the models go");
    if (o->log_csv) *callbacks++ = fv_csv_log(o->log_csv);
    if (o->log_json) *callbacks++ = fv_json_log(o->log_json);
    if (o->tensorboard) *callbacks++ = fv_tensorboard(o->tensorboard);
    if (o->checkpoint_every) *callbacks++ = fv_checkpoint_every((int)o->checkpoint_every);
    return FV_OK;
}

fv_status cli_check_logs_of_folds(const cli_options *o) {
    static const int single[] = {CLI_FLAG_log_csv, CLI_FLAG_log_json, CLI_FLAG_tensorboard, CLI_FLAG_find_lr};
    for (size_t i = 0; i < sizeof single / sizeof *single && !o->fold; i++)
        if (o->text[single[i]])
            return fv_fail(FV_BAD_ARGUMENT, "--%s: is for one run: with --folds, give --fold I too",
                           cli_flags[single[i]].name);
    return FV_OK;
}
