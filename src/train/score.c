#include "train/score.h"

#include "metrics/metrics.h"

#include <math.h>

enum { TOP5_CLASSES = 5 };

/* One logit is right when it lies on its label's side of the threshold. */
static bool is_right(const fv_model *model, const float *logits, int outputs, int label) {
    if (outputs > 1) return fv_in_top_k(logits, outputs, label, 1);
    float probability[2];
    fv_probabilities(logits, 1, model->positive, probability);
    return (probability[model->positive] >= model->threshold) == (label == model->positive);
}

/* Counts the hits of n images. */
static void add_hits(fv_score *score, const fv_model *model, const float *logits, const int *labels, int n) {
    int outputs = fv_model_outputs(model);
    for (int i = 0; i < n; i++, logits += outputs) {
        score->top1 += is_right(model, logits, outputs, labels[i]);
        score->top5 += outputs >= TOP5_CLASSES && fv_in_top_k(logits, outputs, labels[i], TOP5_CLASSES);
    }
    score->n += (size_t)n;
}

void fv_score_add(fv_score *score, const fv_model *model, const fv_loss *loss, const float *logits, const int *labels,
                  int n) {
    int outputs = fv_model_outputs(model);
    for (int i = 0; i < n; i++) {
        double weight;
        score->loss +=
            fv_image_loss(loss, logits + (size_t)i * (size_t)outputs, outputs, labels[i], model->positive, &weight);
        score->weight += weight;
    }
    add_hits(score, model, logits, labels, n);
}

void fv_score_add_step(fv_score *score, const fv_model *model, const fv_loss *loss, double mean, const float *logits,
                       const int *labels, int n) {
    double weight = 0;
    for (int i = 0; i < n; i++) weight += loss->class_weights ? loss->class_weights[labels[i]] : 1;
    score->loss += mean * weight;
    score->weight += weight;
    add_hits(score, model, logits, labels, n);
}

fv_evaluation fv_score_result(const fv_score *score, const fv_model *model) {
    double n = (double)score->n;
    fv_evaluation result = {.n = score->n, .top5 = NAN};
    result.loss = score->loss / score->weight;
    result.top1 = (double)score->top1 / n;
    if (fv_model_outputs(model) >= TOP5_CLASSES) result.top5 = (double)score->top5 / n;
    return result;
}

fv_status fv_check_classes(const fv_model *model, const fv_dataset *dataset) {
    int has = fv_dataset_classes(dataset), wants = fv_model_classes(model);
    if (has == wants) return FV_OK;
    return fv_fail(FV_BAD_ARGUMENT, "%s has %d classes and the network %s is made for %d: build it with %d classes",
                   fv_dataset_name(dataset), has, fv_model_network(model), wants, has);
}
