/* A flag's value from its text, checked against the flag's range or choices. */
#ifndef CLI_VALUES_H
#define CLI_VALUES_H

#include "options.h"

/* Fills the field. The message says what the value must be; the caller puts flag and text before it. */
fv_status cli_parse_value(const cli_flag *flag, const char *text, void *field);

/* "1 to 65536", "above 0 and below 1": a range in words; `text` is returned. */
const char *cli_range_words(const char *range, char text[96]);
/* "sgd, momentum, adam or adamw", cut off where `text` ends. */
const char *cli_choice_words(const cli_flag *flag, char *text, size_t size);

#endif
