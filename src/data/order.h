/* The order in which an epoch hands out a dataset's images: a function of (seed, epoch) alone. */
#ifndef DATA_ORDER_H
#define DATA_ORDER_H

#include "data/dataset.h"

typedef struct fv_order {
    uint32_t *at; /* [count]: the image of each position */
    size_t count;
    /* Of a balanced order, by class: its images are members[first[c] .. first[c + 1] - 1]. */
    uint32_t *members, *pool; /* [count]; pool is where they are drawn from */
    size_t *first;            /* [classes + 1]; NULL: not balanced */
    int classes;
} fv_order;

/* `balanced` reads all labels. On failure, too, fv_order_free. */
fv_status fv_order_init(fv_order *order, const fv_dataset *dataset, bool balanced);
void fv_order_free(fv_order *order);

/* Fills `at` for an epoch. Not shuffled: the dataset's order. Balanced: classes that have images come equally often, but for one
 * more of some where they do not divide the count; no image of a class comes again before all of it have come. */
void fv_order_make(fv_order *order, bool shuffle, uint64_t seed, uint64_t epoch);

#endif
