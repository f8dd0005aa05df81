/* Shared by the lab's own files. */
#ifndef TESTS_OPS_LAB_PARTS_H
#define TESTS_OPS_LAB_PARTS_H

#include "ops/lab.h"
#include "support/unit.h"

typedef struct lab_leaf {
    lab_fill fill;
    bool gradient; /* lanes beyond the images hold zeros */
} lab_leaf;

/* ---- lab_winograd.c: FV_WINOGRAD. */

/* A description of such a weight, in the stencil's arena; NULL: it is none of theirs. */
fv_winograd *lab_tiles(lab *l, const fv_shape *weight);
size_t lab_tiles_bytes(const fv_winograd *k);
void lab_transform(const fv_winograd *k, const float *w, float *u);
/* The largest difference of U from what it should be for plain weights w. */
double lab_transform_error(const fv_winograd *k, const double *w, const float *u);

static inline bool lab_is_written(const fv_node *node, int input) {
    return input < 32 && node->op->written_in >> input & 1;
}

#endif
