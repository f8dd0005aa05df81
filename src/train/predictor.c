/* Prediction: pictures prepared by the very code that evaluation used, then an inference plan. */
#include "train/predictor.h"

#include "core/memory.h"
#include "data/dataset.h"
#include "image/decode.h"
#include "image/prepare.h"
#include "metrics/metrics.h"
#include "train/views.h"

#include <string.h>

struct fv_predictor {
    fv_session session;
    fv_team *team;
    fv_views views;
    int input[3];  /* channels, height, width */
    float *x;      /* [C,H,W] */
    float *logits; /* [K] */
};

static size_t image_floats(const fv_session *session) { return fv_shape_count(&session->model->graph->input->shape); }

fv_status fv_session_forward(fv_session *session, int batch, const float *x, size_t n, float *logits) {
    size_t image = image_floats(session), outputs = (size_t)fv_model_outputs(session->model);
    while (n > 0) {
        size_t count = n < (size_t)batch ? n : (size_t)batch;
        fv_plan *plan = fv_session_plan(session, (int)count);
        if (!plan) return fv_last_status();
        FV_TRY(fv_plan_run(plan, &(fv_plan_input){.x = x}));
        memcpy(logits, fv_plan_logits(plan), count * outputs * sizeof(float));
        x += count * image;
        logits += count * outputs;
        n -= count;
    }
    return FV_OK;
}

/* ---- Life ------------------------------------------------------------------------------------------------------------- */

static fv_status start(fv_predictor *p, const fv_predictor_args *args) {
    fv_model *model = p->session.model;
    int batch = args->batch_size ? args->batch_size : 1;
    if (batch < 1) return fv_fail(FV_BAD_ARGUMENT, "batch size %d: must be at least 1", batch);
    FV_TRY(fv_views_make(model, args->tta, batch, &p->views));
    fv_model_input(model, &p->input[0], &p->input[1], &p->input[2]);
    p->x = fv_alloc(image_floats(&p->session), sizeof(float));
    p->logits = p->x ? fv_alloc((size_t)fv_model_outputs(model), sizeof(float)) : NULL;
    p->session.team = p->team = p->logits ? fv_team_new(args->threads) : NULL;
    return p->team ? FV_OK : FV_NO_MEMORY;
}

fv_predictor *fv_predictor_new_with(fv_model *model, const fv_predictor_args *args) {
    if (!model) return NULL;
    fv_predictor *p = FV_NEW(fv_predictor);
    if (!p) return NULL;
    p->session.model = model;
    p->session.args.precision = args->precision;
    p->session.args.tuning = args->tuning;
    if (start(p, args) == FV_OK) return p;
    fv_predictor_free(p);
    return NULL;
}

void fv_predictor_free(fv_predictor *p) {
    if (!p) return;
    fv_session_free(&p->session);
    fv_team_free(p->team);
    fv_views_free(&p->views);
    fv_free(p->x);
    fv_free(p->logits);
    fv_free(p);
}

fv_status fv_predictor_prepare(fv_predictor *p) {
    return p ? fv_session_prepare(&p->session, (size_t)p->views.batch, p->views.batch) : fv_last_status();
}

fv_session *fv_predictor_session(fv_predictor *p) { return &p->session; }

size_t fv_predictor_bytes(const fv_predictor *p) { return p ? fv_session_bytes(&p->session) : 0; }

/* ---- Predicting -------------------------------------------------------------------------------------------------------- */

fv_status fv_forward(fv_predictor *p, const float *x, size_t n, float *logits) {
    return p ? fv_views_forward(&p->views, &p->session, x, n, logits) : fv_last_status();
}

static fv_decode_want want_of(const fv_predictor *p) {
    return fv_prepare_want(&p->session.model->preprocess, p->input[1], p->input[2], 1);
}

static fv_status predict_image(fv_predictor *p, const fv_image *image, float *probabilities) {
    const fv_model *model = p->session.model;
    FV_TRY(fv_prepare(image, &model->preprocess, p->input[0], p->input[1], p->input[2], p->x));
    FV_TRY(fv_views_forward(&p->views, &p->session, p->x, 1, p->logits));
    fv_probabilities(p->logits, fv_model_outputs(model), model->positive, probabilities);
    return FV_OK;
}

fv_status fv_predict_file(fv_predictor *p, const char *path, float *probabilities) {
    fv_image image;
    if (!p) return fv_last_status();
    fv_decode_want want = want_of(p);
    FV_TRY(fv_image_read(path, &want, &image));
    fv_status status = predict_image(p, &image, probabilities);
    fv_image_free(&image);
    return status;
}

fv_status fv_predict_bytes(fv_predictor *p, const void *bytes, size_t count, const char *name, float *probabilities) {
    fv_image image;
    if (!p) return fv_last_status();
    fv_decode_want want = want_of(p);
    FV_TRY(fv_image_decode(bytes, count, name, &want, &image));
    fv_status status = predict_image(p, &image, probabilities);
    fv_image_free(&image);
    return status;
}

fv_status fv_predict_pixels(fv_predictor *p, const uint8_t *pixels, int channels, int height, int width,
                            float *probabilities) {
    fv_image image;
    if (!p) return fv_last_status();
    FV_TRY(fv_image_of_pixels(pixels, channels, height, width, &image));
    return predict_image(p, &image, probabilities);
}

static fv_status predict_sample(fv_predictor *p, const fv_dataset *dataset, size_t index, float *probabilities) {
    fv_image image;
    int label;
    fv_decode_want want = want_of(p);
    FV_TRY(fv_dataset_read(dataset, index, &want, &image, &label));
    fv_status status = predict_image(p, &image, probabilities);
    fv_image_free(&image);
    return status;
}

fv_status fv_predict(fv_predictor *p, const fv_dataset *dataset, float *probabilities) {
    if (!p || !dataset) return fv_last_status();
    size_t classes = (size_t)fv_model_classes(p->session.model);
    for (size_t i = 0; i < fv_dataset_count(dataset); i++)
        FV_TRY(predict_sample(p, dataset, i, probabilities + i * classes));
    return FV_OK;
}
