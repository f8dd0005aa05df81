/* What a command works on: datasets and models, from what the user wrote. */
#ifndef CLI_INPUTS_H
#define CLI_INPUTS_H

#include "options.h"

#include "fovea/model.h"

/* What to train on and what to validate on (NULL: nothing). */
typedef struct cli_sets {
    fv_dataset *train, *val;
    fv_dataset *whole; /* what train and val are parts of; NULL where they are not */
} cli_sets;
fv_status cli_open_sets(const cli_options *options, cli_sets *sets);
void cli_close_sets(cli_sets *sets);
/* For evaluation, unless the spec names a split: val, else test, else all there is. */
fv_dataset *cli_open_for_evaluation(const cli_options *options, const char *spec);
/* By --cache; a NULL set passes its failure on. */
fv_status cli_set_cache(const cli_options *options, fv_dataset *dataset);
const char *cli_split_name(fv_split split); /* "train"; "" for none */
/* Channels, height, width of the network's input: by --channels and --image-size, else as the set's images are. */
void cli_input_shape(const cli_options *options, const fv_dataset *set, int input[3]);

/* MODEL|FILE: a file that exists, or looks like one, else a network built by --input and --classes. */
fv_model *cli_open_model(const cli_options *options, const char *name);

#endif
