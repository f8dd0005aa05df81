#include "image/orient.h"

#include <string.h>

enum { STRIP = 16 }; /* rows at a time: enough for runs of a cache line where rows become columns */

/* What is done with the stored picture, in this order. */
static const struct {
    bool mirror_columns, mirror_rows, transpose;
} turns[9] = {[2] = {.mirror_columns = true},
              [3] = {.mirror_columns = true, .mirror_rows = true},
              [4] = {.mirror_rows = true},
              [5] = {.transpose = true},
              [6] = {.mirror_rows = true, .transpose = true},
              [7] = {.mirror_columns = true, .mirror_rows = true, .transpose = true},
              [8] = {.mirror_columns = true, .transpose = true}};

fv_status fv_upright_new(fv_image *upright, int orientation, int width, int height, int channels, int depth) {
    bool transpose = turns[orientation].transpose;
    return fv_image_new(upright, transpose ? height : width, transpose ? width : height, channels, depth);
}

/* One dimension of the stored rows: how many steps, and by how many bytes each goes, there and in the upright picture. */
typedef struct walk {
    int steps;
    ptrdiff_t from, to;
} walk;

/* Turns a walk round: it begins at the last of all `steps` of the picture, so many bytes from the first, and goes back. */
static ptrdiff_t mirror(walk *w, int steps) {
    ptrdiff_t begin = (steps - 1) * w->to;
    w->to = -w->to;
    return begin;
}

static inline __attribute__((always_inline)) void copy(const uint8_t *from, uint8_t *to, walk outer, walk inner,
                                                       size_t pixel) {
    for (int i = 0; i < outer.steps; i++)
        for (int j = 0; j < inner.steps; j++)
            memcpy(to + i * outer.to + j * inner.to, from + i * outer.from + j * inner.from, pixel);
}

void fv_upright_rows(const fv_image *upright, int orientation, const void *rows, int first, int count) {
    bool transpose = turns[orientation].transpose;
    int width = transpose ? upright->height : upright->width, height = transpose ? upright->width : upright->height;
    ptrdiff_t pixel = upright->channels * upright->depth / 8, line = upright->width * pixel, begin = 0;
    walk x = {.steps = width, .from = pixel, .to = transpose ? line : pixel};
    walk y = {.steps = count, .from = width * pixel, .to = transpose ? pixel : line};
    if (turns[orientation].mirror_columns) begin += mirror(&x, width);
    if (turns[orientation].mirror_rows) begin += mirror(&y, height);
    walk outer = transpose ? x : y, inner = transpose ? y : x;
    uint8_t *to = (uint8_t *)upright->owned + begin + first * y.to;
    if (pixel == 3) /* the compiler sees the common sizes as constants */
        copy(rows, to, outer, inner, 3);
    else if (pixel == 1)
        copy(rows, to, outer, inner, 1);
    else
        copy(rows, to, outer, inner, (size_t)pixel);
}

fv_status fv_orient(fv_image *image, int orientation) {
    if (orientation < 2 || orientation > 8) return FV_OK;
    fv_image upright;
    FV_TRY(fv_upright_new(&upright, orientation, image->width, image->height, image->channels, image->depth));
    size_t row = (size_t)image->width * (size_t)image->channels * (size_t)image->depth / 8;
    const uint8_t *rows = image->pixels;
    for (int y = 0; y < image->height; y += STRIP)
        fv_upright_rows(&upright, orientation, rows + (size_t)y * row, y,
                        y + STRIP < image->height ? STRIP : image->height - y);
    fv_image_free(image);
    *image = upright;
    return FV_OK;
}
