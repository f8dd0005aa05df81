/* Random erasing (Zhong et al. 2017, "Random Erasing Data Augmentation"; torchvision's RandomErasing): a rectangle of the network's
 * input becomes 0. Its area is uniform, its ratio of width to height uniform in the logarithm; what does not fit in ten draws
 * is not erased. */
#include "augment/transform.h"

static const fv_span ratio = {0.3, 3.3};

void fv_erase_draw(const fv_span *value, const fv_frame *frame, fv_random *random, fv_distortion *d) {
    if (!fv_drawn(value[0], random)) return;
    d->erased += fv_rectangle_draw(value[1], ratio, frame->width, frame->height, random, &d->erase[d->erased]);
}
