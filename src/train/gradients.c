#include "train/gradients.h"

#include "core/memory.h"
#include "formats/quote.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER = 32 }; /* bytes of ":", "%.9g" and "," */

fv_status fv_gradients_start(fv_gradients *gradients, const fv_trainer *trainer) {
    *gradients = (fv_gradients){.n = trainer->session.model->n_params};
    gradients->sum = FV_NEW_N(double, (size_t)gradients->n);
    gradients->mean = gradients->sum ? FV_NEW_N(double, (size_t)gradients->n) : NULL;
    if (!gradients->mean) return FV_NO_MEMORY;
    fv_plan_gradient_norms(trainer->last, gradients->mean);
    for (int i = 0; i < gradients->n; i++) gradients->sum[i] = isnan(gradients->mean[i]) ? NAN : 0;
    return FV_OK;
}

fv_status fv_gradients_grow(fv_gradients *gradients, const fv_trainer *trainer) {
    double *norm = FV_NEW_N(double, (size_t)gradients->n);
    if (!norm) return FV_NO_MEMORY;
    fv_plan_gradient_norms(trainer->last, norm);
    for (int i = 0; i < gradients->n; i++)
        if (isnan(gradients->sum[i]) && !isnan(norm[i])) gradients->sum[i] = gradients->steps ? gradients->mean[i] : 0;
    fv_free(norm);
    return FV_OK;
}

void fv_gradients_free(fv_gradients *gradients) {
    fv_free(gradients->sum);
    fv_free(gradients->mean);
    *gradients = (fv_gradients){0};
}

void fv_gradients_add(fv_gradients *gradients, const fv_trainer *trainer) {
    if (!gradients->n) return;
    double *norm = gradients->mean; /* until the epoch is closed nobody reads it */
    fv_plan_gradient_norms(trainer->last, norm);
    for (int i = 0; i < gradients->n; i++) gradients->sum[i] += norm[i];
    gradients->steps++;
}

void fv_gradients_close(fv_gradients *gradients) {
    for (int i = 0; i < gradients->n; i++) {
        gradients->mean[i] = gradients->sum[i] / (double)gradients->steps;
        gradients->sum[i] *= 0; /* what is NAN stays so */
    }
    gradients->steps = 0;
}

char *fv_gradients_text(const fv_gradients *gradients, const fv_model *model) {
    size_t room = sizeof "{}";
    for (int i = 0; i < gradients->n; i++) room += fv_quote(model->params[i].name, NULL) + NUMBER;
    char *text = fv_alloc(room, 1), *at = text;
    if (!text) return NULL;
    *at++ = '{';
    for (int i = 0; i < gradients->n; i++) {
        if (isnan(gradients->mean[i])) continue;
        if (at > text + 1) *at++ = ',';
        at += fv_quote(model->params[i].name, at);
        at += snprintf(at, NUMBER, ":%.9g", gradients->mean[i]);
    }
    memcpy(at, "}", sizeof "}");
    return text;
}

/* ---- The run's state ------------------------------------------------------------------------------------------------ */

json_t *fv_gradients_to_json(const fv_gradients *gradients) {
    json_t *sums = json_array(), *object = json_object();
    for (int i = 0; i < gradients->n; i++)
        sums = fv_json_and(sums, json_real(isnan(gradients->sum[i]) ? 0 : gradients->sum[i]));
    object = fv_json_with(object, "steps", json_integer((json_int_t)gradients->steps));
    return fv_json_with(object, "sums", sums);
}

static fv_status take_sums(const char *where, const json_t *object, fv_gradients *gradients) {
    size_t count, n = (size_t)gradients->n;
    FV_TRY(fv_json_numbers(where, object, "sums", 0, 1e300, gradients->mean, n, &count)); /* stays there for _grow */
    if (count != n)
        return fv_fail(FV_BAD_DATA, "%s: norms of %zu gradients: the network has %zu parameters", where, count, n);
    for (size_t i = 0; i < n; i++) gradients->sum[i] += gradients->mean[i]; /* to 0, or to NAN */
    return FV_OK;
}

fv_status fv_gradients_from_json(const char *where, const json_t *object, fv_gradients *gradients) {
    int64_t steps = 0;
    FV_TRY(fv_json_int64(where, object, "steps", 0, INT64_MAX, &steps));
    FV_TRY(take_sums(where, object, gradients));
    gradients->steps = (uint64_t)steps;
    return FV_OK;
}
