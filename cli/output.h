/* Standard output that knows why some of it was lost: a full disk behind a redirection shows there alone. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "core/status.h"

/* Before anything is printed. */
void cli_output_begin(void);
/* Writes what is left; FV_IO_ERROR with the first reason if not all of the output could be written. */
fv_status cli_output_end(void);

#endif
