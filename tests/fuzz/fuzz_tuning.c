/* A table of what was measured: as a file, and as what it says of a layer for which a plan asks. Whatever that is, there is a
 * plan. */
#include "core/memory.h"
#include "engine/plan.h"
#include "formats/tuning_file.h"
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static fv_model *model;
static fv_team *team;
static char *layer; /* as plans call it */

static double nothing(void *user, const fv_trial *trial) { return (void)user, (void)trial, 0; }

static void plan(fv_tuning *tuning) {
    fv_plan *made = fv_plan_new(model, &(fv_plan_args){.batch = 1, .team = team, .tuning = tuning});
    if (!made) abort();
    fv_plan_free(made);
}

static void begin(void) {
    fv_tuning first = {.time = nothing};
    fv_value *x = fv_conv2d(fv_input(fv_graph_new("tiny"), 64, 6, 6), "conv", 64, 3, .pad = 1);
    model = fv_model_new(fv_linear(fv_flatten(x), "fc", 2), .seed = 1);
    team = fv_team_new(1);
    plan(&first);
    if (first.n) layer = fv_strdup(first.picks[0].layer); /* without oneDNN there may be no contest */
    fv_tuning_clear(&first);
}

static void ask(const char *kernels) {
    fv_tuning tuning = {0};
    if (fv_tuning_put(&tuning, layer, kernels) != FV_OK) abort();
    plan(&tuning);
    fv_tuning_clear(&tuning);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fv_tuning tuning = {0};
    if (!model) begin();
    char *text = fv_alloc(size + 1, 1);
    if (size) memcpy(text, data, size);
    fuzz_budget(size);
    fv_status status = fv_tuning_parse(&tuning, text, size, "fuzz", "");
    fuzz_limit(SIZE_MAX);
    if (status != FV_OK && (tuning.n || strchr(fv_error(), '\n'))) abort();
    if (layer && size < FV_PICK_TEXT) ask(text);
    fv_tuning_clear(&tuning);
    fv_free(text);
    return 0;
}
