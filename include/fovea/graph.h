/* fovea/graph.h: a network as data. A graph is a list of nodes; operators (fovea/ops.h) take values and return values, so
 * that a network reads like its paper:
 *
 *     fv_graph *g = fv_graph_new("lenet");
 *     fv_value *x = fv_input(g, 1, 28, 28);
 *     x = fv_relu(fv_conv2d(x, "conv1", 6, 5, .pad = 2));
 *     x = fv_linear(fv_flatten(fv_max_pool(x, 2)), "fc", 10);
 *
 * The batch size is not part of a graph: an input is [N,C,H,W] for any N. Building executes nothing. */
#ifndef FOVEA_GRAPH_H
#define FOVEA_GRAPH_H

#include "fovea/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fv_graph fv_graph;
typedef struct fv_value fv_value; /* one output of a node; belongs to its graph */

/* The name appears in messages and model files. NULL on failure. */
FV_API fv_graph *fv_graph_new(const char *name);
FV_API void fv_graph_free(fv_graph *graph); /* with all its values; NULL is fine */

/* The image input [N, channels, height, width]. Dimensions from 1 to 65535. A graph has one. */
FV_API fv_value *fv_input(fv_graph *graph, int channels, int height, int width);

/* Makes `logits` [N,K] an auxiliary head of its graph, the opinion of a layer within it (Szegedy et al. 2015, section 5):
 * training adds `weight`, from 1e-6 to 100, times its loss to that of the model's own logits, which must have the same
 * shape; inference leaves it away. A graph has at most 4. */
FV_API fv_status fv_auxiliary(fv_value *logits, float weight);

/* Names from here on get the prefix "SCOPE."; scopes nest. fv_unscope ends the innermost one. */
FV_API void fv_scope(fv_graph *graph, const char *format, ...) FV_PRINTF(2, 3);
FV_API void fv_unscope(fv_graph *graph);

/* The shape of a value for one image: channels, height, width ([features, 1, 1] after fv_flatten); all 0 for NULL. */
FV_API void fv_value_shape(const fv_value *value, int *channels, int *height, int *width);

/* The graph a value belongs to; NULL for NULL. */
FV_API fv_graph *fv_value_graph(const fv_value *value);

#ifdef __cplusplus
}
#endif

#endif
