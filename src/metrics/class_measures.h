/* Precision, recall and F1 of each class, and their averages, from counts. */
#ifndef METRICS_CLASS_MEASURES_H
#define METRICS_CLASS_MEASURES_H

#include "fovea/metrics.h"

typedef struct fv_class_counts {
    size_t support, predicted, right; /* images of the class, taken for it, both */
} fv_class_counts;

void fv_measure_classes(const fv_class_counts *counts, int classes, fv_class_measures *measures);
void fv_average_classes(const fv_class_measures *measures, int classes, fv_averages *macro, fv_averages *weighted);

#endif
