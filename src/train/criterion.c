#include "train/criterion.h"

#include "core/suggest.h"

#include <limits.h>
#include <math.h>
#include <string.h>

static const fv_criterion criteria[] = {
    {"loss", offsetof(fv_evaluation, loss), 1, INT_MAX, true},
    {"top1", offsetof(fv_evaluation, top1), 1, INT_MAX, false},
    {"top5", offsetof(fv_evaluation, top5), 5, INT_MAX, false},
    {"macro_f1", offsetof(fv_evaluation, macro_f1), 1, INT_MAX, false},
    {"macro_recall", offsetof(fv_evaluation, macro_recall), 1, INT_MAX, false},
    {"auc", offsetof(fv_evaluation, auc), 2, 2, false},
    {"pr_auc", offsetof(fv_evaluation, pr_auc), 2, 2, false},
    {"sensitivity", offsetof(fv_evaluation, sensitivity), 2, 2, false},
    {"specificity", offsetof(fv_evaluation, specificity), 2, 2, false},
};
enum { CRITERIA = sizeof criteria / sizeof *criteria };

const fv_criterion *fv_criterion_at(int index) { return index >= 0 && index < CRITERIA ? &criteria[index] : NULL; }

const char *fv_best_name(int index) { return index >= 0 && index < CRITERIA ? criteria[index].name : NULL; }

static fv_status unknown(const char *name) {
    const char *names[CRITERIA];
    for (int i = 0; i < CRITERIA; i++) names[i] = criteria[i].name;
    return fv_fail_in(fv_fail_unknown("measure", name, names, CRITERIA), "best");
}

fv_status fv_criterion_find(const char *name, const fv_model *model, const fv_criterion **found) {
    int classes = fv_model_classes(model), i = 0;
    while (i < CRITERIA && strcmp(criteria[i].name, name ? name : "top1") != 0) i++;
    if (i == CRITERIA) return unknown(name);
    *found = &criteria[i];
    if (classes >= criteria[i].least_classes && classes <= criteria[i].most_classes) return FV_OK;
    return fv_fail(FV_BAD_ARGUMENT, "best %s: is for %d classes%s, and %s has %d", name, criteria[i].least_classes,
                   criteria[i].most_classes == INT_MAX ? " or more" : "", fv_model_network(model), classes);
}

double fv_criterion_value(const fv_criterion *criterion, const fv_evaluation *evaluation) {
    return *(const double *)(const void *)((const char *)evaluation + criterion->offset);
}

/* By how much `value` is better than `other`; negative: it is worse. */
static double gain_of(const fv_criterion *criterion, double value, double other) {
    return criterion->smaller ? other - value : value - other;
}

fv_status fv_compare_epoch(fv_progress *p, const fv_criterion *criterion, const fv_evaluation *evaluation,
                           double min_delta, fv_epoch_report *report) {
    double value = fv_criterion_value(criterion, evaluation), gain = gain_of(criterion, value, p->best);
    if (isnan(value))
        return fv_fail(FV_BAD_DATA, "best %s: is undefined on the validation set: a class has no images there",
                       criterion->name);
    bool first = p->best_epoch == 0;
    report->val_best = value;
    report->best = first || gain > 0 || (gain == 0 && evaluation->loss < p->best_loss);
    bool improved = min_delta > 0 ? first || gain_of(criterion, value, p->mark) > min_delta : report->best;
    p->stale = improved ? 0 : p->stale + 1;
    if (improved) p->mark = value;
    if (!report->best) return FV_OK;
    p->best = value;
    p->best_loss = evaluation->loss;
    p->best_epoch = report->epoch;
    return FV_OK;
}
