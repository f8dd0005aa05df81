/* Mirror images. */
#include "augment/transform.h"

static bool drawn(const fv_span *value, fv_random *random) { return (double)fv_random_float(random) < value[0].low; }

fv_view fv_flip_geometry(const fv_span *value, const fv_frame *frame, fv_random *random) {
    return drawn(value, random) ? (fv_view){{{-1, 0, frame->width}, {0, 1, 0}}} : fv_view_identity;
}

fv_view fv_vflip_geometry(const fv_span *value, const fv_frame *frame, fv_random *random) {
    return drawn(value, random) ? (fv_view){{{1, 0, 0}, {0, -1, frame->height}}} : fv_view_identity;
}
