/* Depthwise convolution in FV_BLOCKED: one block of channels of one image at a time, a vector to a pixel.
 *
 * Rows of the map that is read are copied into a ring that holds as many as the kernel spans, with zeros at both ends: the inner
 * loops then know no borders. Output pixels are made a tile at a time, TILE sums in registers over all taps. */
#include "kernels/simd/vector.h"

enum { TILE = 8, MOST = 7 /* rows and columns of the largest kernel */, MOST_TAPS = MOST * MOST, MOST_LANES = 16 };

bool SIMD(depthwise_supported)(const fv_conv_shape *s) {
    return s->groups == s->ic && s->ic == s->oc && s->kernel[0] <= MOST && s->kernel[1] <= MOST;
}

/* ---- The ring -------------------------------------------------------------------------------------------------------- */

typedef struct ring {
    int height, width, lanes; /* of the map */
    int slots, left, right;   /* rows held; columns of zeros before and after a row */
    float *rows;
    const float *map;
    int next; /* the first row that has not been copied */
} ring;

static int floor_div(int a, int b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }
static int at_least_0(int a) { return a > 0 ? a : 0; }
static size_t pitch(const ring *r) { return (size_t)(r->left + r->width + r->right) * (size_t)r->lanes; }
static size_t ring_floats(const ring *r) { return (size_t)r->slots * pitch(r); }

/* For reading x: output column q needs columns q stride - pad + i dilation. */
static ring ring_of_x(const fv_conv_shape *s, int lanes) {
    int reach = (s->ow - 1) * s->stride[1] + s->dilation[1] * (s->kernel[1] - 1) - s->pad[1];
    return (ring){.height = s->ih,
                  .width = s->iw,
                  .lanes = lanes,
                  .slots = s->dilation[0] * (s->kernel[0] - 1) + 1,
                  .left = s->pad[1],
                  .right = at_least_0(reach - (s->iw - 1))};
}

/* For reading dy: column c of dx needs columns (c + pad - i dilation) / stride where that is whole. */
static ring ring_of_dy(const fv_conv_shape *s, int lanes) {
    int first = floor_div(s->pad[1] - s->dilation[1] * (s->kernel[1] - 1), s->stride[1]);
    return (ring){.height = s->oh,
                  .width = s->ow,
                  .lanes = lanes,
                  .slots = s->dilation[0] * (s->kernel[0] - 1) / s->stride[0] + 2,
                  .left = at_least_0(-first),
                  .right = at_least_0((s->iw - 1 + s->pad[1]) / s->stride[1] - (s->ow - 1))};
}

static void ring_open(ring *r, void *scratch) {
    r->rows = scratch;
    memset(r->rows, 0, ring_floats(r) * sizeof(float));
}

static void ring_restart(ring *r, const float *map) {
    r->map = map;
    r->next = 0;
}

/* Column 0 of a row. Rows are asked for in bands that move down. */
static const float *ring_row(ring *r, int row) {
    size_t floats = (size_t)r->width * (size_t)r->lanes, margin = (size_t)r->left * (size_t)r->lanes;
    for (; r->next <= row; r->next++)
        memcpy(r->rows + (size_t)(r->next % r->slots) * pitch(r) + margin, r->map + (size_t)r->next * floats,
               floats * sizeof(float));
    return r->rows + (size_t)(row % r->slots) * pitch(r) + margin;
}

size_t SIMD(depthwise_scratch)(const fv_conv_shape *s, int lanes) {
    ring x = ring_of_x(s, lanes), dy = ring_of_dy(s, lanes);
    size_t floats = ring_floats(&x) > ring_floats(&dy) ? ring_floats(&x) : ring_floats(&dy);
    return floats * sizeof(float);
}

/* ---- Parameters of one block of channels: [tap][lane], zero beyond the last channel ------------------------------------- */

static void pack(const fv_conv_shape *s, int lanes, int block, const float *w, int taps, float *packed) {
    for (int j = 0; j < lanes; j++) {
        int c = block * lanes + j;
        for (int t = 0; t < taps; t++) packed[t * lanes + j] = c < s->ic ? w[(size_t)c * (size_t)taps + (size_t)t] : 0;
    }
}

static int blocks_of(const fv_conv_shape *s, int lanes) { return (s->ic + lanes - 1) / lanes; }

/* ---- Sums over taps: forward, and backward to x ------------------------------------------------------------------------- */

typedef struct tap {
    const float *x, *w;
} tap;

FV_INLINE void tile(const int N, const tap *t, int taps, ptrdiff_t in, vf begin, float *y, ptrdiff_t out) {
    vf sum[TILE];
#pragma GCC unroll 8
    for (int i = 0; i < N; i++) sum[i] = begin;
    for (const tap *end = t + taps; t < end; t++) {
        vf w = load(t->w);
#pragma GCC unroll 8
        for (int i = 0; i < N; i++) sum[i] += w * load(t->x + i * in);
    }
#pragma GCC unroll 8
    for (int i = 0; i < N; i++) store(y + i * out, sum[i]);
}

