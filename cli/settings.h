/* From flags to the structs of the library. */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "options.h"

#include "fovea/train.h"

fv_status cli_optimizer_settings(const cli_options *options, fv_optimizer *optimizer);
fv_status cli_schedule_settings(const cli_options *options, fv_schedule *schedule);
fv_status cli_topk_settings(const cli_options *options, int topk[FV_TOPK]);
fv_precision cli_precision(const cli_options *options);
fv_tta cli_tta(const cli_options *options);
fv_maps cli_maps(const cli_options *options);
/* *parts lie in the arena. */
fv_status cli_parts_settings(cli_options *options, const fv_part_options **parts, int *n);
float cli_max_bad(const cli_options *options);
/* *loss may point into the arena. Class weights that follow from the training set replace the word for them. */
fv_status cli_loss_settings(cli_options *options, const fv_dataset *train, fv_loss *loss);
/* For an input of that many channels. */
fv_status cli_preprocess_settings(const cli_options *options, const fv_dataset *train, int channels,
                                  fv_preprocess *preprocess);
/* --normalize auto, and --channels where it is not given, become what the model's pretrained weights were made with: so a
 * resumed run has no need of their file. */
fv_status cli_take_normalization(cli_options *options, const fv_model *model);

#endif
