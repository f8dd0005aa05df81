/* The arithmetic of OpenCV's resize with INTER_LINEAR. Each output row lies between two input rows, which are resampled when
 * they are first needed and kept for the next row; rows that none needs are never touched. (At exactly half the size OpenCV
 * takes means of 2x2 pixels, which at 8 bits are the same numbers.) */
#include "core/memory.h"
#include "image/resample.h"
#include "kernels/cpu.h"

#include <math.h>
#include <string.h>

static void free_pairs(fv_pairs *p) {
    for (int k = 0; k < 2; k++) {
        fv_free(p->at[k]);
        fv_free(p->weight[k]);
        fv_free(p->share[k]);
    }
}

static int within(int at, int in) { return at < 0 ? 0 : at < in ? at : in - 1; }

/* Along a row, what lies outside the outer pixels' centres takes the outer pixel whole; down a column it takes it twice, by
 * both weights, which may round otherwise. */
static void fill_pixel(fv_pairs *p, int i, double centre, int in, bool row) {
    float place = (float)(centre - 0.5), share = place - floorf(place);
    int at = (int)floorf(place);
    if (row && (at < 0 || at >= in - 1)) share = 0;
    for (int k = 0; k < 2; k++) {
        p->at[k][i] = within(at + k, in);
        p->share[k][i] = k ? share : 1.0f - share;
        p->weight[k][i] = (int16_t)lrintf(p->share[k][i] * (1 << FV_PAIR_BITS));
    }
}

static fv_status make_pairs(fv_pairs *p, const fv_axis *a, int in, bool row) {
    *p = (fv_pairs){.n = a->count};
    for (int k = 0; k < 2; k++) {
        p->at[k] = FV_NEW_N(int, (size_t)p->n);
        p->weight[k] = FV_NEW_N(int16_t, (size_t)p->n);
        p->share[k] = FV_NEW_N(float, (size_t)p->n);
        if (!p->at[k] || !p->weight[k] || !p->share[k]) return FV_NO_MEMORY;
    }
    for (int i = 0; i < p->n; i++) fill_pixel(p, i, fv_axis_centre(a, i), in, row);
    return FV_OK;
}

/* ---- 16 bits: floats between the passes -------------------------------------------------------------------------- */

static void columns_16(const fv_pairs *p, size_t channels, const uint16_t *from, float *to) {
    for (int i = 0; i < p->n; i++)
        for (size_t c = 0; c < channels; c++)
            *to++ = from[(size_t)p->at[0][i] * channels + c] * p->share[0][i] +
                    from[(size_t)p->at[1][i] * channels + c] * p->share[1][i];
}

static void rows_16(const fv_pairs *p, int i, size_t length, const float *a, const float *b, uint16_t *to) {
    for (size_t x = 0; x < length; x++) {
        long sum = lrintf(a[x] * p->share[0][i] + b[x] * p->share[1][i]);
        to[x] = (uint16_t)(sum > 65535 ? 65535 : sum);
    }
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

/* Input rows resampled along x: the last even one and the last odd one, so that neighbours do not displace each other. */
typedef struct line {
    int row;       /* -1: none yet */
    void *samples; /* int16_t at 8 bits, float at 16 */
} line;

static const void *get_line(const fv_image *in, const fv_pairs *x, int row, line lines[2]) {
    line *l = &lines[row & 1];
    const size_t c = (size_t)in->channels, skipped = (size_t)row * (size_t)in->width * c;
    if (l->row == row) return l->samples;
    l->row = row;
    if (in->depth == 8)
        fv_simd_pick()->pair_columns(x, in->channels, (const uint8_t *)in->pixels + skipped, l->samples);
    else
        columns_16(x, c, (const uint16_t *)in->pixels + skipped, l->samples);
    return l->samples;
}

static void fill_rows(const fv_image *in, const fv_pairs *x, const fv_pairs *y, line lines[2], fv_image *out) {
    const size_t length = (size_t)out->width * (size_t)out->channels;
    for (int i = 0; i < y->n; i++) {
        const void *a = get_line(in, x, y->at[0][i], lines), *b = get_line(in, x, y->at[1][i], lines);
        if (in->depth == 8)
            fv_simd_pick()->pair_rows(y, i, length, a, b, (uint8_t *)out->owned + (size_t)i * length);
        else
            rows_16(y, i, length, a, b, (uint16_t *)out->owned + (size_t)i * length);
    }
}

static fv_status interpolate(const fv_image *in, const fv_pairs *x, const fv_pairs *y, fv_image *out) {
    const size_t bytes = in->depth == 8 ? sizeof(int16_t) : sizeof(float);
    const size_t length = (size_t)x->n * (size_t)in->channels;
    line lines[2] = {{-1, fv_alloc(length, bytes)}, {-1, fv_alloc(length, bytes)}};
    fv_status status = lines[0].samples && lines[1].samples ? FV_OK : FV_NO_MEMORY;
    if (status == FV_OK) status = fv_image_new(out, x->n, y->n, in->channels, in->depth);
    if (status == FV_OK) fill_rows(in, x, y, lines, out);
    fv_free(lines[0].samples);
    fv_free(lines[1].samples);
    return status;
}

fv_status fv_resample_cv2(const fv_image *in, const fv_axis *x, const fv_axis *y, fv_image *out) {
    fv_pairs px, py = {0};
    fv_status status = make_pairs(&px, x, in->width, true);
    if (status == FV_OK) status = make_pairs(&py, y, in->height, false);
    if (status == FV_OK) status = interpolate(in, &px, &py, out);
    free_pairs(&px);
    free_pairs(&py);
    return status;
}
