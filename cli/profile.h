/* The steps of a plan and what each of them costs. */
#ifndef CLI_PROFILE_H
#define CLI_PROFILE_H

#include "train/predictor.h"
#include "train/trainer.h"

/* Of a plan that has run so many times since fv_plan_profile: a table; a member "profile" of a JSON object. */
void cli_profile_table(const fv_plan *plan, int runs);
void cli_profile_json(const fv_plan *plan, int runs);

#endif
