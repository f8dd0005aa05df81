/* ROC AUC, and the variance of DeLong, DeLong & Clarke-Pearson (Biometrics 44, 1988). A positive image's placement is the
 * share of negatives that score below it, ties counting half; a negative's, of positives above it:
 *
 *     AUC = mean of either,   var AUC = var(positives' placements) / positives + var(negatives') / negatives
 *
 * The images of one score have one placement, so that a pass over the sorted scores gives all (Sun & Xu 2014). */
#include "metrics/curve.h"
#include "metrics/metrics.h"

#include <math.h>

/* Sums over the images of sign: their placements' distance from `mean`, to the power. */
typedef struct spread {
    double sum[2], squares[2]; /* positives, negatives */
} spread;

static spread placements(const fv_curve *c, double mean) {
    spread s = {{0}, {0}};
    size_t above = 0, below = c->negatives;
    for (const fv_tie *t = c->ties; t < c->ties + c->n; t++) {
        below -= t->negatives;
        double positive = ((double)below + (double)t->negatives / 2) / (double)c->negatives - mean;
        double negative = ((double)above + (double)t->positives / 2) / (double)c->positives - mean;
        s.sum[0] += (double)t->positives * positive;
        s.squares[0] += (double)t->positives * positive * positive;
        s.sum[1] += (double)t->negatives * negative;
        s.squares[1] += (double)t->negatives * negative * negative;
        above += t->positives;
    }
    return s;
}

static fv_measure area(const fv_curve *c) {
    double m = (double)c->positives, n = (double)c->negatives, auc = placements(c, 0).sum[0] / m;
    fv_measure result = fv_plain_measure(auc);
    if (c->positives < 2 || c->negatives < 2) return result;
    spread s = placements(c, auc);
    double half = FV_NORMAL_95 * sqrt(s.squares[0] / (m - 1) / m + s.squares[1] / (n - 1) / n);
    result.low = fmax(auc - half, 0);
    result.high = fmin(auc + half, 1);
    return result;
}

fv_status fv_roc_auc(const float *scores, const int *labels, size_t n, int positive, fv_measure *auc) {
    return fv_curve_area(scores, labels, n, positive, area, auc);
}
