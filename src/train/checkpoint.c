/* fv_checkpoint_every: the model after every n-th epoch, under a name of its own. */
#include "core/memory.h"
#include "train/run.h"

/* n itself is the callback's user data. */
static int every(const void *user) { return (int)(intptr_t)user; }

static fv_status check(void *user, const fv_run_info *run) {
    if (every(user) < 1) return fv_fail(FV_BAD_ARGUMENT, "checkpoint_every %d: must be at least 1 epoch", every(user));
    return run->save_dir ? FV_OK : fv_fail(FV_BAD_ARGUMENT, "checkpoint_every: needs the save_dir of the run");
}

static fv_status save(void *user, const fv_epoch_report *report) {
    if (report->epoch % every(user) != 0) return FV_OK;
    char *path =
        fv_format("%s/" FV_CHECKPOINT_BEFORE "%04d" FV_CHECKPOINT_BEHIND, report->run->save_dir, report->epoch);
    fv_status status = path ? fv_model_save(report->run->model, path) : FV_NO_MEMORY;
    fv_free(path);
    return status;
}

fv_callback fv_checkpoint_every(int n) {
    return (fv_callback){.user = (void *)(intptr_t)n, .on_check = check, .on_epoch = save};
}
