/* The loss of single images, for true means over a whole set. Formulas as in ops/cross_entropy.c, ops/bce_with_logits.c. */
#include "metrics/metrics.h"

#include <math.h>

/* log(1 + exp(x)) without overflow. */
static double softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }

static double cross_entropy(const fv_loss *loss, const float *logits, int classes, int label, double *weight) {
    const float *w = loss->class_weights;
    double largest = -INFINITY, sum = 0, total = 0, smoothing = loss->label_smoothing;
    for (int c = 0; c < classes; c++) largest = fmax(largest, logits[c]);
    for (int c = 0; c < classes; c++) sum += exp(logits[c] - largest);
    for (int c = 0; c < classes; c++) {
        double target = (1 - smoothing) * (c == label) + smoothing / classes;
        if (target > 0) total += (w ? w[c] : 1) * target * (largest + log(sum) - logits[c]);
    }
    *weight = w ? w[label] : 1;
    return total;
}

double fv_image_loss(const fv_loss *loss, const float *logits, int outputs, int label, int positive, double *weight) {
    double factor = loss->weight != 0 ? loss->weight : 1;
    if (loss->kind == FV_CROSS_ENTROPY || (loss->kind == FV_LOSS_DEFAULT && outputs > 1))
        return factor * cross_entropy(loss, logits, outputs, label, weight);
    *weight = 1;
    double pos_weight = loss->pos_weight != 0 ? loss->pos_weight : 1, total = 0;
    for (int c = 0; c < outputs; c++) {
        bool target = outputs == 1 ? label == positive : label == c;
        total += target ? pos_weight * softplus(-(double)logits[c]) : softplus(logits[c]);
    }
    return factor * total / outputs;
}
