#include "metrics/curve.h"

#include "core/memory.h"
#include "metrics/metrics.h"

#include <stdlib.h>

static int by_score_descending(const void *a, const void *b) {
    float x = ((const fv_tie *)a)->score, y = ((const fv_tie *)b)->score;
    return (x < y) - (x > y);
}

/* Ties of one image each become those of all that have the score. */
static void merge(fv_curve *c) {
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++) {
        fv_tie next = c->ties[i];
        if (kept > 0 && c->ties[kept - 1].score == next.score) {
            c->ties[kept - 1].positives += next.positives;
            c->ties[kept - 1].negatives += next.negatives;
        } else
            c->ties[kept++] = next;
    }
    c->n = kept;
}

fv_status fv_curve_make(const float *scores, const int *labels, size_t n, int positive, fv_curve *curve) {
    *curve = (fv_curve){.ties = FV_NEW_N(fv_tie, n), .n = n};
    if (!curve->ties) return FV_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        bool is_positive = labels[i] == positive;
        if (scores[i] != scores[i]) curve->undefined = "a score is NaN";
        curve->ties[i] = (fv_tie){scores[i], is_positive, !is_positive};
        curve->positives += is_positive;
    }
    curve->negatives = n - curve->positives;
    if (curve->undefined) return FV_OK;
    if (n == 0 || !curve->positives || !curve->negatives)
        curve->undefined = n == 0 ? FV_NO_IMAGES : curve->positives ? FV_NO_NEGATIVES : FV_NO_POSITIVES;
    qsort(curve->ties, n, sizeof *curve->ties, by_score_descending);
    merge(curve);
    return FV_OK;
}

void fv_curve_free(fv_curve *curve) {
    fv_free(curve->ties);
    curve->ties = NULL;
}

fv_status fv_curve_area(const float *scores, const int *labels, size_t n, int positive,
                        fv_measure area(const fv_curve *curve), fv_measure *result) {
    fv_curve curve;
    FV_TRY(fv_curve_make(scores, labels, n, positive, &curve));
    *result = curve.undefined ? fv_undefined(curve.undefined) : area(&curve);
    fv_curve_free(&curve);
    return FV_OK;
}
