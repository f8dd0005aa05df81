/* Mirror images: by chance, or in turn (Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU", 2024, section 3.6), so that of two
 * epochs one shows the picture and one its mirror image, where chance shows the same one twice half of the time. */
#include "augment/transform.h"

static fv_view mirrored(const fv_frame *frame) { return (fv_view){{{-1, 0, frame->width}, {0, 1, 0}}}; }

fv_view fv_flip_geometry(const fv_span *value, const fv_frame *frame, fv_random *random) {
    return fv_drawn(value[0], random) ? mirrored(frame) : fv_view_identity;
}

fv_view fv_alternate_geometry(const fv_span *value, const fv_frame *frame, fv_random *random) {
    (void)value, (void)random;
    return mirrored(frame);
}

fv_view fv_vflip_geometry(const fv_span *value, const fv_frame *frame, fv_random *random) {
    return fv_drawn(value[0], random) ? (fv_view){{{1, 0, 0}, {0, -1, frame->height}}} : fv_view_identity;
}
