/* fovea train --folds: a run for each fold in a folder of its own, OUT/fold1 ..., and what they come to together. */
#ifndef CLI_FOLDS_H
#define CLI_FOLDS_H

#include "options.h"

/* The run of the folder's first fold, in the arena; NULL: it is no folder of folds, or a run itself. */
const char *cli_first_fold(cli_options *options, const char *folder);

/* Trains fold after fold by `train`, which looks at out, resume and fold, and tells `again` to whoever interrupts it; or the
 * one that --fold names. After the last: the measures of their best epochs as a table, and in OUT/folds.json. */
typedef fv_status cli_train_fn(cli_options *options, const char *again);
fv_status cli_train_folds(cli_options *options, cli_train_fn *train);

#endif
