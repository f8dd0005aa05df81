/* The measures of an evaluation by name: for the log, and to say which epoch was the best. */
#ifndef TRAIN_CRITERION_H
#define TRAIN_CRITERION_H

#include "train/run.h"

typedef struct fv_criterion {
    const char *name;
    size_t offset;                   /* of the double in fv_evaluation */
    int least_classes, most_classes; /* where it is defined */
    bool smaller;                    /* the smaller the better */
} fv_criterion;

/* Their table, in the order of a log's line; NULL past its end. */
const fv_criterion *fv_criterion_at(int index);
/* NULL: "top1". Refuses a name that is none, and a measure that such a model does not have. */
fv_status fv_criterion_find(const char *name, const fv_model *model, const fv_criterion **found);
double fv_criterion_value(const fv_criterion *criterion, const fv_evaluation *evaluation);

/* Compares an epoch's validation with those before: moves *progress on, and says in the report what it found. Where early
 * stopping counts, an epoch must be better by more than min_delta. */
fv_status fv_compare_epoch(fv_progress *progress, const fv_criterion *criterion, const fv_evaluation *evaluation,
                           double min_delta, fv_epoch_report *report);

#endif
