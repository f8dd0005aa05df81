/* What is told of an epoch, by name: for metrics.jsonl and the logs. */
#ifndef TRAIN_METRICS_LINE_H
#define TRAIN_METRICS_LINE_H

#include "fovea/train.h"

enum { FV_METRICS = 32 }; /* more than there are */

typedef struct fv_metric {
    char name[24];      /* "loss", "val_loss" */
    const char *format; /* for printf, of the value */
    double value;
} fv_metric;

/* Those of an epoch, in the order of a line; what is undefined is left out. Returns how many. */
int fv_metrics_of(const fv_epoch_report *report, fv_metric metrics[FV_METRICS]);

/* A line of metrics.jsonl: a JSON object of all of them. NULL for want of memory; fv_free it. */
char *fv_metrics_line(const fv_epoch_report *report);

#endif
