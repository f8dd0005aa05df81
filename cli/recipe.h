/* Recipes: a run's settings as text, a line `flag = value` each, and lines of comment that begin with #. */
#ifndef CLI_RECIPE_H
#define CLI_RECIPE_H

#include "options.h"

/* Takes a recipe's lines as values; `name` stands in messages. */
fv_status cli_take_recipe(cli_options *options, const char *text, const char *name);
/* The recipe of that name, or in that file. */
fv_status cli_load_recipe(cli_options *options, const char *name_or_file);
/* The run's settings as a recipe, in the options' arena; NULL on failure. */
const char *cli_recipe_text(cli_options *options);

#endif
