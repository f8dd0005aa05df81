/* The customary augmentation of CIFAR: padded on all sides by N pixels of black, and a part of the former size cut out. */
#include "augment/transform.h"

/* -n to n, all equally likely. */
static double offset(int n, fv_random *random) { return (double)fv_random_below(random, 2 * (uint32_t)n + 1) - n; }

fv_view fv_crop_geometry(const fv_span *value, const fv_frame *frame, fv_random *random) {
    (void)frame;
    int padding = (int)value[0].low;
    double x = offset(padding, random), y = offset(padding, random);
    return (fv_view){{{1, 0, x}, {0, 1, y}}};
}
