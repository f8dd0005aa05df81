/* The loss of single images, for true means over a whole set. Formulas as in ops/cross_entropy.c, ops/bce_with_logits.c. */
#include "metrics/metrics.h"

#include <math.h>

/* log(1 + exp(x)) without overflow. */
static double softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }

/* The term of a probability whose -log is l: (1 - p)^gamma l. */
static double term(const fv_loss *loss, double l) { return pow(-expm1(-l), loss->gamma) * l; }

static double cross_entropy(const fv_loss *loss, const float *logits, int classes, int label, double *weight) {
    const float *w = loss->class_weights;
    double largest = -INFINITY, sum = 0, total = 0, smoothing = loss->label_smoothing;
    for (int c = 0; c < classes; c++) largest = fmax(largest, logits[c]);
    for (int c = 0; c < classes; c++) sum += exp(logits[c] - largest);
    for (int c = 0; c < classes; c++) {
        double target = (1 - smoothing) * (c == label) + smoothing / classes;
        if (target > 0) total += (w ? w[c] : 1) * target * term(loss, largest + log(sum) - logits[c]);
    }
    *weight = w ? w[label] : 1;
    return total;
}

/* One logit; w [2]: the weights of a negative and of a positive label. */
static double bce(const fv_loss *loss, double logit, bool label, const double w[2]) {
    double yes = (1 - loss->label_smoothing) * label + loss->label_smoothing / 2;
    double up = w[1] * loss->pos_weight * (loss->alpha > 0 ? loss->alpha : 1);
    double down = w[0] * (loss->alpha > 0 ? 1 - loss->alpha : 1);
    return up * yes * term(loss, softplus(-logit)) + down * (1 - yes) * term(loss, softplus(logit));
}

double fv_image_loss(const fv_loss *loss, const float *logits, int outputs, int label, int positive, double *weight) {
    if (loss->kind == FV_CROSS_ENTROPY) return loss->weight * cross_entropy(loss, logits, outputs, label, weight);
    const float *given = loss->class_weights;
    const double w[2] = {given ? given[1 - positive] : 1, given ? given[positive] : 1};
    double total = 0;
    for (int c = 0; c < outputs; c++)
        total += bce(loss, (double)logits[c], outputs == 1 ? label == positive : label == c, w);
    *weight = outputs == 1 ? w[label == positive] : 1;
    return loss->weight * total / outputs;
}
