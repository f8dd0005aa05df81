/* fovea/metrics.h: what a classifier's answers are worth. Works on arrays, whoever made the scores:
 *
 *     fv_measure auc;
 *     if (fv_roc_auc(scores, labels, n, 1, &auc) == FV_OK && !auc.undefined)
 *         printf("%.3f, from %.3f to %.3f\n", auc.value, auc.low, auc.high);
 *
 * Scores are floats, labels class indices from 0. All intervals are of 95 %. */
#ifndef FOVEA_METRICS_H
#define FOVEA_METRICS_H

#include "fovea/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A number, or why there is none. */
typedef struct fv_measure {
    double value;          /* NAN where undefined */
    double low, high;      /* its interval; NAN: it has none */
    const char *undefined; /* why, in a few words ("no positive images"), static; NULL: it is defined */
} fv_measure;

/* ---- Numbers of counts ---------------------------------------------------------------------------------------------- */

/* hits / n, with Wilson's interval (1927). Undefined for n = 0. */
FV_API fv_measure fv_proportion(size_t hits, size_t n);

/* The share of images whose label is among the k largest of its scores [n, classes]; of equal scores the one with the
 * smaller index counts as larger, a NaN as smaller than all. 1 <= k <= classes. */
FV_API fv_status fv_top_k(const float *scores, const int *labels, size_t n, int classes, int k, fv_measure *share);

/* ---- Two classes: how one score ranks them --------------------------------------------------------------------------- */

/* scores [n]: the larger, the surer that the label is `positive`; any other label is negative. Undefined (FV_OK) where a
 * class has no image, or a score is NaN. FV_NO_MEMORY is the only failure. */

/* Area under the receiver operating characteristic: the probability that a positive image ranks above a negative one, ties
 * counting half. Interval: DeLong, DeLong & Clarke-Pearson (1988), cut off at 0 and 1; none with a single image of a class. */
FV_API fv_status fv_roc_auc(const float *scores, const int *labels, size_t n, int positive, fv_measure *auc);

/* Area under precision over recall, as average precision: the sum over thresholds of (R[i] - R[i-1]) P[i]. Interval: the logit
 * one of Boyd, Eng & Page (2013); none at 0 and 1. */
FV_API fv_status fv_average_precision(const float *scores, const int *labels, size_t n, int positive, fv_measure *area);

/* What a threshold is to reach: at least so much of the one, and as much of the other as that leaves; or Youden's index
 * (sensitivity + specificity - 1) as large as it gets, of equals the one with the larger sensitivity. */
typedef enum fv_goal_kind { FV_YOUDEN = 0, FV_SENSITIVITY, FV_SPECIFICITY } fv_goal_kind;
typedef struct fv_goal {
    fv_goal_kind kind;
    double least; /* above 0, at most 1; not for FV_YOUDEN */
} fv_goal;

/* An image is taken for positive where its score is at least `threshold`. */
typedef struct fv_operating_point {
    float
        threshold; /* half way between the lowest score taken for positive and the next below; that score if it is the lowest */
    fv_measure sensitivity, specificity;
} fv_operating_point;

/* Chooses among the thresholds that tell these images apart, and take at least one for positive. FV_BAD_ARGUMENT for a goal
 * out of its range; FV_BAD_DATA where a class has no image, a score is NaN, or no threshold reaches the goal. */
FV_API fv_status fv_choose_threshold(const float *scores, const int *labels, size_t n, int positive, fv_goal goal,
                                     fv_operating_point *point);

/* ---- Everything at once, image by image ------------------------------------------------------------------------------- */

/* precision = right / predicted, recall = right / support, F1 = 2 right / (predicted + support). */
typedef struct fv_class_measures {
    size_t support, predicted; /* images that are of the class; that are taken for it */
    fv_measure precision, recall, f1;
} fv_class_measures;

typedef struct fv_averages {
    fv_measure precision, recall, f1; /* without intervals */
} fv_averages;

typedef struct fv_measures {
    size_t n;
    int classes, positive;             /* positive -1: not a question of two classes */
    fv_measure accuracy;               /* Wilson's interval, as all but those of the areas */
    const fv_class_measures *of_class; /* [classes] */
    /* [classes, classes]: a row a true class, a column what its images are taken for; NULL: more than 4096 classes */
    const size_t *confusion;
    /* Over the classes that occur, as label or as prediction; what is undefined counts as 0 (scikit-learn's rule).
     * `weighted` weighs by support. */
    fv_averages macro, weighted;
    fv_measure roc_auc, average_precision, sensitivity, specificity; /* undefined where positive is -1 */
} fv_measures;

/* Adds up what fv_measures says: 12 bytes an image for two classes, and 8 for each pair of classes. */
typedef struct fv_tally fv_tally;

/* positive: of two classes, the one that `threshold` (default 0.5) and the areas are about; -1 otherwise. */
FV_API fv_tally *fv_tally_new(int classes, int positive, float threshold);
FV_API void fv_tally_free(fv_tally *tally); /* NULL is fine */

/* Adds n images with probabilities [n, classes], such as fv_predict's. An image is taken for its likeliest class, the first of
 * equals; of two classes for the positive one from the threshold on. Adds nothing on failure. */
FV_API fv_status fv_tally_add(fv_tally *tally, const float *probabilities, const int *labels, size_t n);

/* What the images so far come to. The arrays are the tally's: valid until it changes, is measured again or freed. */
FV_API fv_status fv_tally_measures(fv_tally *tally, fv_measures *measures);

/* fv_choose_threshold on the positive class's probabilities. */
FV_API fv_status fv_tally_threshold(const fv_tally *tally, fv_goal goal, fv_operating_point *point);

#ifdef __cplusplus
}
#endif

#endif
