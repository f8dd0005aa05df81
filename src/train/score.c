#include "train/score.h"

#include "metrics/metrics.h"
#include "metrics/tally.h"

#include <math.h>
#include <string.h>

enum { TOP5_CLASSES = 5 };

int fv_predicted_class(const fv_model *model, const float *probabilities) {
    int positive = fv_model_positive(model);
    if (positive < 0) return fv_likeliest(probabilities, fv_model_classes(model));
    return probabilities[positive] >= model->threshold ? positive : 1 - positive;
}

void fv_logits_probabilities(const fv_model *model, const float *logits, float *probabilities) {
    fv_probabilities(logits, fv_model_outputs(model), model->positive, probabilities);
}

fv_tally *fv_tally_for(const fv_model *model) {
    return model ? fv_tally_new(fv_model_classes(model), fv_model_positive(model), model->threshold) : NULL;
}

/* ---- One image ------------------------------------------------------------------------------------------------------------- */

/* Of two classes: what it is taken for, and the positive one's probability. */
static int decide(const fv_model *model, const float *logits, float *probability) {
    float both[2];
    fv_probabilities(logits, fv_model_outputs(model), model->positive, both);
    *probability = both[model->positive];
    return fv_predicted_class(model, both);
}

int fv_logits_class(const fv_model *model, const float *logits) {
    float probability;
    return fv_model_positive(model) < 0 ? fv_likeliest(logits, fv_model_outputs(model))
                                        : decide(model, logits, &probability);
}

static bool is_right(const fv_model *model, const float *logits, int label) {
    float probability;
    if (fv_model_positive(model) >= 0) return decide(model, logits, &probability) == label;
    return fv_in_top_k(logits, fv_model_outputs(model), label, 1);
}

static fv_status tell(const fv_scoring *scoring, const float *logits, int label) {
    const fv_model *model = scoring->model;
    int outputs = fv_model_outputs(model), positive = fv_model_positive(model);
    if (positive < 0) return fv_tally_count(scoring->tally, label, fv_likeliest(logits, outputs), 0, 0);
    float probability, log_odds = outputs == 1 ? logits[0] : logits[positive] - logits[1 - positive];
    int predicted = decide(model, logits, &probability);
    return fv_tally_count(scoring->tally, label, predicted, log_odds, probability);
}

/* ---- Sums ------------------------------------------------------------------------------------------------------------------ */

/* The k likeliest of all classes are all classes: nothing is asked of logits then, of which there may be but one. */
static bool is_among(const fv_model *model, const float *logits, int label, int k) {
    if (k == 1) return is_right(model, logits, label);
    return k >= fv_model_classes(model) || fv_in_top_k(logits, fv_model_outputs(model), label, k);
}

/* Counts the hits of n images. */
static void add_hits(fv_score *score, const fv_scoring *scoring, const float *logits, const int *labels, int n) {
    int outputs = fv_model_outputs(scoring->model), classes = fv_model_classes(scoring->model);
    for (int i = 0; i < n; i++, logits += outputs) {
        if (fv_is_ignored(scoring->loss, labels[i])) continue;
        score->n++;
        score->top1 += is_right(scoring->model, logits, labels[i]);
        score->top5 += classes >= TOP5_CLASSES && is_among(scoring->model, logits, labels[i], TOP5_CLASSES);
        for (int j = 0; j < FV_TOPK; j++)
            if (scoring->k[j]) score->topk[j] += is_among(scoring->model, logits, labels[i], scoring->k[j]);
    }
}

fv_status fv_score_add(fv_score *score, const fv_scoring *scoring, const float *logits, const int *labels, int n) {
    const fv_model *model = scoring->model;
    size_t outputs = (size_t)fv_model_outputs(model);
    for (int i = 0; i < n; i++) {
        const float *row = logits + (size_t)i * outputs;
        double weight;
        if (fv_is_ignored(scoring->loss, labels[i])) continue;
        score->loss += fv_image_loss(scoring->loss, row, (int)outputs, labels[i], model->positive, &weight);
        score->weight += weight;
        if (scoring->tally) FV_TRY(tell(scoring, row, labels[i]));
    }
    add_hits(score, scoring, logits, labels, n);
    return FV_OK;
}

void fv_score_add_step(fv_score *score, const fv_scoring *scoring, double mean, double weight, const float *logits,
                       const int *labels, int n) {
    score->loss += mean * weight;
    score->weight += weight;
    add_hits(score, scoring, logits, labels, n);
}

double fv_score_loss(const fv_score *score) { return score->weight > 0 ? score->loss / score->weight : 0; }

fv_evaluation fv_score_result(const fv_score *score, const fv_scoring *scoring) {
    double n = score->n ? (double)score->n : 1;
    int classes = fv_model_classes(scoring->model);
    fv_evaluation result = {.n = score->n, .loss = fv_score_loss(score), .top1 = (double)score->top1 / n};
    result.top5 = classes >= TOP5_CLASSES ? (double)score->top5 / n : NAN;
    memcpy(result.k, scoring->k, sizeof result.k);
    for (int j = 0; j < FV_TOPK; j++) result.topk[j] = result.k[j] ? (double)score->topk[j] / n : NAN;
    result.auc = result.pr_auc = result.sensitivity = result.specificity = result.macro_f1 = result.macro_recall = NAN;
    return result;
}

fv_status fv_topk_for(const fv_model *model, const int asked[FV_TOPK], int k[FV_TOPK]) {
    int classes = fv_model_classes(model);
    memcpy(k, asked, FV_TOPK * sizeof *k);
    if (!asked[0]) {
        k[0] = 1;
        k[1] = classes >= TOP5_CLASSES ? TOP5_CLASSES : 0;
    }
    for (int j = 0; j < FV_TOPK; j++) {
        if (k[j] < 0 || k[j] > classes)
            return fv_fail(FV_BAD_ARGUMENT, "top-%d: must be from 1 to %d, the number of classes", k[j], classes);
        if (j > 0 && k[j] && (k[j] <= k[j - 1] || !k[j - 1]))
            return fv_fail(FV_BAD_ARGUMENT, "top-%d after top-%d: must rise", k[j], k[j - 1]);
    }
    return FV_OK;
}

fv_status fv_check_classes(const fv_model *model, const fv_dataset *dataset) {
    int has = fv_dataset_classes(dataset), wants = fv_model_classes(model);
    if (has == wants) return FV_OK;
    return fv_fail(FV_BAD_ARGUMENT, "%s has %d classes and the network %s is made for %d: build it with %d classes",
                   fv_dataset_name(dataset), has, fv_model_network(model), wants, has);
}
