/* Convolution, forward and backward data, with fewer multiplications, for kernels five wide over small maps. */
#ifndef KERNELS_SIMD_CONV_WINOGRAD_H
#define KERNELS_SIMD_CONV_WINOGRAD_H

#include "kernels/simd/conv.h"

/* Whether it can do this shape, and faster than the direct tiles (conv.c, conv_pool.c). */
bool SIMD(winograd_pays)(const fv_conv_shape *s, const field *f);
size_t SIMD(winograd_bytes)(const fv_conv_shape *s, const field *f); /* of scratch; 0 where it does not pay */

/* Once for all groups: scratch begins with the transformed w. */
void SIMD(winograd_weights)(const fv_conv_shape *s, const float *w, void *scratch);

/* One group, x and dx in the field, dx overwritten. index NULL: y, dy [OC,OH,OW,16]; else they and index are
 * [OC,OH/2,OW/2,16], of the 2x2 max pool behind. */
void SIMD(winograd_forward)(const fv_conv_shape *s, const field *f, const float *x, const float *bias, float *y,
                            uint16_t *index, void *scratch);
void SIMD(winograd_backward_data)(const fv_conv_shape *s, const field *f, const float *dy, const uint16_t *index,
                                  float *dx, void *scratch);

#endif
