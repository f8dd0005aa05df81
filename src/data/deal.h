/* Who validates: images dealt out by class, or, where the set has groups, group by group. */
#ifndef DATA_DEAL_H
#define DATA_DEAL_H

#include "data/dataset.h"

/* A share of the images, or one of so many folds. */
typedef struct fv_deal {
    float fraction;  /* above 0 and below 1; not for folds */
    int fold, folds; /* fold from 0; folds 0: a fraction */
    uint64_t seed;
} fv_deal;

/* chosen [count], all false: true for each image that validates. The same for the same seed. */
fv_status fv_deal_images(const fv_dataset *dataset, const fv_deal *deal, bool *chosen);

#endif
