/* Convolution backward from the gradient of the 2x2 max pool of stride 2 behind it. */
#ifndef KERNELS_SIMD_CONV_POOL_H
#define KERNELS_SIMD_CONV_POOL_H

#include "kernels/simd/conv.h"

/* The pooled map: its pixels, and the field and channels behind them. */
typedef struct quads {
    const field *f;
    int groups, rows, cols;
    ptrdiff_t map, group; /* of dy and index, in elements */
} quads;

/* What conv_choice.c can do: kernels whose taps, like the four places of a window, are one apart. Generic vectors have
 * neither a cheap choice nor a permutation; there the full map is faster. */
enum { CHOICE_ROWS = 5 }; /* rows of the largest kernel for choose_data */
FV_INLINE bool choice_pays(const fv_conv_shape *s) {
    return WIDTH >= 8 && s->stride[0] == 1 && s->stride[1] == 1 && s->dilation[0] == 1 && s->dilation[1] == 1;
}

/* All of dw (+)= the gradient of q's groups. */
void SIMD(choose_weights)(const fv_conv_shape *s, const quads *q, const float *x, const float *dy,
                          const uint16_t *index, float *dw, bool add);

/* Adds one group's gradient to the field dx, which the caller has cleared. `quad`: w as make_quads arranges it. */
void SIMD(choose_data)(const fv_conv_shape *s, const quads *q, const float *dy, const uint16_t *index,
                       const float *quad, float *dx);
void SIMD(make_quads)(const fv_conv_shape *s, const float *w, float *quad);

#endif
