/* A model file measured on a dataset: what `fovea eval` and `fovea threshold` do first. */
#ifndef CLI_MEASURING_H
#define CLI_MEASURING_H

#include "options.h"

#include "fovea/train.h"

typedef struct cli_measurement {
    fv_model *model;
    fv_dataset *dataset;
    fv_tally *tally;
    fv_evaluation evaluation;
} cli_measurement;

/* Opens the model file arguments[0] and --data. To be freed also on failure. */
fv_status cli_measurement_open(cli_options *options, cli_measurement *measurement);
/* Measures, and says so on standard error. */
fv_status cli_measurement_run(cli_options *options, cli_measurement *measurement);
void cli_measurement_free(cli_measurement *measurement);

#endif
