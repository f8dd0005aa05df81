/* Mirror images. */
#include "augment/transform.h"

fv_view fv_flip_geometry(const fv_span *value, const fv_frame *frame, fv_random *random) {
    return fv_drawn(value[0], random) ? (fv_view){{{-1, 0, frame->width}, {0, 1, 0}}} : fv_view_identity;
}

fv_view fv_vflip_geometry(const fv_span *value, const fv_frame *frame, fv_random *random) {
    return fv_drawn(value[0], random) ? (fv_view){{{1, 0, 0}, {0, -1, frame->height}}} : fv_view_identity;
}
