/* Small networks that between them have all that a plan must cope with. */
#ifndef ENGINE_NETWORKS_H
#define ENGINE_NETWORKS_H

#include "fovea/ops.h"

enum { ENGINE_NETWORKS = 4, ENGINE_CLASSES = 5 };

/* Each adds a network to an empty graph and returns its logits. */
extern fv_value *(*const engine_networks[ENGINE_NETWORKS])(fv_graph *g);

#endif
