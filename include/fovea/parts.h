/* fovea/parts.h: what training does with single parts of a network, by name.
 *
 *     fv_fit(net, train, val, .parts = (fv_part_options[]){{"backbone", .frozen = true}, {"fc", .lr_scale = 10}}, .n_parts = 2)
 */
#ifndef FOVEA_PARTS_H
#define FOVEA_PARTS_H

#include "fovea/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An option that is zero is left to a part with a shorter name; of several with the same name the last counts. */
typedef struct fv_part_options {
    const char
        *name;      /* "layer4": the parameters of that name and those below it, "layer4.0.conv1.weight", not "layer40";
                         "backbone": all but the head, which is the last layer before the logits and the auxiliary heads;
                         "bias": every bias; "norm": every scale of a batch norm */
    bool frozen;    /* not trained: no gradient is computed for it, nor for what lies below the lowest trained part; its
                         batch norms, where scale and shift are both frozen, use their running statistics, which stay as
                         they are; dropout goes on */
    float lr_scale; /* factor of the learning rate; above 0, at most 1e6 */
    int zero_;
} fv_part_options;

#ifdef __cplusplus
}
#endif

#endif
