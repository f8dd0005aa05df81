/* Shared by the lab's own files. */
#ifndef TESTS_OPS_LAB_PARTS_H
#define TESTS_OPS_LAB_PARTS_H

#include "ops/lab.h"
#include "support/unit.h"

typedef struct lab_leaf {
    lab_fill fill;
    bool gradient; /* lanes beyond the images hold zeros */
} lab_leaf;

static inline bool lab_is_written(const fv_node *node, int input) {
    return input < 32 && node->op->written_in >> input & 1;
}

#endif
