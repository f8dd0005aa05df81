/* A line of metrics.jsonl: what an epoch came to. */
#ifndef TRAIN_METRICS_LINE_H
#define TRAIN_METRICS_LINE_H

#include "fovea/train.h"

/* A JSON object; `validation` counts where the report says that it was done. NULL for want of memory; fv_free it. */
char *fv_metrics_line(const fv_epoch_report *report, const fv_evaluation *validation);

#endif
