/* Proportions, with Wilson's interval (Probable Inference, JASA 22, 1927, p. 209): with p = hits / n
 *
 *     (p + z^2/2n  +-  z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n) */
#include "metrics/metrics.h"

#include <math.h>

fv_measure fv_undefined(const char *why) { return (fv_measure){NAN, NAN, NAN, why}; }

fv_measure fv_plain_measure(double value) { return (fv_measure){value, NAN, NAN, NULL}; }

fv_measure fv_ratio(size_t hits, size_t n, const char *none) {
    if (n == 0) return fv_undefined(none);
    double m = (double)n, p = (double)hits / m, z2 = FV_NORMAL_95 * FV_NORMAL_95;
    double middle = (p + z2 / (2 * m)) / (1 + z2 / m);
    double half = FV_NORMAL_95 * sqrt(p * (1 - p) / m + z2 / (4 * m * m)) / (1 + z2 / m);
    return (fv_measure){.value = p, .low = hits == 0 ? 0 : middle - half, .high = hits == n ? 1 : middle + half};
}

fv_measure fv_proportion(size_t hits, size_t n) { return fv_ratio(hits, n, FV_NO_IMAGES); }