static void advance(tap *t, int taps, ptrdiff_t by) {
    for (int i = 0; i < taps; i++) t[i].x += by;
}

/* y[i * out] = bias + sum over taps of w x[i * in], for i < count and each slice of the lanes. Uses the taps up. */
static void sum_row(tap *t, int taps, int count, int lanes, ptrdiff_t in, const float *bias, float *y, ptrdiff_t out) {
    for (int slice = 0; slice < lanes; slice += WIDTH) {
        vf begin = bias ? load(bias + slice) : (vf){0};
        float *at = y + slice;
        int left = count;
        for (; left >= TILE; left -= TILE, at += TILE * out, advance(t, taps, TILE * in))
            tile(TILE, t, taps, in, begin, at, out);
        if (left & 4) tile(4, t, taps, in, begin, at, out), at += 4 * out, advance(t, taps, 4 * in);
        if (left & 2) tile(2, t, taps, in, begin, at, out), at += 2 * out, advance(t, taps, 2 * in);
        if (left & 1) tile(1, t, taps, in, begin, at, out);
        advance(t, taps, WIDTH - (count - (left & 1)) * in);
        for (int i = 0; i < taps; i++) t[i].w += WIDTH;
    }
}

static void forward_map(const fv_conv_shape *s, ring *x, const float *w, const float *bias, float *y,
                        void (*activate)(size_t count, const float *x, float *y)) {
    const int lanes = x->lanes;
    size_t row_floats = (size_t)s->ow * (size_t)lanes;
    for (int p = 0; p < s->oh; p++, y += row_floats) {
        tap taps[MOST_TAPS];
        int n = 0;
        for (int i = 0; i < s->kernel[0]; i++) {
            int row = p * s->stride[0] - s->pad[0] + i * s->dilation[0];
            if (row < 0 || row >= s->ih) continue;
            const float *from = ring_row(x, row);
            for (int j = 0; j < s->kernel[1]; j++)
                taps[n++] = (tap){from + (j * s->dilation[1] - s->pad[1]) * lanes, w + (i * s->kernel[1] + j) * lanes};
        }
        sum_row(taps, n, s->ow, lanes, (ptrdiff_t)s->stride[1] * lanes, bias, y, lanes);
        if (activate) activate(row_floats, y, y);
    }
}

void SIMD(depthwise_forward)(const fv_conv_shape *s, int lanes, int u0, int u1, const float *x, const float *w,
                             const float *bias, float *y, void (*activate)(size_t count, const float *x, float *y),
                             void *scratch) {
    const int taps = s->kernel[0] * s->kernel[1], blocks = blocks_of(s, lanes);
    size_t in = (size_t)s->ih * (size_t)s->iw * (size_t)lanes, out = (size_t)s->oh * (size_t)s->ow * (size_t)lanes;
    float packed[MOST_TAPS * MOST_LANES], begin[MOST_LANES];
    ring rows = ring_of_x(s, lanes);
    ring_open(&rows, scratch);
    for (int u = u0; u < u1; u++) {
        int block = u / s->n;
        size_t map = (size_t)(u % s->n) * (size_t)blocks + (size_t)block;
        if (u == u0 || u % s->n == 0) pack(s, lanes, block, w, taps, packed);
        if (bias && (u == u0 || u % s->n == 0)) pack(s, lanes, block, bias, 1, begin);
        ring_restart(&rows, x + map * in);
        forward_map(s, &rows, packed, bias ? begin : NULL, y + map * out, activate);
    }
}

/* Row r of dx, its columns of one remainder by the stride at a time: they see the same taps. */
static void backward_row(const fv_conv_shape *s, ring *dy, int r, const float *w, float *dx) {
    const int lanes = dy->lanes, stride = s->stride[1];
    for (int phase = 0; phase < stride && phase < s->iw; phase++) {
        tap taps[MOST_TAPS];
        int n = 0;
        for (int i = 0; i < s->kernel[0]; i++) {
            int row = r + s->pad[0] - i * s->dilation[0];
            if (row < 0 || row % s->stride[0] || row / s->stride[0] >= s->oh) continue;
            const float *from = ring_row(dy, row / s->stride[0]);
            for (int j = 0; j < s->kernel[1]; j++) {
                int column = phase + s->pad[1] - j * s->dilation[1], whole = floor_div(column, stride);
                if (whole * stride == column)
                    taps[n++] = (tap){from + whole * lanes, w + (i * s->kernel[1] + j) * lanes};
            }
        }
        sum_row(taps, n, (s->iw - phase + stride - 1) / stride, lanes, lanes, NULL, dx + phase * lanes,
                (ptrdiff_t)stride * lanes);
    }
}

