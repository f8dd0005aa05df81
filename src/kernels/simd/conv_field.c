/* Where a convolution's input is read: fields, canvases, taps. */
#include "kernels/simd/conv.h"

enum { TOP, LEFT };

field SIMD(conv_field)(const fv_conv_shape *s) {
    int h = (s->oh - 1) * s->stride[0] + (s->kernel[0] - 1) * s->dilation[0] + 1; /* what the kernel sweeps */
    int w = (s->ow - 1) * s->stride[1] + (s->kernel[1] - 1) * s->dilation[1] + 1;
    field f = {.h = s->ih, .w = s->iw, .canvas = s->pad[TOP] || s->pad[LEFT] || h > s->ih || w > s->iw};
    if (f.canvas) f.h = h, f.w = w;
    f.map = (ptrdiff_t)f.h * f.w * LANES;
    f.x_row = (ptrdiff_t)s->stride[0] * f.w * LANES;
    f.x_col = (ptrdiff_t)s->stride[1] * LANES;
    f.x_group = s->ic * f.map;
    f.y_map = (ptrdiff_t)s->oh * s->ow * LANES;
    f.y_group = s->oc * f.y_map;
    return f;
}

/* The part of a canvas row or column axis that lies on the input: [*begin, *end) of the canvas. */
static void overlap(int canvas, int input, int pad, int *begin, int *end) {
    *begin = pad < canvas ? pad : canvas;
    *end = pad + input < canvas ? pad + input : canvas;
}

void SIMD(canvas_fill)(const fv_conv_shape *s, const field *f, const float *x, float *canvas) {
    int top, bottom, left, right;
    overlap(f->h, s->ih, s->pad[TOP], &top, &bottom);
    overlap(f->w, s->iw, s->pad[LEFT], &left, &right);
    memset(canvas, 0, canvas_bytes(s, f));
    for (int c = 0; c < s->ic; c++)
        for (int h = top; h < bottom; h++) {
            const float *from = x + ((ptrdiff_t)c * s->ih + h - s->pad[TOP]) * s->iw * LANES;
            memcpy(canvas + c * f->map + ((ptrdiff_t)h * f->w + left) * LANES, from,
                   (size_t)(right - left) * LANES * sizeof *x);
        }
}

void SIMD(canvas_crop)(const fv_conv_shape *s, const field *f, const float *canvas, float *x) {
    int top, bottom, left, right;
    overlap(f->h, s->ih, s->pad[TOP], &top, &bottom);
    overlap(f->w, s->iw, s->pad[LEFT], &left, &right);
    memset(x, 0, (size_t)s->ic * (size_t)s->ih * (size_t)s->iw * LANES * sizeof *x);
    for (int c = 0; c < s->ic; c++)
        for (int h = top; h < bottom; h++) {
            float *to = x + ((ptrdiff_t)c * s->ih + h - s->pad[TOP]) * s->iw * LANES;
            memcpy(to, canvas + c * f->map + ((ptrdiff_t)h * f->w + left) * LANES,
                   (size_t)(right - left) * LANES * sizeof *x);
        }
}

void SIMD(conv_taps)(const fv_conv_shape *s, const field *f, tap *table) {
    ptrdiff_t k = 0;
    for (int c = 0; c < s->ic; c++)
        for (int kh = 0; kh < s->kernel[0]; kh++)
            for (int kw = 0; kw < s->kernel[1]; kw++, k++)
                table[k] = (tap){c * f->map + ((ptrdiff_t)kh * s->dilation[0] * f->w + kw * s->dilation[1]) * LANES, k};
}
