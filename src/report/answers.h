/* What a model answers to a set: its measures, the scores that ROC is drawn from, and the images to look at. */
#ifndef REPORT_ANSWERS_H
#define REPORT_ANSWERS_H

#include "fovea/report.h"

enum { FV_SHOWN = 12, FV_MOST_CURVES = 20 };

/* An image to look at. */
typedef struct fv_shown {
    size_t index;
    int label, predicted;
    float probability, truth; /* of the answer, and of what it is */
    double sureness;          /* the answer's log-odds: still different where probabilities have become 1 */
} fv_shown;

typedef struct fv_showing {
    int n;
    fv_shown at[FV_SHOWN]; /* the surest first */
} fv_showing;

typedef struct fv_answers {
    fv_evaluation evaluation;
    fv_measures measures;
    fv_tally *tally; /* that measures belongs to */
    fv_showing mistakes, hits;
    /* A curve for each class against the rest: of two classes that of the positive one alone, of more than FV_MOST_CURVES none. */
    int curves;
    size_t n, room;
    float *scores;        /* [curves, room] the class's log-odds, of n images */
    int *labels;          /* [n] */
    float *probabilities; /* [classes] of the image at hand */
    const fv_model *model;
} fv_answers;

/* Measures the model on args->data. To be freed also on failure. */
fv_status fv_answers_make(fv_model *model, const fv_report_args *args, fv_answers *answers);
void fv_answers_free(fv_answers *answers);

/* The class that curve i is about. */
static inline int fv_curve_class(const fv_answers *a, int i) { return a->curves == 1 ? a->measures.positive : i; }

#endif
