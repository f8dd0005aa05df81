/* Top-k: the fraction of images whose label is among the k largest logits. */
#include "metrics/metrics.h"

bool fv_in_top_k(const float *logits, int classes, int label, int k) {
    float own = logits[label];
    int ahead = 0;
    if (own != own) return false;
    for (int c = 0; c < classes && ahead < k; c++) ahead += logits[c] > own || (logits[c] == own && c < label);
    return ahead < k;
}
