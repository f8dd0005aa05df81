/* Turning about the middle; positive angles are counterclockwise. */
#include "augment/transform.h"

#include <math.h>

fv_view fv_rotate_geometry(const fv_span *value, const fv_frame *frame, fv_random *random) {
    double angle = fv_span_draw(value[0], random) * (3.14159265358979323846 / 180), c = cos(angle), s = sin(angle);
    double x = frame->width / 2.0, y = frame->height / 2.0;
    return (fv_view){{{c, -s, x - c * x + s * y}, {s, c, y - s * x - c * y}}};
}
