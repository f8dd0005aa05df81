/* Metrics: numbers computed from logits and labels, added up image by image. One metric a file. */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include "fovea/loss.h"

/* Is `label` among the k largest of the K logits? Of equal logits the one with the smaller index counts as larger; a NaN
 * as smaller than all. */
bool fv_in_top_k(const float *logits, int classes, int label, int k);

/* The loss of one image, in double: cross-entropy of K logits, or bce of one. `weight` receives what it counts in a mean
 * (the label's class weight; 1 without). */
double fv_image_loss(const fv_loss *loss, const float *logits, int outputs, int label, int positive, double *weight);

/* Probabilities of all classes from K logits (softmax), or of two classes from one (sigmoid; `positive` gets it). */
void fv_probabilities(const float *logits, int outputs, int positive, float *probabilities);

#endif
