/* The operating point: a threshold that reaches a sensitivity, a specificity, or Youden's index (Cancer 3, 1950). */
#include "metrics/curve.h"
#include "metrics/metrics.h"

/* Where the threshold lies between scores, and what it takes for positive: `right` positives, `wrong` negatives. */
typedef struct cut {
    const fv_tie *last; /* the lowest score taken; NULL: none yet */
    size_t right, wrong;
} cut;

static double sensitivity(const fv_curve *c, const cut *at) { return (double)at->right / (double)c->positives; }
static double specificity(const fv_curve *c, const cut *at) {
    return (double)(c->negatives - at->wrong) / (double)c->negatives;
}

/* Is `next`, which takes more than all before it, better? */
static bool is_better(const fv_curve *c, fv_goal goal, const cut *best, const cut *next) {
    switch (goal.kind) {
    case FV_SENSITIVITY: /* the first that reaches it */
        return !best->last && sensitivity(c, next) >= goal.least;
    case FV_SPECIFICITY: /* the last */
        return specificity(c, next) >= goal.least;
    case FV_YOUDEN: { /* right / positives - wrong / negatives, in whole numbers over one denominator */
        double p = (double)c->positives, n = (double)c->negatives;
        return !best->last ||
               (double)next->right * n - (double)next->wrong * p >= (double)best->right * n - (double)best->wrong * p;
    }
    }
    return false;
}

static cut find(const fv_curve *c, fv_goal goal) {
    cut best = {0}, next = {0};
    for (const fv_tie *t = c->ties; t < c->ties + c->n; t++) {
        next = (cut){t, next.right + t->positives, next.wrong + t->negatives};
        if (is_better(c, goal, &best, &next)) best = next;
    }
    return best;
}

/* Half way to the next score below, unless rounding gets there. */
static float between(const fv_curve *c, const fv_tie *last) {
    if (last + 1 == c->ties + c->n) return last->score;
    float middle = last[1].score / 2 + last->score / 2;
    return middle > last[1].score && middle < last->score ? middle : last->score;
}

static fv_status choose(const fv_curve *c, fv_goal goal, fv_operating_point *point) {
    if (c->undefined) return fv_fail(FV_BAD_DATA, "no threshold can be chosen: %s", c->undefined);
    cut at = find(c, goal);
    if (!at.last)
        return fv_fail(FV_BAD_DATA, "no threshold reaches a specificity of %g: negatives have the highest score",
                       goal.least);
    point->threshold = between(c, at.last);
    point->sensitivity = fv_proportion(at.right, c->positives);
    point->specificity = fv_proportion(c->negatives - at.wrong, c->negatives);
    return FV_OK;
}

fv_status fv_choose_threshold(const float *scores, const int *labels, size_t n, int positive, fv_goal goal,
                              fv_operating_point *point) {
    fv_curve curve;
    if (goal.kind != FV_YOUDEN && !(goal.least > 0 && goal.least <= 1))
        return fv_fail(FV_BAD_ARGUMENT, "the goal %g: must be above 0 and at most 1", goal.least);
    FV_TRY(fv_curve_make(scores, labels, n, positive, &curve));
    fv_status status = choose(&curve, goal, point);
    fv_curve_free(&curve);
    return status;
}
