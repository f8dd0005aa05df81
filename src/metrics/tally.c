/* Images counted one after the other, and what they come to. */
#include "metrics/tally.h"

#include "core/memory.h"
#include "metrics/class_measures.h"
#include "metrics/metrics.h"

enum { MOST_MATRIX = 4096 }; /* classes: 128 MiB */

struct fv_tally {
    int classes, positive;
    float threshold;
    size_t n;
    fv_class_counts *counts;     /* [classes] */
    size_t *confusion;           /* [classes, classes]; NULL: not asked for, or too large */
    fv_class_measures *of_class; /* [classes] */
    /* Of each image, where positive is a class. */
    float *scores, *probabilities;
    int *labels;
    size_t room;
};

/* ---- Life ------------------------------------------------------------------------------------------------------------ */

static fv_status check(int classes, int positive, float threshold) {
    if (classes < 1) return fv_fail(FV_BAD_ARGUMENT, "a tally of %d classes: must be at least 1", classes);
    if (positive != -1 && (classes != 2 || positive < 0 || positive > 1))
        return fv_fail(FV_BAD_ARGUMENT, "positive class %d of %d: must be 0 or 1 of two, else -1", positive, classes);
    if (!(threshold >= 0 && threshold < 1))
        return fv_fail(FV_BAD_ARGUMENT, "threshold %g: must be above 0 and below 1", (double)threshold);
    return FV_OK;
}

fv_tally *fv_tally_small(int classes, int positive, float threshold) {
    if (check(classes, positive, threshold) != FV_OK) return NULL;
    fv_tally *t = FV_NEW(fv_tally);
    if (!t) return NULL;
    *t = (fv_tally){.classes = classes, .positive = positive, .threshold = threshold > 0 ? threshold : 0.5f};
    t->counts = FV_NEW_N(fv_class_counts, (size_t)classes);
    t->of_class = t->counts ? FV_NEW_N(fv_class_measures, (size_t)classes) : NULL;
    if (t->of_class) return t;
    fv_tally_free(t);
    return NULL;
}

fv_tally *fv_tally_new(int classes, int positive, float threshold) {
    fv_tally *t = fv_tally_small(classes, positive, threshold);
    if (!t || classes > MOST_MATRIX ||
        (t->confusion = fv_alloc((size_t)classes, (size_t)classes * sizeof *t->confusion)))
        return t;
    fv_tally_free(t);
    return NULL;
}

void fv_tally_free(fv_tally *t) {
    if (!t) return;
    fv_free(t->counts);
    fv_free(t->confusion);
    fv_free(t->of_class);
    fv_free(t->scores);
    fv_free(t->probabilities);
    fv_free(t->labels);
    fv_free(t);
}

int fv_tally_classes(const fv_tally *tally) { return tally->classes; }

/* ---- Adding ----------------------------------------------------------------------------------------------------------- */

/* Room for so many more images. */
static fv_status reserve(fv_tally *t, size_t more) {
    size_t room = t->room ? t->room : 256, wanted;
    if (t->positive < 0) return FV_OK;
    if (!fv_size_add(t->n, more, &wanted)) wanted = SIZE_MAX;
    while (room < wanted)
        if (!fv_size_mul(room, 2, &room)) return fv_fail(FV_NO_MEMORY, "a tally of too many images");
    if (room == t->room) return FV_OK;
    float *scores = fv_realloc(t->scores, room, sizeof *scores);
    if (scores) t->scores = scores;
    float *probabilities = scores ? fv_realloc(t->probabilities, room, sizeof *probabilities) : NULL;
    if (probabilities) t->probabilities = probabilities;
    int *labels = probabilities ? fv_realloc(t->labels, room, sizeof *labels) : NULL;
    if (!labels) return FV_NO_MEMORY;
    t->labels = labels;
    t->room = room;
    return FV_OK;
}

fv_status fv_tally_count(fv_tally *t, int label, int predicted, float score, float probability) {
    FV_TRY(reserve(t, 1));
    if (t->positive >= 0) {
        t->scores[t->n] = score;
        t->probabilities[t->n] = probability;
        t->labels[t->n] = label;
    }
    t->n++;
    t->counts[label].support++;
    t->counts[predicted].predicted++;
    t->counts[label].right += label == predicted;
    if (t->confusion) t->confusion[(size_t)label * (size_t)t->classes + (size_t)predicted]++;
    return FV_OK;
}

static fv_status add_one(fv_tally *t, const float *row, int label) {
    if (t->positive < 0) return fv_tally_count(t, label, fv_likeliest(row, t->classes), 0, 0);
    float p = row[t->positive];
    return fv_tally_count(t, label, p >= t->threshold ? t->positive : 1 - t->positive, p, p);
}

fv_status fv_tally_add(fv_tally *t, const float *probabilities, const int *labels, size_t n) {
    if (!t) return fv_last_status();
    FV_TRY(fv_check_labels(labels, n, t->classes));
    FV_TRY(reserve(t, n));
    for (size_t i = 0; i < n; i++) FV_TRY(add_one(t, probabilities + i * (size_t)t->classes, labels[i]));
    return FV_OK;
}

/* ---- Measuring -------------------------------------------------------------------------------------------------------- */

static fv_status measure_two(const fv_tally *t, fv_measures *m) {
    const fv_class_counts *yes = &t->counts[t->positive], *no = &t->counts[1 - t->positive];
    m->sensitivity = fv_ratio(yes->right, yes->support, FV_NO_POSITIVES);
    m->specificity = fv_ratio(no->right, no->support, FV_NO_NEGATIVES);
    FV_TRY(fv_roc_auc(t->scores, t->labels, t->n, t->positive, &m->roc_auc));
    return fv_average_precision(t->scores, t->labels, t->n, t->positive, &m->average_precision);
}

fv_status fv_tally_measures(fv_tally *t, fv_measures *m) {
    if (!t) return fv_last_status();
    fv_measure none = fv_undefined("not a question of two classes");
    size_t right = 0;
    for (int c = 0; c < t->classes; c++) right += t->counts[c].right;
    *m = (fv_measures){.n = t->n,
                       .classes = t->classes,
                       .positive = t->positive,
                       .accuracy = fv_proportion(right, t->n),
                       .of_class = t->of_class,
                       .confusion = t->confusion,
                       .roc_auc = none,
                       .average_precision = none,
                       .sensitivity = none,
                       .specificity = none};
    fv_measure_classes(t->counts, t->classes, t->of_class);
    fv_average_classes(t->of_class, t->classes, &m->macro, &m->weighted);
    return t->positive < 0 ? FV_OK : measure_two(t, m);
}

fv_status fv_tally_threshold(const fv_tally *t, fv_goal goal, fv_operating_point *point) {
    if (!t) return fv_last_status();
    if (t->positive < 0)
        return fv_fail(FV_BAD_ARGUMENT, "a threshold is for two classes, one of them positive; these are %d classes",
                       t->classes);
    return fv_choose_threshold(t->probabilities, t->labels, t->n, t->positive, goal, point);
}
