/* Reverse-mode differentiation of graphs. */
#ifndef ENGINE_AUTODIFF_H
#define ENGINE_AUTODIFF_H

#include "graph/op.h"

/* Adds to `graph` the nodes that compute the gradient of the sum of the losses (one at least) for every trained parameter
 * leaf. grads[id] receives the gradient of the leaf with that node id, NULL where none reaches it; it has room for
 * graph->n_nodes at the time of the call. */
fv_status fv_autodiff(fv_graph *graph, fv_value *const losses[], int n_losses, fv_value **grads);

/* Adds the nodes of *dx, the gradient at x of the sum of dy y; y depends on x. Parameters get none. */
fv_status fv_autodiff_at(const fv_value *x, const fv_value *y, fv_value *dy, fv_value **dx);

#endif
