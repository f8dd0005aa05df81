/* Output for people and for programs. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include "fovea/data.h"

#include <stdio.h>

/* One line to standard error. */
void cli_say(const char *format, ...) FV_PRINTF(1, 2);
/* "60,000"; `text` has room for 32. Returns it. */
const char *cli_count(unsigned long long number, char text[32]);
/* "0:07", "1:02:03". */
const char *cli_duration(double seconds, char text[32]);
/* ": did you mean WORD?", or "" if none of the names is near. */
const char *cli_did_you_mean(const char *word, const char *const *names, size_t n, char text[96]);
/* A name to a terminal: control characters and bytes that are no UTF-8 come out as \n, \t, \xff. */
void cli_print_plain(FILE *out, const char *text);
/* A line to standard error about a file that cannot be read; and about each that a set has found since they were last told. */
void cli_say_bad_file(const fv_bad_file *file);
void cli_say_bad_files(const fv_dataset *set);
/* A JSON string with its quotes; what is not UTF-8 comes out as '?'. */
void cli_print_json(FILE *out, const char *text);
/* A field of RFC 4180, quoted where it must be. */
void cli_print_csv(FILE *out, const char *text);
/* A fraction or a loss: %.6g; null for what is not finite. */
void cli_print_number(FILE *out, double number);

#endif
