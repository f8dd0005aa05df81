/* Augmentation: what training does to its pictures, from a text that flags, recipes and C share:
 *
 *     crop:4 flip rotate:15 brightness:0.2 resized_crop:0.08-1,3/4-4/3
 *
 * transforms in the order in which they happen, each with its parameters or their defaults; a parameter is a number, or a span
 * of two from which every sample draws its own. augments.def is the list. Geometry comes before color, whatever the order. */
#ifndef AUGMENT_AUGMENT_H
#define AUGMENT_AUGMENT_H

#include "augment/transform.h"
#include "image/prepare.h"

enum { FV_AUGMENT_STEPS = FV_COLOR_STEPS };

typedef struct fv_augment {
    int n;
    struct {
        const fv_transform *transform;
        fv_span value[FV_PARAMETERS];
    } step[FV_AUGMENT_STEPS];
} fv_augment;

/* NULL and blank text mean no augmentation. */
fv_status fv_augment_parse(const char *text, fv_augment *augment);

/* The transforms by number; NULL past the last. */
const fv_transform *fv_transform_at(int index);

/* The most that a picture may be enlarged beyond evaluation's size, at least 1: for decoding to less than all pixels. */
double fv_augment_zoom(const fv_augment *augment);

/* What becomes of sample `index` in an epoch: a function of (seed, epoch, index), of the sizes and the text alone. */
fv_distortion fv_augment_draw(const fv_augment *augment, uint64_t seed, uint64_t epoch, size_t index,
                              const fv_frame *frame);

#endif
