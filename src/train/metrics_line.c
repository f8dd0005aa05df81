#include "train/metrics_line.h"

#include "core/memory.h"
#include "train/criterion.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- By name ----------------------------------------------------------------------------------------------------- */

static int add_training(const fv_epoch_report *r, fv_metric *metrics) {
    const fv_metric training[] = {
        {"epoch", "%.0f", r->epoch},
        {"step", "%.0f", (double)r->step},
        {"lr", "%.9g", (double)r->lr},
        {"loss", "%.9g", r->loss},
        {"top1", "%.9g", r->top1},
        {"seconds", "%.4f", r->seconds},
        {"images_per_second", "%.1f", r->images_per_second},
    };
    memcpy(metrics, training, sizeof training);
    return FV_COUNT(training);
}

static int add_validation(const fv_evaluation *e, fv_metric *metrics) {
    int n = 0;
    const fv_criterion *criterion;
    for (int i = 0; (criterion = fv_criterion_at(i)); i++) {
        fv_metric metric = {.format = "%.9g", .value = fv_criterion_value(criterion, e)};
        snprintf(metric.name, sizeof metric.name, "val_%s", criterion->name);
        if (!isnan(metric.value)) metrics[n++] = metric;
    }
    for (int j = 0; j < FV_TOPK; j++) {
        fv_metric metric = {.format = "%.9g", .value = e->topk[j]};
        if (e->k[j] <= 1 || e->k[j] == 5) continue; /* those are among the criteria */
        snprintf(metric.name, sizeof metric.name, "val_top%d", e->k[j]);
        metrics[n++] = metric;
    }
    return n;
}

int fv_metrics_of(const fv_epoch_report *report, fv_metric metrics[FV_METRICS]) {
    int n = add_training(report, metrics);
    return report->validated ? n + add_validation(report->validation, metrics + n) : n;
}

/* ---- As JSON ----------------------------------------------------------------------------------------------------- */

char *fv_metrics_line(const fv_epoch_report *report) {
    char line[FV_METRICS * 64] = "";
    fv_metric metrics[FV_METRICS];
    size_t used = 0;
    int n = fv_metrics_of(report, metrics);
    for (int i = 0; i < n; i++) {
        char value[32];
        snprintf(value, sizeof value, metrics[i].format, metrics[i].value);
        used += (size_t)snprintf(line + used, sizeof line - used, "%s\"%s\":%s", i ? "," : "{", metrics[i].name, value);
    }
    return fv_format("%s}", line);
}
