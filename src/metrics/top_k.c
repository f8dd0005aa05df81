/* Top-k: the fraction of images whose label is among the k largest scores. */
#include "metrics/metrics.h"

bool fv_in_top_k(const float *logits, int classes, int label, int k) {
    float own = logits[label];
    int ahead = 0;
    if (own != own) return false;
    for (int c = 0; c < classes && ahead < k; c++) ahead += logits[c] > own || (logits[c] == own && c < label);
    return ahead < k;
}

int fv_likeliest(const float *scores, int classes) {
    int best = 0;
    for (int c = 1; c < classes; c++)
        if (scores[c] > scores[best] || scores[best] != scores[best]) best = c;
    return best;
}

fv_status fv_check_labels(const int *labels, size_t n, int classes) {
    for (size_t i = 0; i < n; i++)
        if (labels[i] < 0 || labels[i] >= classes)
            return fv_fail(FV_BAD_ARGUMENT, "label %d of image %zu: must be from 0 to %d", labels[i], i, classes - 1);
    return FV_OK;
}

fv_status fv_top_k(const float *scores, const int *labels, size_t n, int classes, int k, fv_measure *share) {
    if (k < 1 || k > classes)
        return fv_fail(FV_BAD_ARGUMENT, "top-%d of %d classes: must be from 1 to %d", k, classes, classes);
    FV_TRY(fv_check_labels(labels, n, classes));
    size_t hits = 0;
    for (size_t i = 0; i < n; i++) hits += fv_in_top_k(scores + i * (size_t)classes, classes, labels[i], k);
    *share = fv_proportion(hits, n);
    return FV_OK;
}
