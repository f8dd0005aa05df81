/* OpenCV's resizing of bytes with INTER_LINEAR: weights of 11 bits, along the row first; what is kept between the passes has
 * lost 4 bits, so that it fits 16, and the second pass rounds twice. Plain loops: the compiler makes vectors of them. */
#include "kernels/simd/vector.h"

FV_INLINE void columns_of(const fv_pairs *p, size_t channels, const uint8_t *from, int16_t *restrict to) {
    for (size_t i = 0; i < (size_t)p->n; i++, to += channels) {
        const uint8_t *a = from + (size_t)p->at[0][i] * channels, *b = from + (size_t)p->at[1][i] * channels;
        const int wa = p->weight[0][i], wb = p->weight[1][i];
        for (size_t c = 0; c < channels; c++) to[c] = (int16_t)((a[c] * wa + b[c] * wb) >> 4);
    }
}

void SIMD(pair_columns)(const fv_pairs *p, int channels, const uint8_t *from, int16_t *to) {
    if (channels == 1)
        columns_of(p, 1, from, to);
    else if (channels == 3)
        columns_of(p, 3, from, to);
    else
        columns_of(p, (size_t)channels, from, to);
}

void SIMD(pair_rows)(const fv_pairs *p, int i, size_t length, const int16_t *restrict a, const int16_t *restrict b,
                     uint8_t *restrict to) {
    const int wa = p->weight[0][i], wb = p->weight[1][i];
    for (size_t x = 0; x < length; x++)
        to[x] = (uint8_t)((int16_t)((int16_t)(a[x] * wa >> 16) + (int16_t)(b[x] * wb >> 16) + 2) >> 2);
}
