#include "train/evaluate.h"

#include "core/memory.h"
#include "data/bad.h"
#include "data/loader.h"
#include "metrics/metrics.h"
#include "metrics/tally.h"
#include "ops/loss.h"
#include "train/features.h"
#include "train/views.h"

static fv_loader *open_loader(const fv_session *session, const fv_dataset *dataset, const fv_evaluate_args *args) {
    fv_loader_args loader = {.preprocess = session->model->preprocess,
                             .batch_size = args->batch_size,
                             .workers = args->workers,
                             .team = session->team,
                             .seed = args->seed,
                             .augment = args->augment};
    fv_model_input(session->model, &loader.channels, &loader.height, &loader.width);
    return fv_loader_new(dataset, &loader);
}

/* What evaluation takes beside all that is there is known before it starts. */
static fv_status plan_memory(fv_session *session, const fv_loader *loader, const fv_views *views, size_t count) {
    size_t before = fv_session_bytes(session);
    FV_TRY(fv_session_prepare(session, count, views->batch));
    size_t more = fv_session_bytes(session) - before + fv_loader_bytes(loader) + fv_views_bytes(views, session->model);
    return fv_memory_check(session->model, views->batch, more);
}

static fv_status tell_answers(const fv_evaluate_args *args, const fv_scoring *scoring, const fv_batch *batch,
                              const float *logits) {
    int outputs = fv_model_outputs(scoring->model);
    for (int i = 0; args->on_answer && i < batch->count; i++, logits += outputs) {
        if (fv_is_ignored(scoring->loss, batch->labels[i])) continue;
        fv_answer answer = {batch->index[i], batch->labels[i], fv_logits_class(scoring->model, logits), logits};
        fv_status status = args->on_answer(args->user, &answer);
        if (status != FV_OK)
            return fv_fail(status, "the callback on_answer stopped the evaluation at image %zu (status %d)",
                           answer.index, (int)status);
    }
    return FV_OK;
}

static fv_status score_all(fv_session *session, const fv_dataset *dataset, fv_loader *loader,
                           const fv_evaluate_args *args, const fv_scoring *scoring, fv_views *views, float *logits,
                           fv_score *score) {
    fv_batch batch;
    size_t skipped = 0;
    fv_features *features = session->features;
    if (features) fv_features_recall(features, loader);
    FV_TRY(fv_loader_start(loader, 0, 0));
    for (;;) {
        FV_TRY(fv_loader_next(loader, &batch));
        FV_TRY(fv_bad_limit(dataset, skipped += (size_t)batch.skipped, args->max_bad));
        if (batch.count == 0) break;
        const float *x = batch.x;
        if (features) FV_TRY(fv_features_of(features, &batch, &x));
        FV_TRY(fv_views_forward(views, session, x, (size_t)batch.count, logits));
        FV_TRY(fv_score_add(score, scoring, logits, batch.labels, batch.count));
        FV_TRY(tell_answers(args, scoring, &batch, logits));
    }
    if (features) fv_features_end_pass(features);
    return FV_OK;
}

static fv_status check(const fv_session *session, const fv_dataset *dataset, const fv_evaluate_args *args) {
    int classes = fv_model_classes(session->model);
    if (args->batch_size < 0) return fv_fail(FV_BAD_ARGUMENT, "batch size %d: must be at least 1", args->batch_size);
    if (!(args->max_bad < 1))
        return fv_fail(FV_BAD_ARGUMENT, "max_bad %g: must be from 0 to below 1", (double)args->max_bad);
    if (args->tally && fv_tally_classes(args->tally) != classes)
        return fv_fail(FV_BAD_ARGUMENT, "a tally of %d classes for a network with %d", fv_tally_classes(args->tally),
                       classes);
    return fv_check_classes(session->model, dataset);
}

/* Reads, computes and counts; what is undefined stays NAN. */
static fv_status measure(fv_session *session, const fv_dataset *dataset, const fv_evaluate_args *args,
                         const fv_scoring *scoring, fv_evaluation *result) {
    fv_score score = {0};
    fv_measures measures;
    fv_views views;
    fv_status status = fv_views_make(session->model, args->tta, args->batch_size, &views);
    float *logits = fv_alloc((size_t)args->batch_size * (size_t)fv_model_outputs(session->model), sizeof(float));
    fv_loader *loader = status == FV_OK && logits ? open_loader(session, dataset, args) : NULL;
    status = loader ? plan_memory(session, loader, &views, fv_dataset_count(dataset)) : fv_last_status();
    if (status == FV_OK) status = score_all(session, dataset, loader, args, scoring, &views, logits, &score);
    fv_loader_free(loader);
    fv_views_free(&views);
    fv_free(logits);
    FV_TRY(status);
    FV_TRY(fv_tally_measures(scoring->tally, &measures));
    *result = fv_score_result(&score, scoring);
    result->macro_f1 = measures.macro.f1.value;
    result->macro_recall = measures.macro.recall.value;
    result->auc = measures.roc_auc.value;
    result->pr_auc = measures.average_precision.value;
    result->sensitivity = measures.sensitivity.value;
    result->specificity = measures.specificity.value;
    return FV_OK;
}

fv_status fv_session_evaluate(fv_session *session, const fv_dataset *dataset, const fv_evaluate_args *args,
                              fv_evaluation *result) {
    const fv_model *model = session->model;
    fv_evaluate_args own = *args;
    FV_TRY(check(session, dataset, args));
    if (!own.batch_size) own.batch_size = 64;
    if ((size_t)own.batch_size > fv_dataset_count(dataset)) own.batch_size = (int)fv_dataset_count(dataset);
    const fv_loss loss = fv_loss_resolved(&args->loss, fv_model_outputs(model));
    fv_scoring scoring = {.model = model, .loss = &loss, .tally = args->tally};
    FV_TRY(fv_topk_for(model, args->topk, scoring.k));
    fv_tally *made =
        args->tally ? NULL : fv_tally_small(fv_model_classes(model), fv_model_positive(model), model->threshold);
    if (made) scoring.tally = made;
    fv_status status = scoring.tally ? measure(session, dataset, &own, &scoring, result) : fv_last_status();
    fv_tally_free(made);
    return status;
}

fv_status fv_evaluate_with(fv_model *model, const fv_dataset *dataset, fv_evaluation *result,
                           const fv_evaluate_args *args) {
    if (!model || !dataset) return fv_last_status();
    FV_TRY(fv_loss_check_for(&args->loss, fv_model_outputs(model)));
    fv_session session = {.model = model,
                          .team = fv_team_new(args->threads),
                          .args = {.precision = args->precision, .tuning = args->tuning}};
    if (!session.team) return fv_last_status();
    fv_status status = fv_session_evaluate(&session, dataset, args, result);
    fv_session_free(&session);
    fv_team_free(session.team);
    return status;
}
