/* fovea/report.h: a run as a page to look at.
 *
 *     fv_dataset *test = fv_mnist("data/mnist", .split = FV_TEST);
 *     if (fv_report("output", "output/report.html", .data = test)) fprintf(stderr, "%s\n", fv_error());
 *
 * One HTML file that needs nothing else: no network, no script, no other file. Whatever names the run, its classes and its
 * files have, they are words in it and never markup. */
#ifndef FOVEA_REPORT_H
#define FOVEA_REPORT_H

#include "fovea/train.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { FV_REPORT_PIXELS = 64 }; /* images of the training set whose pixels are in its fingerprint */

typedef struct fv_report_args {
    /* What the run's model (best.safetensors, else last.safetensors) is measured on: measures, ROC, confusion, and the images of
     * its worst mistakes and surest hits. Takes the model's classes (fv_dataset_set_classes) unless it has them. Default
     * NULL: the page is made from metrics.jsonl and the settings alone, ... */
    fv_dataset *data;
    const char *data_name; /* what the page calls it; default fv_dataset_name */
    const char *without;   /* ... and says this, the reason; default: that no data were given */
    const fv_dataset
        *train; /* what was trained on, of which the page tells size and fingerprint; default NULL: unknown */
    const char *train_name;
    /* fv_dataset_fingerprint(train, FV_REPORT_PIXELS, ...): for who writes many pages. Default 0: found anew for each */
    uint64_t train_fingerprint;
    int refresh; /* the run is going on: the page loads itself anew after so many seconds, says how far the run is, and has no
                    measures yet, of `data` only the size; default 0: the run has ended */
    int epochs;                       /* of the run in all; default: what its settings say */
    double seconds_left;              /* of a run that is going on; default 0: unknown */
    int batch_size, workers, threads; /* of measuring, as in fv_evaluate_args */
    float max_bad;
    int zero_;
} fv_report_args;

/* Writes the page of the run in the folder `run` to `file`, atomically. A run that has not come to an epoch, lines of
 * metrics.jsonl that are damaged, and a model that cannot be read are told in the page; FV_BAD_DATA where the folder holds no
 * run at all. */
FV_API fv_status fv_report_with(const char *run, const char *file, const fv_report_args *args);
#define fv_report(run, ...) \
    fv_report_with(run, FV_HEAD1(__VA_ARGS__, 0), &(fv_report_args){FV_TAIL1(__VA_ARGS__, .zero_ = 0)})

#ifdef __cplusplus
}
#endif

#endif
