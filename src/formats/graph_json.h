/* A graph as JSON: what a model file keeps, so that networks built by hand or imported can be saved too.
 *
 *     {"name": "lenet", "nodes": [{"op": "input", "name": "input", "shape": [1,1,28,28]},
 *      {"op": "parameter", "name": "conv1.weight", "shape": [6,1,5,5]},
 *      {"op": "conv2d", "name": "conv1", "in": [[0,0],[1,0]], "args": {"kernel": [5,5], ...}}], "logits": [27,0]} */
#ifndef FORMATS_GRAPH_JSON_H
#define FORMATS_GRAPH_JSON_H

#include "graph/op.h"

#include <jansson.h>

/* NULL on failure. */
json_t *fv_graph_to_json(const fv_graph *graph, const fv_value *logits);

/* The graph's logits, with the graph behind them; NULL if anything is not as building it by hand would have allowed. `where`
 * stands before messages. Free with fv_graph_free(fv_value_graph(...)). */
fv_value *fv_graph_from_json(const json_t *json, const char *where);

#endif
