/* fovea eval */
#include "core/status.h"
#include "measures.h"
#include "measuring.h"

fv_status cli_eval(cli_options *o) {
    cli_measurement m;
    fv_measures measures;
    fv_status status = cli_measurement_open(o, &m);
    if (status == FV_OK) status = cli_measurement_run(o, &m);
    if (status == FV_OK) status = fv_tally_measures(m.tally, &measures);
    if (status == FV_OK) (o->json ? cli_print_json_measures : cli_print_measures)(m.model, &m.evaluation, &measures);
    cli_measurement_free(&m);
    return status;
}
