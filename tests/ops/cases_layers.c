/* Convolution, linear, pooling, batch norm, concat. */
#include "ops/cases.h"
#include "ops/rooms.h"

static fv_window any_window(lab *l, int largest) {
    fv_window window;
    for (int i = 0; i < 2; i++) {
        window.kernel[i] = lab_int(l, 1, largest);
        window.stride[i] = lab_int(l, 1, 3);
        window.dilation[i] = lab_chance(l, 25) ? 2 : 1;
    }
    for (int i = 0; i < 4; i++) window.pad[i] = lab_int(l, 0, window.kernel[i % 2] - 1);
    return window;
}
