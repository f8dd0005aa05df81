#include "preview.h"

#include "augment/augment.h"
#include "core/memory.h"
#include "data/dataset.h"
#include "text.h"

#include <string.h>

enum { SAMPLES = 8, VARIANTS = 7, GAP = 2, LARGEST_CELL = 224 };

/* A cell for each sample as evaluation sees it, and behind it for its variants: those of the first epochs. */
typedef struct sheet {
    fv_image image;
    fv_augment augment;
    int channels, height, width; /* of a cell */
    float *cell;                 /* [C,H,W] */
} sheet;

/* The set's images at their own size, or as large as a cell may be. */
static void choose_size(const cli_options *o, const fv_dataset *set, sheet *s) {
    fv_dataset_image_size(set, &s->channels, &s->height, &s->width);
    s->channels = s->channels < 3 ? 1 : 3;
    int larger = s->height > s->width ? s->height : s->width;
    if (CLI_HAS(o, image_size)) {
        s->height = o->image_size.at[0], s->width = o->image_size.at[1];
    } else if (larger > LARGEST_CELL) {
        s->height = (s->height * LARGEST_CELL + larger - 1) / larger;
        s->width = (s->width * LARGEST_CELL + larger - 1) / larger;
    }
}

static fv_status begin(const cli_options *o, const fv_dataset *set, int samples, sheet *s) {
    FV_TRY(fv_augment_parse(o->augment, &s->augment));
    choose_size(o, set, s);
    FV_TRY(fv_image_new(&s->image, (1 + VARIANTS) * (s->width + GAP) - GAP, samples * (s->height + GAP) - GAP,
                        s->channels, 8));
    memset(s->image.owned, 255, fv_image_samples(&s->image));
    s->cell = fv_alloc((size_t)s->channels * (size_t)s->height * (size_t)s->width, sizeof(float));
    return s->cell ? FV_OK : FV_NO_MEMORY;
}

/* The cell, values from 0 to 1, into the sheet. */
static void paste(const sheet *s, int row, int column) {
    const size_t c = (size_t)s->channels, plane = (size_t)s->height * (size_t)s->width;
    for (int y = 0; y < s->height; y++) {
        size_t line = (size_t)row * (size_t)(s->height + GAP) + (size_t)y;
        uint8_t *to =
            (uint8_t *)s->image.owned + (line * (size_t)s->image.width + (size_t)column * (size_t)(s->width + GAP)) * c;
        const float *from = s->cell + (size_t)y * (size_t)s->width;
        for (size_t x = 0; x < (size_t)s->width; x++)
            for (size_t k = 0; k < c; k++) *to++ = (uint8_t)(from[k * plane + x] * 255 + 0.5f);
    }
}

static fv_status show(const sheet *s, const fv_dataset *set, size_t index, int row) {
    static const fv_preprocess plain = {0};
    fv_image image;
    int label;
    FV_TRY(fv_dataset_read(set, index, NULL, &image, &label));
    fv_frame frame = {s->width, s->height, image.width, image.height};
    fv_distortion d = {.view = FV_VIEW_IDENTITY};
    fv_status status = FV_OK;
    for (int column = 0; column <= VARIANTS && status == FV_OK; column++) {
        if (column > 0) d = fv_augment_draw(&s->augment, 0, (uint64_t)column - 1, index, &frame);
        status = fv_prepare_distorted(&image, &plain, s->channels, s->height, s->width, &d, s->cell);
        if (status == FV_OK) paste(s, row, column);
    }
    fv_image_free(&image);
    return status;
}

static fv_status make(const cli_options *o, const fv_dataset *set) {
    sheet s = {0};
    size_t count = fv_dataset_count(set);
    int samples = count < SAMPLES ? (int)count : SAMPLES;
    fv_status status = begin(o, set, samples, &s);
    for (int row = 0; row < samples && status == FV_OK; row++)
        status = show(&s, set, count * (size_t)row / (size_t)samples, row);
    if (status == FV_OK) status = fv_png_write(o->preview, &s.image);
    if (status == FV_OK) cli_say("%d samples, %d variants of each, in %s", samples, VARIANTS, o->preview);
    fv_image_free(&s.image);
    fv_free(s.cell);
    return status;
}

fv_status cli_preview(const cli_options *o) {
    if (!o->preview) return fv_fail(FV_BAD_ARGUMENT, "--augment and --image-size: go with --preview FILE");
    if (!o->augment) return fv_fail(FV_BAD_ARGUMENT, "--preview %s: goes with --augment LIST", o->preview);
    fv_dataset *set = fv_dataset_open(o->arguments[0], FV_TRAIN);
    if (!set) return fv_last_status();
    fv_status status = make(o, set);
    fv_dataset_free(set);
    return status;
}
