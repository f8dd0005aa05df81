/* The adaptive average pool at the end of torchvision's older networks, where it is an even one. */
#include "models/models.h"

fv_value *fv_pool_to(fv_value *x, int side) {
    if (!x) return NULL;
    int c, h, w;
    fv_value_shape(x, &c, &h, &w);
    bool fits = h == w && h > side && h % side == 0;
    return fits ? fv_avg_pool(x, h / side) : x;
}
