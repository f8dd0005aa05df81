/* Metrics: numbers computed from scores and labels. One metric a file. */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include "core/status.h"
#include "fovea/loss.h"
#include "fovea/metrics.h"

/* Two-sided 95 % of the normal distribution. */
#define FV_NORMAL_95 1.959963984540054

/* Why a measure is undefined. */
#define FV_NO_IMAGES    "no images"
#define FV_NO_POSITIVES "no positive images"
#define FV_NO_NEGATIVES "no negative images"

fv_measure fv_undefined(const char *why);
fv_measure fv_plain_measure(double value); /* without an interval */
/* fv_proportion; `none` is why there is none of nothing. */
fv_measure fv_ratio(size_t hits, size_t n, const char *none);

/* FV_BAD_ARGUMENT naming the first that is no class. */
fv_status fv_check_labels(const int *labels, size_t n, int classes);

/* Is `label` among the k largest of the K logits? Of equal logits the one with the smaller index counts as larger; a NaN
 * as smaller than all. */
bool fv_in_top_k(const float *logits, int classes, int label, int k);

/* Is an image with this label left out? */
static inline bool fv_is_ignored(const fv_loss *loss, int label) { return loss->ignore && label == loss->ignore_index; }

/* The loss of one image, in double, by a loss with its defaults filled in (fv_loss_resolved). `weight` receives what it counts
 * in a mean (the label's class weight; 1 without). */
double fv_image_loss(const fv_loss *loss, const float *logits, int outputs, int label, int positive, double *weight);

/* Probabilities of all classes from K logits (softmax), or of two classes from one (sigmoid; `positive` gets it). */
void fv_probabilities(const float *logits, int outputs, int positive, float *probabilities);

/* The class that scores [classes] stand for: the largest's, the first of equals. */
int fv_likeliest(const float *scores, int classes);

#endif
