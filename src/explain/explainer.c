/* Grad-CAM: one plan of inference that gives a layer's maps, and the gradient of a class's score there. */
#include "core/memory.h"
#include "explain/explain.h"
#include "image/decode.h"
#include "image/prepare.h"
#include "metrics/metrics.h"
#include "train/session.h"

#include <math.h>
#include <string.h>

struct fv_explainer {
    fv_session session;
    fv_team *team;
    const fv_value *layer; /* of the model's graph: [1,K,h,w] */
    float *x;              /* [C,H,W] */
    float *target;         /* [logits]: the score is the sum of target times logits */
    float *probabilities;  /* [classes] */
    float *map;            /* [h,w] */
};

/* ---- Life ------------------------------------------------------------------------------------------------------------- */

static fv_status start(fv_explainer *e, const fv_explainer_args *args) {
    const fv_model *model = e->session.model;
    FV_TRY(fv_explained_layer(model, args->layer, &e->layer));
    size_t places = (size_t)e->layer->shape.dim[2] * (size_t)e->layer->shape.dim[3];
    bool done = (e->x = fv_alloc(fv_shape_count(&model->graph->input->shape), sizeof(float))) &&
                (e->target = fv_alloc((size_t)fv_model_outputs(model), sizeof(float))) &&
                (e->probabilities = fv_alloc((size_t)fv_model_classes(model), sizeof(float))) &&
                (e->map = fv_alloc(places, sizeof(float)));
    if (!done) return FV_NO_MEMORY;
    if (!(e->team = fv_team_new(args->threads))) return fv_last_status();
    e->session.team = e->team;
    e->session.args.observe = e->layer;
    return fv_session_plan(&e->session, 1) ? FV_OK : fv_last_status();
}

fv_explainer *fv_explainer_new_with(fv_model *model, const fv_explainer_args *args) {
    if (!model) return NULL;
    fv_explainer *e = FV_NEW(fv_explainer);
    if (!e) return NULL;
    e->session.model = model;
    if (start(e, args) == FV_OK) return e;
    fv_explainer_free(e);
    return NULL;
}

void fv_explainer_free(fv_explainer *e) {
    if (!e) return;
    fv_session_free(&e->session);
    fv_team_free(e->team);
    fv_free(e->x);
    fv_free(e->target);
    fv_free(e->probabilities);
    fv_free(e->map);
    fv_free(e);
}

const char *fv_explainer_layer(const fv_explainer *e, int *height, int *width) {
    if (!e) return NULL;
    *height = e->layer->shape.dim[2];
    *width = e->layer->shape.dim[3];
    return e->layer->node->name;
}

/* ---- Grad-CAM ----------------------------------------------------------------------------------------------------------- */

static void set_target(fv_explainer *e, int label) {
    const fv_model *model = e->session.model;
    int outputs = fv_model_outputs(model);
    for (int k = 0; k < outputs; k++) e->target[k] = k == label;
    if (outputs == 1) e->target[0] = label == model->positive ? 1 : -1;
}

/* Fills e->map, divided by the maximum, which it returns. */
static float make_map(const fv_explainer *e, const float *a, const float *gradient) {
    const int *dim = e->layer->shape.dim;
    size_t places = (size_t)dim[2] * (size_t)dim[3];
    float peak = 0;
    memset(e->map, 0, places * sizeof *e->map);
    for (int k = 0; k < dim[1]; k++, a += places, gradient += places) {
        double alpha = 0;
        for (size_t i = 0; i < places; i++) alpha += (double)gradient[i];
        alpha /= (double)places;
        for (size_t i = 0; i < places; i++) e->map[i] += (float)alpha * a[i];
    }
    for (size_t i = 0; i < places; i++)
        if (!(e->map[i] <= peak)) peak = e->map[i]; /* NaN, too */
    for (size_t i = 0; i < places; i++) e->map[i] = e->map[i] > 0 ? e->map[i] / peak : 0;
    return peak;
}

