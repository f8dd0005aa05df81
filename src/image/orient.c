#include "image/orient.h"

#include <string.h>

enum { TILE = 32 }; /* a tile's rows and its columns stay in the cache, whichever of them are far apart */

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

/* Where the upright picture's pixels lie in the stored one: pixel (x, y) at first + x * right + y * down, in bytes. */
typedef struct walk {
    const uint8_t *first;
    ptrdiff_t right, down;
} walk;

static walk choose_walk(const fv_image *image, int orientation, size_t pixel) {
    ptrdiff_t column = (ptrdiff_t)pixel, row = image->width * column;
    walk w = {.first = image->pixels, .right = column, .down = row};
    if (turns[orientation].mirror_columns) w.first += (image->width - 1) * column, w.right = -column;
    if (turns[orientation].mirror_rows) w.first += (image->height - 1) * row, w.down = -row;
    if (turns[orientation].transpose) w = (walk){.first = w.first, .right = w.down, .down = w.right};
    return w;
}

static inline void copy_tile(const walk *w, int x0, int y0, const fv_image *to, size_t pixel) {
    int x1 = x0 + TILE < to->width ? x0 + TILE : to->width, y1 = y0 + TILE < to->height ? y0 + TILE : to->height;
    for (int y = y0; y < y1; y++) {
        const uint8_t *from = w->first + x0 * w->right + y * w->down;
        uint8_t *at = (uint8_t *)to->owned + ((size_t)y * (size_t)to->width + (size_t)x0) * pixel;
        for (int x = x0; x < x1; x++, from += w->right, at += pixel) memcpy(at, from, pixel);
    }
}

static inline __attribute__((always_inline)) void copy(const walk *w, const fv_image *to, size_t pixel) {
    for (int y = 0; y < to->height; y += TILE)
        for (int x = 0; x < to->width; x += TILE) copy_tile(w, x, y, to, pixel);
}

fv_status fv_orient(fv_image *image, int orientation) {
    if (orientation < 2 || orientation > 8) return FV_OK;
    fv_image upright;
    bool transpose = turns[orientation].transpose;
    FV_TRY(fv_image_new(&upright, transpose ? image->height : image->width, transpose ? image->width : image->height,
                        image->channels, image->depth));
    size_t pixel = (size_t)image->channels * (size_t)image->depth / 8;
    walk w = choose_walk(image, orientation, pixel);
    if (pixel == 3) /* the compiler sees the common sizes as constants */
        copy(&w, &upright, 3);
    else if (pixel == 1)
        copy(&w, &upright, 1);
    else
        copy(&w, &upright, pixel);
    fv_image_free(image);
    *image = upright;
    return FV_OK;
}
