/* fv_tensorboard: an event file for each start of a run, with a point an epoch. Its name follows from the start, so nothing is kept
 * between two calls. A start marks from which epoch on earlier files count no more (TensorBoard's purge_step). */
#include "core/append.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/memory.h"
#include "formats/event_file.h"
#include "train/metrics_line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* TensorBoard reads files in the order of their names: seconds have ten digits until the year 2286. */
static char *path_of(const char *folder, const fv_run_info *run) {
    return fv_format("%s/events.out.tfevents.%.6f.fovea", folder, run->started);
}

static fv_status check(void *user, const fv_run_info *run) {
    const char *folder = user;
    if (!folder || !*folder) return fv_fail(FV_BAD_ARGUMENT, "tensorboard: needs the name of a folder");
    if (fv_is_file(folder)) return fv_system_failure(folder, "make the folder", EEXIST);
    char *path = path_of(folder, run);
    fv_status status = path ? fv_append_check(path) : FV_NO_MEMORY;
    fv_free(path);
    return status;
}

static fv_status begin(void *user, const fv_run_info *run) {
    const char *folder = user;
    unsigned char events[2 * FV_EVENT_BYTES];
    size_t end = 0;
    FV_TRY(fv_make_folders(folder));
    size_t n = fv_event_version(events, run->started);
    n += fv_event_start(events + n, run->started, (uint64_t)run->epoch + 1);
    char *path = path_of(folder, run);
    fv_status status = path ? fv_append(path, events, n, &end) : FV_NO_MEMORY;
    fv_free(path);
    return status;
}

/* "val_loss" is val/loss, "loss" is train/loss: a group of charts each. */
static void name_tag(const char *name, char tag[FV_EVENT_TAG]) {
    bool val = strncmp(name, "val_", 4) == 0;
    snprintf(tag, FV_EVENT_TAG, "%s/%s", val ? "val" : "train", val ? name + 4 : name);
}

static fv_status log_epoch(void *user, const fv_epoch_report *report) {
    unsigned char events[FV_METRICS * FV_EVENT_BYTES];
    char tag[FV_EVENT_TAG];
    fv_metric metrics[FV_METRICS];
    size_t used = 0, end = SIZE_MAX;
    double now = fv_wall_seconds();
    int n = fv_metrics_of(report, metrics);
    for (int i = 1; i < n; i++) { /* the first is the epoch itself */
        name_tag(metrics[i].name, tag);
        used += fv_event_scalar(events + used, now, (uint64_t)report->epoch, tag, (float)metrics[i].value);
    }
    char *path = path_of(user, report->run);
    fv_status status = path ? fv_append(path, events, used, &end) : FV_NO_MEMORY;
    fv_free(path);
    return status;
}

fv_callback fv_tensorboard(const char *folder) {
    return (fv_callback){.user = (void *)folder, .on_check = check, .on_train_begin = begin, .on_epoch = log_epoch};
}
