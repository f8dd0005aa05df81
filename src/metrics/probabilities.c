/* From logits to probabilities, in double. */
#include "metrics/metrics.h"

#include <math.h>

void fv_probabilities(const float *logits, int outputs, int positive, float *probabilities) {
    if (outputs == 1) {
        double p = 1 / (1 + exp(-(double)logits[0]));
        probabilities[positive] = (float)p;
        probabilities[1 - positive] = (float)(1 - p);
        return;
    }
    double largest = -INFINITY, sum = 0;
    for (int c = 0; c < outputs; c++) largest = fmax(largest, logits[c]);
    for (int c = 0; c < outputs; c++) sum += exp(logits[c] - largest);
    for (int c = 0; c < outputs; c++) probabilities[c] = (float)(exp(logits[c] - largest) / sum);
}
