/* How training, and what else takes its time, shows its progress on standard error: a bar that is redrawn on a terminal, plain lines elsewhere. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "fovea/report.h"

typedef struct cli_progress {
    uint64_t log_every; /* steps between lines; 0: none */
    bool terminal, color, utf8;
    double drawn; /* when the bar was last drawn, in seconds; 0: it is not on the screen */
    double best;  /* val_best of the best epoch seen; best_epoch 0: none yet */
    int best_epoch;
    fv_epoch_report last; /* epoch 0: none yet */
    /* --report: the page of this run is written when it begins and after each epoch; NULL: none is. */
    const char *run, *page;
    fv_report_args report;
    bool begun;   /* it has been written */
    int first;    /* epochs done before, ... */
    double since; /* ... and when the next one began */
} cli_progress;

/* Looks at standard error, TERM, NO_COLOR and the locale's name. */
cli_progress cli_progress_start(long long log_every);
/* Must outlive the run. */
fv_callback cli_progress_callback(cli_progress *progress);
/* Of a file that is coming: on a terminal only. */
void cli_progress_bytes(cli_progress *progress, const char *name, size_t done, size_t total);
/* Takes the bar off the screen. */
void cli_progress_end(cli_progress *progress);

#endif
