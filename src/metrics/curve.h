/* What ROC and precision over recall both depend on: the distinct scores, the highest first, and how many positives and
 * negatives have each. */
#ifndef METRICS_CURVE_H
#define METRICS_CURVE_H

#include "fovea/metrics.h"

typedef struct fv_tie {
    float score;
    size_t positives, negatives;
} fv_tie;

typedef struct fv_curve {
    fv_tie *ties; /* [n]; owned */
    size_t n, positives, negatives;
    const char *undefined; /* why nothing can be said of these scores; NULL: both classes are there */
} fv_curve;

/* As fv_roc_auc's arguments. */
fv_status fv_curve_make(const float *scores, const int *labels, size_t n, int positive, fv_curve *curve);
void fv_curve_free(fv_curve *curve);

/* *result = area(curve), or why there is none. */
fv_status fv_curve_area(const float *scores, const int *labels, size_t n, int positive,
                        fv_measure area(const fv_curve *curve), fv_measure *result);

#endif
