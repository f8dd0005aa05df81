/* A network as a picture, for Graphviz: fovea summary resnet18 --dot | dot -Tsvg. */
#ifndef CLI_DOT_H
#define CLI_DOT_H

#include "fovea/model.h"

/* A box a layer: its name, operator, output, parameters and MACs; an arrow for each layer that another one reads. What training
 * alone needs (auxiliary heads) is dashed. To standard output. */
void cli_print_dot(const fv_model *model);

#endif
