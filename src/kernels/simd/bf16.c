/* Between f32 and bf16. */
#include "kernels/simd/vector.h"

void SIMD(widen)(size_t count, const uint16_t *x, float *y) {
    size_t i = 0;
    for (; i + WIDTH <= count; i += WIDTH) store(y + i, load_bf16(x + i));
    if (i == count) return;
    uint16_t last[WIDTH] = {0};
    memcpy(last, x + i, (count - i) * sizeof *x);
    store_some(y + i, load_bf16(last), count - i);
}

void SIMD(narrow)(size_t count, const float *x, uint16_t *y) {
    size_t i = 0;
    for (; i + WIDTH <= count; i += WIDTH) store_bf16(y + i, load(x + i));
    if (i == count) return;
    uint16_t last[WIDTH];
    store_bf16(last, load_some(x + i, count - i));
    memcpy(y + i, last, (count - i) * sizeof *y);
}
