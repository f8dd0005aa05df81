/* Pages of runs: what `fovea report` and `fovea train --report` share. */
#ifndef CLI_REPORTING_H
#define CLI_REPORTING_H

#include "inputs.h"

#include "fovea/report.h"

enum { CLI_REFRESH = 10 }; /* seconds after which the page of a run that goes on loads itself anew */

/* "RUN/report.html"; NULL on failure. */
const char *cli_report_path(cli_options *options, const char *run);
/* The arguments of a page that shows the sets that a run trains and validates on; of NULL, neither. */
fv_report_args cli_report_args(cli_options *options, const cli_sets *sets);

#endif