void SIMD(depthwise_backward_data)(const fv_conv_shape *s, int lanes, int u0, int u1, const float *dy, const float *w,
                                   float *dx, void *scratch) {
    const int taps = s->kernel[0] * s->kernel[1], blocks = blocks_of(s, lanes);
    size_t row = (size_t)s->iw * (size_t)lanes, out = (size_t)s->oh * (size_t)s->ow * (size_t)lanes;
    float packed[MOST_TAPS * MOST_LANES];
    ring rows = ring_of_dy(s, lanes);
    ring_open(&rows, scratch);
    for (int u = u0; u < u1; u++) {
        int block = u / s->n;
        size_t map = (size_t)(u % s->n) * (size_t)blocks + (size_t)block;
        if (u == u0 || u % s->n == 0) pack(s, lanes, block, w, taps, packed);
        ring_restart(&rows, dy + map * out);
        for (int r = 0; r < s->ih; r++) backward_row(s, &rows, r, packed, dx + (map * (size_t)s->ih + (size_t)r) * row);
    }
}

/* ---- Sums over pixels: backward to w ------------------------------------------------------------------------------------ */

/* sum[t] += sum over q of dy[q] x[q * in + t * step], N taps side by side; even and odd pixels apart, so that additions do not
 * wait for each other. */
FV_INLINE void correlate(const int N, int count, int lanes, const float *dy, const float *x, ptrdiff_t in,
                         ptrdiff_t step, float *sum) {
    vf even[4] = {{0}, {0}, {0}, {0}}, odd[4] = {{0}, {0}, {0}, {0}};
    int q = 0;
    for (; q + 2 <= count; q += 2, dy += 2 * lanes, x += 2 * in) {
        vf a = load(dy), b = load(dy + lanes);
#pragma GCC unroll 4
        for (int t = 0; t < N; t++) even[t] += a * load(x + t * step), odd[t] += b * load(x + in + t * step);
    }
#pragma GCC unroll 4
    for (int t = 0; t < N; t++) {
        if (q < count) even[t] += load(dy) * load(x + t * step);
        store(sum + t * lanes, load(sum + t * lanes) + (even[t] + odd[t]));
    }
}

/* One row of dy with one row of the kernel. */
static void correlate_row(const fv_conv_shape *s, int lanes, const float *dy, const float *x, float *sum) {
    ptrdiff_t in = (ptrdiff_t)s->stride[1] * lanes, step = (ptrdiff_t)s->dilation[1] * lanes;
    for (int slice = 0; slice < lanes; slice += WIDTH)
        for (int j = 0, n; j < s->kernel[1]; j += n) {
            const float *from = x + j * step + slice;
            float *to = sum + j * lanes + slice;
            n = s->kernel[1] - j < 4 ? s->kernel[1] - j : s->kernel[1] - j == 5 ? 3 : 4;
            if (n == 1) correlate(1, s->ow, lanes, dy + slice, from, in, step, to);
            if (n == 2) correlate(2, s->ow, lanes, dy + slice, from, in, step, to);
            if (n == 3) correlate(3, s->ow, lanes, dy + slice, from, in, step, to);
            if (n == 4) correlate(4, s->ow, lanes, dy + slice, from, in, step, to);
        }
}

static void backward_map(const fv_conv_shape *s, ring *x, const float *dy, float *sum) {
    const int lanes = x->lanes;
    for (int p = 0; p < s->oh; p++, dy += s->ow * lanes)
        for (int i = 0; i < s->kernel[0]; i++) {
            int row = p * s->stride[0] - s->pad[0] + i * s->dilation[0];
            if (row < 0 || row >= s->ih) continue;
            correlate_row(s, lanes, dy, ring_row(x, row) - s->pad[1] * lanes, sum + i * s->kernel[1] * lanes);
        }
}

/* What pack undoes. */
static void unpack(const fv_conv_shape *s, int lanes, int block, const float *packed, int taps, float *w) {
    for (int j = 0; j < lanes && block * lanes + j < s->ic; j++)
        for (int t = 0; t < taps; t++)
            w[(size_t)(block * lanes + j) * (size_t)taps + (size_t)t] = packed[t * lanes + j];
}

void SIMD(depthwise_backward_weights)(const fv_conv_shape *s, int lanes, int b0, int b1, const float *x,
                                      const float *dy, float *dw, float *dbias, void *scratch) {
    const int taps = s->kernel[0] * s->kernel[1], blocks = blocks_of(s, lanes);
    size_t in = (size_t)s->ih * (size_t)s->iw * (size_t)lanes, pixels = (size_t)s->oh * (size_t)s->ow;
    ring rows = ring_of_x(s, lanes);
    ring_open(&rows, scratch);
    for (int block = b0; block < b1; block++) {
        float sum[MOST_TAPS * MOST_LANES] = {0}, bias[MOST_LANES] = {0};
        for (int n = 0; n < s->n; n++) {
            size_t map = (size_t)n * (size_t)blocks + (size_t)block;
            const float *gradient = dy + map * pixels * (size_t)lanes;
            ring_restart(&rows, x + map * in);
            backward_map(s, &rows, gradient, sum);
            for (size_t i = 0; dbias && i < pixels * (size_t)lanes; i += WIDTH) {
                float *lane = bias + i % (size_t)lanes;
                store(lane, load(lane) + load(gradient + i));
            }
        }
        unpack(s, lanes, block, sum, taps, dw);
        if (dbias) unpack(s, lanes, block, bias, 1, dbias);
    }
}
