/* Moving the picture. */
#include "augment/transform.h"

fv_view fv_shift_geometry(const fv_span *value, const fv_frame *frame, fv_random *random) {
    double x = fv_span_draw(value[0], random) * frame->width, y = fv_span_draw(value[0], random) * frame->height;
    return (fv_view){{{1, 0, -x}, {0, 1, -y}}};
}
