/* What a shift, a turn or a crop brings in from beyond the edges: black is an edge that no photograph has, and a whitened first
 * layer, which amplifies what is rare, sees little else. */
#include "augment/transform.h"

void fv_reflect_draw(const fv_span *value, const fv_frame *frame, fv_random *random, fv_distortion *distortion) {
    (void)value, (void)frame, (void)random;
    distortion->mirror = true;
}
