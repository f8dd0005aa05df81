/* What the passes of a convolution share: where its input is read, and the table of its taps. */
#ifndef KERNELS_SIMD_CONV_H
#define KERNELS_SIMD_CONV_H

#include "kernels/simd/tile.h"

/* The input as the tiles see it, never with a border: the tensor itself, or, where there is padding, a canvas: one
 * group's maps with their padding, in scratch. Steps are in floats. */
typedef struct field {
    int h, w;                        /* of a map */
    bool canvas;                     /* a padded copy of one group at a time */
    ptrdiff_t map;                   /* h * w * 16 */
    ptrdiff_t x_row, x_col, x_group; /* from one output row, column, group to the next, in the field */
    ptrdiff_t y_map, y_group;        /* in the output */
} field;

field SIMD(conv_field)(const fv_conv_shape *s);

/* How many groups of [g0, g1) a field holds at once. */
FV_INLINE int field_groups(const field *f, int g0, int g1) { return f->canvas && g1 > g0 ? 1 : g1 - g0; }

/* Writes one group's maps into a canvas, and takes them out of it again. */
void SIMD(canvas_fill)(const fv_conv_shape *s, const field *f, const float *x, float *canvas);
void SIMD(canvas_crop)(const fv_conv_shape *s, const field *f, const float *canvas, float *x);

/* tap[k], k = (ic * KH + kh) * KW + kw: .x where it looks in the field, .w = k. */
void SIMD(conv_taps)(const fv_conv_shape *s, const field *f, tap *table);

/* All of dw (+)= the gradient of `groups` groups; dbias[c] = the sum of dy over [g0, g1) and `map` / 16 pixels. */
void SIMD(weights_field)(const fv_conv_shape *s, const field *f, const tap *at, int groups, const float *x,
                         const float *dy, float *dw, float *sums, bool add);
size_t SIMD(weights_sums)(const fv_conv_shape *s); /* bytes of sums, which is scratch */
void SIMD(bias_sums)(int channels, ptrdiff_t map, int g0, int g1, const float *dy, float *dbias);

/* Scratch, cut into pieces of whole cache lines in the order in which they are asked for. */
FV_INLINE size_t round_up(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }
FV_INLINE void *cut(char **scratch, size_t bytes) {
    char *piece = *scratch;
    *scratch += round_up(bytes, 64);
    return piece;
}
FV_INLINE size_t canvas_bytes(const fv_conv_shape *s, const field *f) {
    return f->canvas ? (size_t)s->ic * (size_t)f->map * sizeof(float) : 0;
}
FV_INLINE size_t quads_bytes(const fv_conv_shape *s) { /* of conv_pool.c */
    return (size_t)s->oc * (size_t)s->ic * (size_t)(s->kernel[0] + 1) * (size_t)(s->kernel[1] + 1) * 4 * sizeof(float) +
           WIDTH * sizeof(float); /* the last vector may reach beyond */
}
FV_INLINE int conv_inner(const fv_conv_shape *s) { return s->ic * s->kernel[0] * s->kernel[1]; }

/* The fully connected case: one output pixel that sees the whole input. */
FV_INLINE bool conv_is_linear(const fv_conv_shape *s, const field *f) {
    return !f->canvas && s->oh == 1 && s->ow == 1 && s->kernel[0] == s->ih && s->kernel[1] == s->iw;
}

/* How many tiles of at most `largest` cover `count`; fv_share then makes them even. */
FV_INLINE int tiles_for(int count, int largest) { return (count + largest - 1) / largest; }

#endif
