/* --tune: what was measured lies in the user's cache, $XDG_CACHE_HOME/fovea/tuning.json or ~/.cache/fovea/tuning.json. */
#ifndef CLI_TUNING_H
#define CLI_TUNING_H

#include "options.h"

#include "fovea/train.h"

typedef struct cli_tuning {
    fv_tuning *tuning; /* NULL: without --tune */
    const char *path;  /* NULL: nobody tells where the cache is */
} cli_tuning;

/* Loads it, with --tune; what cannot be used is said, and done without. To be closed also on failure. */
fv_status cli_tuning_open(cli_options *options, cli_tuning *tuning);
/* Keeps what was measured, and says so. A cache that cannot be written is no failure. */
void cli_tuning_keep(const cli_tuning *tuning);
/* The same in a run, before its first step. */
fv_callback cli_tuning_callback(cli_tuning *tuning);
void cli_tuning_close(cli_tuning *tuning);

#endif
