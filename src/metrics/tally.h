/* The insides of a tally, for evaluation. */
#ifndef METRICS_TALLY_H
#define METRICS_TALLY_H

#include "fovea/metrics.h"

/* Without the confusion matrix, which grows with the square of the classes; measures.confusion is NULL then. */
fv_tally *fv_tally_small(int classes, int positive, float threshold);
int fv_tally_classes(const fv_tally *tally);
/* One image. For two classes: a score that grows with the positive's probability and is finer than that near 0 and 1, and the
 * probability. */
fv_status fv_tally_count(fv_tally *tally, int label, int predicted, float score, float probability);

#endif
