/* --find-lr: a table of rates and losses, and a suggestion. */
#ifndef CLI_FIND_LR_H
#define CLI_FIND_LR_H

#include "options.h"

#include "fovea/train.h"

fv_status cli_find_lr(const cli_options *options, fv_model *model, const fv_dataset *train, const fv_fit_args *args);

#endif
