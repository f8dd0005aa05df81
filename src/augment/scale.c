/* Enlarging and shrinking about the middle. */
#include "augment/transform.h"

fv_view fv_scale_geometry(const fv_span *value, const fv_frame *frame, fv_random *random) {
    double shown = 1 / fv_span_draw(value[0], random); /* of each side */
    return (fv_view){{{shown, 0, (1 - shown) * frame->width / 2}, {0, shown, (1 - shown) * frame->height / 2}}};
}

double fv_scale_zoom(const fv_span *value) { return value[0].high; }
