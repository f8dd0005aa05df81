/* Frozen parts of the model in fv_fit: what they give is kept where images do not change, until they are thawed. */
#include "core/memory.h"
#include "data/dataset.h"
#include "engine/cut.h"
#include "train/callbacks.h"

bool fv_freezes(const fv_fit_args *a) {
    for (int i = 0; i < a->n_parts; i++)
        if (a->parts[i].frozen) return true;
    return false;
}

/* ---- Features that are kept ---------------------------------------------------------------------------------------------- */

void fv_features_forget(fitting *f) {
    if (f->loader) fv_loader_recall(f->loader, NULL, NULL);
    for (int i = TRAIN; i <= VAL; i++) fv_features_free(&f->kept[i]);
    fv_session_free(&f->below);
    f->below.args.until = f->inference.args.from = NULL;
    f->inference.features = NULL;
}

/* Training and validation are done in two from now on: below the cut, and from it on. */
static void part_at(fitting *f, const fv_value *cut) {
    f->below = (fv_session){.model = f->model,
                            .team = f->trainer->team,
                            .args = {.precision = f->args->precision, .until = cut, .tuning = &f->tuning}};
    f->inference.args.from = cut;
    f->inference.features = &f->kept[VAL];
    fv_trainer_take_from(f->trainer, cut);
    int batch = f->trainer->args.batch_size;
    size_t images = f->val ? fv_dataset_count(f->val) : 0;
    fv_features_start(&f->kept[TRAIN], &f->below, cut, batch);
    if (f->val) fv_features_start(&f->kept[VAL], &f->below, cut, images < (size_t)batch ? (int)images : batch);
}

/* Why each image cannot pass what is frozen once only; NULL: it can. */
static const char *why_not(const fitting *f, const fv_value *cut, size_t bytes) {
    if (f->args->no_feature_cache) return "as was asked for";
    if (f->args->augment) return "as it is augmented";
    if (fv_is_mixing(&f->mixing)) return "as it is mixed with others";
    if (f->args->balanced) return "as an epoch of balanced classes has not all of them";
    if (!cut) return "as the trained parts do not lie behind one value of it";
    return bytes > fv_memory_available() / 4 ? "as its features need more than a quarter of the memory that is free"
                                             : NULL;
}

static fv_status tell_frozen(fitting *f, const char *why, size_t bytes) {
    char *how =
        why ? fv_format("each image passes what is frozen in every epoch, %s", why)
            : fv_format("each image passes what is frozen once: %.1f MB of features are kept", (double)bytes / 1e6);
    if (!how) return FV_NO_MEMORY;
    fv_tell_frozen(f, how);
    fv_free(how);
    return FV_OK;
}

fv_status fv_features_set_up(fitting *f) {
    const fv_value *cut;
    if (!fv_freezes(f->args)) return FV_OK;
    FV_TRY(fv_cut(f->model, &f->trainer->session.args, &cut));
    size_t images = fv_dataset_count(f->train) + (f->val ? fv_dataset_count(f->val) : 0);
    size_t bytes = cut ? fv_features_size(cut, images) : 0;
    const char *why = why_not(f, cut, bytes);
    FV_TRY(tell_frozen(f, why, bytes));
    if (cut) part_at(f, cut);
    if (why) return FV_OK;
    FV_TRY(fv_features_keep(&f->kept[TRAIN], cut, fv_dataset_count(f->train)));
    return f->val ? fv_features_keep(&f->kept[VAL], cut, fv_dataset_count(f->val)) : FV_OK;
}

/* ---- Thawing --------------------------------------------------------------------------------------------------------------- */

fv_status fv_thaw(fitting *f) {
    if (f->progress.batch == 0) f->progress.thawed_at = f->trainer->step; /* else the run was resumed within it */
    fv_session_free(&f->inference);
    fv_features_forget(f);
    fv_trainer_take_from(f->trainer, NULL);
    fv_trainer_thaw(f->trainer, f->progress.thawed_at);
    FV_TRY(fv_fitting_plan(f));
    return f->args->gradient_norms ? fv_gradients_grow(&f->progress.gradients, f->trainer) : FV_OK;
}
