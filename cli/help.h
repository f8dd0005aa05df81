/* Help and the manual page, from the tables of commands and flags. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "options.h"

#include "augment/augment.h"

#include <stdio.h>

void cli_print_help(FILE *out, const cli_command *command); /* NULL: of the program */
void cli_print_manual(FILE *out);
/* Help with choices and default: "images a step [64]", in `text`. */
const char *cli_flag_help(const cli_flag *flag, char *text, size_t size);
/* "mirrored left to right, with probability P [0.5]". */
void cli_transform_help(const fv_transform *transform, char *text, size_t size);

#endif
