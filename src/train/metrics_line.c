#include "train/metrics_line.h"

#include "core/memory.h"
#include "train/criterion.h"

#include <math.h>
#include <stdio.h>

/* `text` with `,"val_NAME":value` behind it, and freed. NULL passes through; what is undefined is left out. */
static char *with_value(char *text, const char *name, double value) {
    if (!text || isnan(value)) return text;
    char *longer = fv_format("%s,\"val_%s\":%.9g", text, name, value);
    fv_free(text);
    return longer;
}

static char *with_validation(char *text, const fv_evaluation *e) {
    char name[16];
    const fv_criterion *criterion;
    for (int i = 0; (criterion = fv_criterion_at(i)); i++)
        text = with_value(text, criterion->name, fv_criterion_value(criterion, e));
    for (int j = 0; j < FV_TOPK; j++) {
        if (e->k[j] <= 1 || e->k[j] == 5) continue; /* those are among the criteria */
        snprintf(name, sizeof name, "top%d", e->k[j]);
        text = with_value(text, name, e->topk[j]);
    }
    return text;
}

char *fv_metrics_line(const fv_epoch_report *r, const fv_evaluation *validation) {
    char *text = fv_format("{\"epoch\":%d,\"step\":%llu,\"lr\":%.9g,\"loss\":%.9g,\"top1\":%.9g,\"seconds\":%.4f,"
                           "\"images_per_second\":%.1f",
                           r->epoch, (unsigned long long)r->step, (double)r->lr, r->loss, r->top1, r->seconds,
                           r->images_per_second);
    if (r->validated) text = with_validation(text, validation);
    char *line = text ? fv_format("%s}", text) : NULL;
    fv_free(text);
    return line;
}
