/* Logs and checkpoints of a run: the library's callbacks, by flags. */
#ifndef CLI_LOGS_H
#define CLI_LOGS_H

#include "options.h"

#include "fovea/train.h"

fv_status cli_log_settings(const cli_options *options, fv_callback callbacks[FV_CALLBACKS]);
/* Refuses what is for one run, where there are to be several. */
fv_status cli_check_logs_of_folds(const cli_options *options);

#endif
