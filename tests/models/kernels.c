#include "models/kernels.h"

#include "kernels/cpu.h"
#include "support/unit.h"
#include "train/trainer.h"

#include <stdlib.h>
#include <string.h>

static void no_step_by_definition(const char *name, const char *how, const fv_plan *plan) {
    fv_step_info info;
    if (!plan) fail_msg("%s, %s: %s", name, how, fv_error());
    for (int i = 0; fv_plan_step(plan, i, &info); i++)
        if (strcmp(info.kernel, "ref") == 0)
            fail_msg("%s, %s: %s %s has no fast kernel", name, how, info.node->name, info.node->op->name);
}

static void check(const fv_network_info *network, fv_team *team) {
    const int paper = network->input[1], side = getenv("FOVEA_TEST_FULL") || paper <= 64 ? paper : paper / 2;
    fv_model *model = fv_network(network->name, FV_ARCH(.input = {0, side, side}, .init.kind = FV_INIT_ZERO));
    if (!model) fail_msg("%s: %s", network->name, fv_error());
    fv_plan *plan = fv_plan_new(model, &(fv_plan_args){.batch = 2, .team = team});
    no_step_by_definition(network->name, "inference", plan);
    fv_plan_free(plan);
    fv_trainer *trainer = fv_trainer_new(model, .batch_size = 2, .threads = 1);
    no_step_by_definition(network->name, "training", trainer ? trainer->last : NULL);
    fv_trainer_free(trainer);
    fv_model_free(model);
}

void kernels_are_fast(void **state) {
    (void)state;
    if (!FOVEA_ONEDNN || strcmp(fv_isa_name(), "generic") == 0) skip();
    fv_network_info info;
    fv_team *team = fv_team_new(1);
    for (int i = 0; fv_network_at(i, &info); i++) check(&info, team);
    fv_team_free(team);
}
