/* What a model's answers are worth, for people and for programs. */
#ifndef CLI_MEASURES_H
#define CLI_MEASURES_H

#include "fovea/train.h"

/* All there is to say of a model's answers: tables, or an object on one line. */
void cli_print_measures(const fv_model *model, const fv_evaluation *evaluation, const fv_measures *measures);
void cli_print_json_measures(const fv_model *model, const fv_evaluation *evaluation, const fv_measures *measures);

/* One of them: a row "name  0.9500  0.9123 to 0.9716", or "name  -  why"; `,"key":0.95,"key_interval":[0.9123,0.9716]`, or
 * `,"key":null,"key_undefined":"why"`. */
void cli_print_measure(const char *name, fv_measure measure);
/* "positive  NAME, from a probability of 0.5". */
void cli_print_positive(const fv_model *model, float threshold);
void cli_print_json_measure(const char *key, fv_measure measure);

#endif
