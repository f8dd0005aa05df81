/* fovea data --export: a dataset as folders of pictures. */
#ifndef CLI_EXPORT_H
#define CLI_EXPORT_H

#include "options.h"

#include "fovea/data.h"

/* Writes DIR/SPLIT/CLASS/NUMBER.png, where a set without splits has no SPLIT, for all images or the first --limit. Files that
 * cannot be read are named and left out. */
fv_status cli_export(cli_options *options, const fv_dataset *set);

#endif
