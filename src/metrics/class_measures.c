/* precision = right / predicted, recall = right / support, F1, their harmonic mean, = 2 right / (predicted + support). */
#include "metrics/class_measures.h"

#include "metrics/metrics.h"

void fv_measure_classes(const fv_class_counts *counts, int classes, fv_class_measures *measures) {
    for (int c = 0; c < classes; c++) {
        const fv_class_counts *k = &counts[c];
        size_t both = k->predicted + k->support;
        measures[c] = (fv_class_measures){
            .support = k->support,
            .predicted = k->predicted,
            .precision = fv_ratio(k->right, k->predicted, "never predicted"),
            .recall = fv_ratio(k->right, k->support, "no images of this class"),
            .f1 = both ? fv_plain_measure(2 * (double)k->right / (double)both)
                       : fv_undefined("no images of this class, and never predicted"),
        };
    }
}

/* Sums of weight * measure. */
typedef struct sums {
    double precision, recall, f1, weight;
} sums;

static double or_zero(fv_measure m) { return m.undefined ? 0 : m.value; }

static void add(sums *s, const fv_class_measures *m, double weight) {
    s->precision += weight * or_zero(m->precision);
    s->recall += weight * or_zero(m->recall);
    s->f1 += weight * or_zero(m->f1);
    s->weight += weight;
}

static fv_averages mean(const sums *s) {
    fv_measure none = fv_undefined(FV_NO_IMAGES);
    if (s->weight == 0) return (fv_averages){none, none, none};
    return (fv_averages){fv_plain_measure(s->precision / s->weight), fv_plain_measure(s->recall / s->weight),
                         fv_plain_measure(s->f1 / s->weight)};
}

void fv_average_classes(const fv_class_measures *measures, int classes, fv_averages *macro, fv_averages *weighted) {
    sums even = {0}, by_support = {0};
    for (int c = 0; c < classes; c++) {
        add(&even, &measures[c], !measures[c].f1.undefined); /* that occur */
        add(&by_support, &measures[c], (double)measures[c].support);
    }
    *macro = mean(&even);
    *weighted = mean(&by_support);
}
