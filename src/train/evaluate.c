#include "train/evaluate.h"

#include "core/memory.h"
#include "data/bad.h"
#include "data/loader.h"
#include "train/predictor.h"

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
static fv_status plan_memory(fv_session *session, const fv_loader *loader, size_t count, int batch) {
    size_t before = fv_session_bytes(session);
    FV_TRY(fv_session_prepare(session, count, batch));
    return fv_memory_check(session->model, batch, fv_session_bytes(session) - before + fv_loader_bytes(loader));
}

static fv_status score_all(fv_session *session, const fv_dataset *dataset, fv_loader *loader,
                           const fv_evaluate_args *args, float *logits, fv_score *score) {
    fv_batch batch;
    size_t skipped = 0;
    FV_TRY(fv_loader_start(loader, 0, 0));
    for (;;) {
        FV_TRY(fv_loader_next(loader, &batch));
        FV_TRY(fv_bad_limit(dataset, skipped += (size_t)batch.skipped, args->max_bad));
        if (batch.count == 0) return FV_OK;
        FV_TRY(fv_session_forward(session, batch.count, batch.x, (size_t)batch.count, logits));
        fv_score_add(score, session->model, &args->loss, logits, batch.labels, batch.count);
    }
}

fv_status fv_session_evaluate(fv_session *session, const fv_dataset *dataset, const fv_evaluate_args *args,
                              fv_evaluation *result) {
    fv_evaluate_args own = *args;
    fv_score score = {0};
    if (!own.batch_size) own.batch_size = 64;
    if (own.batch_size < 1) return fv_fail(FV_BAD_ARGUMENT, "batch size %d: must be at least 1", own.batch_size);
    if (!(own.max_bad < 1))
        return fv_fail(FV_BAD_ARGUMENT, "max_bad %g: must be from 0 to below 1", (double)own.max_bad);
    FV_TRY(fv_check_classes(session->model, dataset));
    if ((size_t)own.batch_size > fv_dataset_count(dataset)) own.batch_size = (int)fv_dataset_count(dataset);
    float *logits = fv_alloc((size_t)own.batch_size * (size_t)fv_model_outputs(session->model), sizeof(float));
    fv_loader *loader = logits ? open_loader(session, dataset, &own) : NULL;
    fv_status status =
        loader ? plan_memory(session, loader, fv_dataset_count(dataset), own.batch_size) : fv_last_status();
    if (status == FV_OK) status = score_all(session, dataset, loader, &own, logits, &score);
    fv_loader_free(loader);
    fv_free(logits);
    if (status == FV_OK) *result = fv_score_result(&score, session->model);
    return status;
}

fv_status fv_evaluate_with(fv_model *model, const fv_dataset *dataset, fv_evaluation *result,
                           const fv_evaluate_args *args) {
    if (!model || !dataset) return fv_last_status();
    FV_TRY(fv_loss_check(&args->loss));
    fv_session session = {.model = model, .team = fv_team_new(args->threads)};
    if (!session.team) return fv_last_status();
    fv_status status = fv_session_evaluate(&session, dataset, args, result);
    fv_session_free(&session);
    fv_team_free(session.team);
    return status;
}