static fv_status run(fv_explainer *e, const float *x, fv_plan **plan) {
    const fv_model *model = e->session.model;
    if (!(*plan = fv_session_plan(&e->session, 1))) return fv_last_status();
    FV_TRY(fv_plan_run(*plan, &(fv_plan_input){.x = x, .target = e->target}));
    fv_probabilities(fv_plan_logits(*plan), fv_model_outputs(model), model->positive, e->probabilities);
    return FV_OK;
}

static fv_status check_label(const fv_explainer *e, int label) {
    int classes = fv_model_classes(e->session.model);
    if (label >= FV_PREDICTED && label < classes) return FV_OK;
    return fv_fail(FV_BAD_ARGUMENT, "class %d: must be from 0 to %d", label, classes - 1);
}

fv_status fv_explain(fv_explainer *e, const float *x, int label, fv_explanation *explanation) {
    fv_plan *plan;
    if (!e) return fv_last_status();
    FV_TRY(check_label(e, label));
    if (label == FV_PREDICTED) { /* any target: the logits tell which it is */
        FV_TRY(run(e, x, &plan));
        label = fv_predicted_class(e->session.model, e->probabilities);
    }
    set_target(e, label);
    FV_TRY(run(e, x, &plan));
    const float *logits = fv_plan_logits(plan);
    *explanation = (fv_explanation){.label = label,
                                    .probability = e->probabilities[label],
                                    .peak = make_map(e, fv_plan_observed(plan), fv_plan_gradient(plan)),
                                    .height = e->layer->shape.dim[2],
                                    .width = e->layer->shape.dim[3],
                                    .map = e->map};
    for (int k = 0; k < fv_model_outputs(e->session.model); k++) explanation->score += e->target[k] * logits[k];
    if (isfinite(explanation->peak) && isfinite(explanation->score)) return FV_OK;
    return fv_fail(FV_NOT_FINITE, "%s: the score of class %d or its gradient is not finite: check the weights",
                   fv_model_network(e->session.model), label);
}

/* ---- Pictures ----------------------------------------------------------------------------------------------------------- */

fv_status fv_explain_image(fv_explainer *e, const fv_image *image, int label, fv_explanation *explanation) {
    int c, h, w;
    if (!e) return fv_last_status();
    fv_model_input(e->session.model, &c, &h, &w);
    FV_TRY(fv_prepare(image, &e->session.model->preprocess, c, h, w, e->x));
    return fv_explain(e, e->x, label, explanation);
}

/* As prediction decodes it. */
fv_status fv_explain_file(fv_explainer *e, const char *path, int label, fv_explanation *explanation) {
    int c, h, w;
    fv_image image;
    if (!e) return fv_last_status();
    fv_model_input(e->session.model, &c, &h, &w);
    fv_decode_want want = fv_prepare_want(&e->session.model->preprocess, h, w, 1);
    FV_TRY(fv_image_read(path, &want, &image));
    fv_status status = fv_explain_image(e, &image, label, explanation);
    fv_image_free(&image);
    return status;
}

fv_status fv_explain_pixels(fv_explainer *e, const uint8_t *pixels, int channels, int height, int width, int label,
                            fv_explanation *explanation) {
    fv_image image;
    if (!e) return fv_last_status();
    FV_TRY(fv_image_of_pixels(pixels, channels, height, width, &image));
    return fv_explain_image(e, &image, label, explanation);
}

fv_status fv_explain_overlay_with(fv_explainer *e, const char *path, int label, const char *png,
                                  fv_explanation *explanation, const fv_overlay_args *args) {
    fv_image picture, overlay = {0};
    if (!e) return fv_last_status();
    const fv_preprocess *p = &e->session.model->preprocess;
    FV_TRY(fv_image_read(path, NULL, &picture));
    fv_status status = p->decode == FV_DECODE_FAST ? fv_explain_file(e, path, label, explanation)
                                                   : fv_explain_image(e, &picture, label, explanation);
    if (status == FV_OK) status = fv_overlay(explanation, &picture, args, p->background, &overlay);
    if (status == FV_OK) status = fv_png_write(png, &overlay);
    fv_image_free(&picture);
    fv_image_free(&overlay);
    return status;
}
