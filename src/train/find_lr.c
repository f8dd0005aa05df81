/* The learning rate range test (L. N. Smith, "Cyclical learning rates for training neural networks", 2017): fv_fit with a schedule
 * that rises exponentially, and a callback that watches the loss and knows when to stop. */
#include "core/memory.h"
#include "data/dataset.h"
#include "engine/model.h"
#include "train/trainer.h"

#include <math.h>
#include <string.h>

enum { STEPS = 100, FEWEST_STEPS = 10 };
static const float LOW = 1e-7f, HIGH = 10;
static const double SMOOTHING = 0.9, DIVERGED = 4; /* times the lowest loss */

/* ---- The model as it was ----------------------------------------------------------------------------------------- */

/* All that fv_fit changes in a model. */
typedef struct keepsake {
    float *values; /* of all parameters, in the plain layout, one after the other */
    char **classes, *training;
    int positive;
    fv_preprocess preprocess;
} keepsake;

static fv_status each_param(fv_model *model, float *values, bool back) {
    for (int i = 0; i < model->n_params; i++) {
        fv_param *param = &model->params[i];
        FV_TRY(back ? fv_param_write(param, values) : fv_param_read(param, values));
        values += fv_shape_count(&param->info.shape);
    }
    return FV_OK;
}

static void free_names(char **names, int n) {
    for (int i = 0; names && i < n; i++) fv_free(names[i]);
    fv_free(names);
}

/* On success the training's summary is the keepsake's; on failure the model is untouched. */
static fv_status keep(fv_model *model, keepsake *k) {
    size_t count = 0;
    int classes = fv_model_classes(model);
    for (int i = 0; i < model->n_params; i++) count += fv_shape_count(&model->params[i].info.shape);
    *k = (keepsake){.positive = model->positive, .preprocess = model->preprocess};
    k->values = fv_alloc(count, sizeof *k->values);
    k->classes = FV_NEW_N(char *, (size_t)classes);
    if (!k->values || !k->classes) return FV_NO_MEMORY;
    for (int i = 0; i < classes; i++)
        if (!(k->classes[i] = fv_strdup(model->classes[i]))) return FV_NO_MEMORY;
    FV_TRY(each_param(model, k->values, false));
    k->training = model->training;
    model->training = NULL;
    return FV_OK;
}

static fv_status put_back(fv_model *model, keepsake *k) {
    fv_free(model->training);
    model->training = k->training;
    model->preprocess = k->preprocess;
    model->positive = k->positive;
    char **names = model->classes;
    model->classes = k->classes;
    k->classes = names;
    return each_param(model, k->values, true);
}

/* ---- The search -------------------------------------------------------------------------------------------------- */

typedef struct finder {
    fv_lr_search *search;
    double mean, lowest; /* of the losses so far */
    bool done;
} finder;

/* The rate itself: the optimizer's own is 1. */
static double rise(void *user, uint64_t step, uint64_t total) {
    const fv_lr_search *s = ((const finder *)user)->search;
    (void)total;
    return (double)s->low * pow((double)(s->high / s->low), (double)step / (s->steps - 1));
}

/* The mean of an exponential window is too small at first, by the share of it that lies before the beginning. */
static fv_status look(void *user, const fv_step_report *report) {
    finder *f = user;
    fv_lr_search *s = f->search;
    f->mean = SMOOTHING * f->mean + (1 - SMOOTHING) * report->batch_loss;
    double loss = f->mean / (1 - pow(SMOOTHING, s->n + 1));
    s->lr[s->n] = report->lr;
    s->loss[s->n] = loss;
    if (s->n == 0 || loss < f->lowest) f->lowest = loss;
    f->done = ++s->n == s->steps || loss > DIVERGED * f->lowest;
    return f->done ? FV_STOPPED : FV_OK;
}

/* Falls are measured over a decade of the rate, so that the losses' noise is small beside them, and none behind the lowest loss
 * counts: it follows a rise. */
static void suggest(fv_lr_search *s) {
    const double decades = log10((double)(s->high / s->low));
    const int half = (int)fmax(1, (s->steps - 1) / decades / 2);
    double steepest = 0;
    int lowest = 0;
    for (int i = 1; i < s->n; i++)
        if (s->loss[i] < s->loss[lowest]) lowest = i;
    for (int i = half; i + half <= lowest; i++) {
        double slope = s->loss[i + half] - s->loss[i - half];
        if (slope < steepest) steepest = slope, s->suggestion = s->lr[i];
    }
}

static fv_status resolve(fv_lr_search *s) {
    fv_lr_search asked = *s;
    *s = (fv_lr_search){.low = asked.low == 0 ? LOW : asked.low,
                        .high = asked.high == 0 ? HIGH : asked.high,
                        .steps = asked.steps == 0 ? STEPS : asked.steps};
    if (s->steps < FEWEST_STEPS || s->steps > FV_LR_STEPS)
        return fv_fail(FV_BAD_ARGUMENT, "find_lr in %d steps: must be from %d to %d", s->steps, FEWEST_STEPS,
                       FV_LR_STEPS);
    if (s->low > 0 && s->low < s->high && s->high <= 1000) return FV_OK;
    return fv_fail(FV_BAD_ARGUMENT, "find_lr from %g to %g: must rise, from above 0 to at most 1000", (double)s->low,
                   (double)s->high);
}

/* As the caller would train, but for what is looked for, and without leaving anything behind. */
static fv_status search_with(fv_model *model, const fv_dataset *train, finder *f, const fv_fit_args *args) {
    fv_fit_args own = *args;
    own.optimizer.lr = 1;
    own.schedule = fv_own_schedule(.share = rise, .user = f);
    own.epochs = f->search->steps; /* more than enough: an epoch has a step at least */
    own.ema = 0;
    own.unfreeze_at = own.early_stop = 0;
    own.best = own.save_dir = NULL;
    own.resume = false;
    own.callback = (fv_callback){.user = f, .on_step = look};
    memset(own.callbacks, 0, sizeof own.callbacks);
    fv_status status = fv_fit_with(model, train, NULL, &own);
    bool diverged = status == FV_NOT_FINITE && f->search->n > 2; /* with the steps before there is a curve */
    return diverged || (status == FV_STOPPED && f->done) ? FV_OK : status;
}

fv_status fv_find_lr_with(fv_model *model, const fv_dataset *train, fv_lr_search *search, const fv_fit_args *args) {
    keepsake kept;
    if (!model || !train) return fv_last_status();
    FV_TRY(resolve(search));
    finder f = {.search = search};
    fv_status status = keep(model, &kept);
    if (status == FV_OK) {
        status = search_with(model, train, &f, args);
        fv_status back = put_back(model, &kept);
        if (status == FV_OK) status = back;
    }
    free_names(kept.classes, fv_model_classes(model));
    fv_free(kept.values);
    if (status == FV_OK) suggest(search);
    return status;
}
