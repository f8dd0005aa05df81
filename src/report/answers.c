#include "report/answers.h"

#include "core/memory.h"
#include "metrics/metrics.h"

#include <math.h>
#include <string.h>

/* log(p / (1 - p)) of a class: its logit less the logarithm of the others' summed exponentials. */
static double log_odds(const fv_model *model, const float *logits, int c) {
    int n = fv_model_outputs(model);
    if (n == 1) return c == fv_model_positive(model) ? logits[0] : -logits[0];
    double most = -INFINITY, sum = 0;
    for (int i = 0; i < n; i++)
        if (i != c) most = fmax(most, logits[i]);
    for (int i = 0; i < n; i++)
        if (i != c) sum += exp(logits[i] - most);
    return logits[c] - most - log(sum);
}

/* Into its place, if it has one among the surest. */
static void show(fv_showing *showing, const fv_shown *shown) {
    int place = showing->n;
    while (place > 0 && shown->sureness > showing->at[place - 1].sureness) place--;
    if (place == FV_SHOWN) return;
    if (showing->n < FV_SHOWN) showing->n++;
    memmove(&showing->at[place + 1], &showing->at[place], (size_t)(showing->n - 1 - place) * sizeof *shown);
    showing->at[place] = *shown;
}

static fv_status on_answer(void *user, const fv_answer *answer) {
    fv_answers *a = user;
    fv_logits_probabilities(a->model, answer->logits, a->probabilities);
    fv_shown shown = {.index = answer->index,
                      .label = answer->label,
                      .predicted = answer->predicted,
                      .probability = a->probabilities[answer->predicted],
                      .truth = a->probabilities[answer->label],
                      .sureness = log_odds(a->model, answer->logits, answer->predicted)};
    show(shown.label == shown.predicted ? &a->hits : &a->mistakes, &shown);
    for (int i = 0; i < a->curves; i++) {
        int c = a->curves == 1 ? fv_model_positive(a->model) : i;
        a->scores[(size_t)i * a->room + a->n] = (float)log_odds(a->model, answer->logits, c);
    }
    a->labels[a->n++] = answer->label;
    return FV_OK;
}

static fv_status make_room(fv_answers *a, const fv_model *model, size_t images) {
    int classes = fv_model_classes(model);
    size_t scores;
    a->model = model;
    a->room = images;
    a->curves = fv_model_positive(model) >= 0 ? 1 : classes <= FV_MOST_CURVES ? classes : 0;
    if (!fv_size_mul(images, (size_t)a->curves, &scores)) return fv_fail(FV_NO_MEMORY, "%zu images: too many", images);
    a->scores = FV_NEW_N(float, scores);
    a->labels = a->scores ? FV_NEW_N(int, images) : NULL;
    a->probabilities = a->labels ? FV_NEW_N(float, (size_t)classes) : NULL;
    a->tally = a->probabilities ? fv_tally_for(model) : NULL;
    return a->tally ? FV_OK : fv_last_status();
}

/* The set's classes by the model's, unless they are the same already. */
static fv_status match_classes(const fv_model *model, fv_dataset *set) {
    int n = fv_model_classes(model);
    bool same = fv_dataset_classes(set) == n;
    for (int c = 0; same && c < n; c++) same = !strcmp(fv_dataset_class_name(set, c), fv_model_class_name(model, c));
    if (same) return FV_OK;
    const char **names = FV_NEW_N(const char *, (size_t)n);
    if (!names) return FV_NO_MEMORY;
    for (int c = 0; c < n; c++) names[c] = fv_model_class_name(model, c);
    fv_status status = fv_dataset_set_classes(set, names, n);
    fv_free(names);
    return status;
}

fv_status fv_answers_make(fv_model *model, const fv_report_args *args, fv_answers *a) {
    *a = (fv_answers){0};
    FV_TRY(match_classes(model, args->data));
    FV_TRY(make_room(a, model, fv_dataset_count(args->data)));
    fv_evaluate_args evaluate = {.batch_size = args->batch_size,
                                 .workers = args->workers,
                                 .threads = args->threads,
                                 .max_bad = args->max_bad,
                                 .tally = a->tally,
                                 .on_answer = on_answer,
                                 .user = a};
    FV_TRY(fv_evaluate_with(model, args->data, &a->evaluation, &evaluate));
    return fv_tally_measures(a->tally, &a->measures);
}

void fv_answers_free(fv_answers *a) {
    fv_tally_free(a->tally);
    fv_free(a->scores);
    fv_free(a->labels);
    fv_free(a->probabilities);
}
