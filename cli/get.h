/* `fovea data get SET DIR`. */
#ifndef CLI_GET_H
#define CLI_GET_H

#include "options.h"

fv_status cli_get(const cli_options *options);

#endif
