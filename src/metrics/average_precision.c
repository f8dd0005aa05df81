/* The area under precision over recall, as average precision, without interpolation: each distinct score is a threshold,
 *
 *     AP = sum of (R[i] - R[i-1]) P[i]
 *
 * Interval (Boyd, Eng & Page, ECML 2013, 3.2): normal in the logit of AP, of standard error 1 / sqrt(positives AP (1 - AP)). */
#include "metrics/curve.h"
#include "metrics/metrics.h"

#include <math.h>

static fv_measure area(const fv_curve *c) {
    double sum = 0, right = 0, taken = 0, m = (double)c->positives;
    for (const fv_tie *t = c->ties; t < c->ties + c->n; t++) {
        right += (double)t->positives;
        taken += (double)(t->positives + t->negatives);
        sum += (double)t->positives / m * (right / taken);
    }
    fv_measure result = fv_plain_measure(sum);
    double middle = log(sum / (1 - sum)), half = FV_NORMAL_95 / sqrt(m * sum * (1 - sum));
    if (!isfinite(middle)) return result;
    result.low = 1 / (1 + exp(half - middle));
    result.high = 1 / (1 + exp(-half - middle));
    return result;
}

fv_status fv_average_precision(const float *scores, const int *labels, size_t n, int positive, fv_measure *result) {
    return fv_curve_area(scores, labels, n, positive, area, result);
}
