/* `fovea data --preview`: what augmentation makes of a dataset, to look at. */
#ifndef CLI_PREVIEW_H
#define CLI_PREVIEW_H

#include "options.h"

fv_status cli_preview(const cli_options *options);

#endif
