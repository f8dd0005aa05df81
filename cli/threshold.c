/* fovea threshold */
#include "core/status.h"
#include "measures.h"
#include "measuring.h"
#include "text.h"

/* Exactly one of the flags says what is to be reached. */
static fv_status find_goal(const cli_options *o, fv_goal *goal) {
    bool sensitivity = CLI_HAS(o, sensitivity), specificity = CLI_HAS(o, specificity);
    if (sensitivity + specificity + o->youden != 1)
        return fv_fail(FV_BAD_ARGUMENT, "give one of --sensitivity F, --specificity F and --youden");
    *goal = sensitivity   ? (fv_goal){FV_SENSITIVITY, o->sensitivity}
            : specificity ? (fv_goal){FV_SPECIFICITY, o->specificity}
                          : (fv_goal){.kind = FV_YOUDEN};
    return FV_OK;
}

static void print_json(const cli_measurement *m, const fv_operating_point *point) {
    printf("{\"n\":%zu,\"positive\":", m->evaluation.n);
    cli_print_json(stdout, fv_model_class_name(m->model, fv_model_positive(m->model)));
    printf(",\"threshold\":%.9g", (double)point->threshold);
    cli_print_json_measure("sensitivity", point->sensitivity);
    cli_print_json_measure("specificity", point->specificity);
    puts("}");
}

static void print_text(const cli_measurement *m, const fv_operating_point *point) {
    cli_print_positive(m->model, point->threshold);
    cli_print_measure("sensitivity", point->sensitivity);
    cli_print_measure("specificity", point->specificity);
}

/* The file is the same but for the threshold, or, on failure, as it was. */
static fv_status store(const cli_options *o, const cli_measurement *m, const fv_operating_point *point) {
    float before = fv_model_threshold(m->model);
    FV_TRY(fv_model_set_threshold(m->model, point->threshold));
    FV_TRY(fv_model_save(m->model, o->arguments[0]));
    cli_say("the threshold in %s was %.6g, and is %.6g now", o->arguments[0], (double)before, (double)point->threshold);
    return FV_OK;
}

static fv_status check_classes(const cli_options *o, const fv_model *model) {
    if (fv_model_positive(model) >= 0) return FV_OK;
    return fv_fail(FV_BAD_ARGUMENT, "%s: a threshold is for two classes, and this model has %d", o->arguments[0],
                   fv_model_classes(model));
}

fv_status cli_threshold(cli_options *o) {
    cli_measurement m;
    fv_goal goal;
    fv_operating_point point;
    FV_TRY(find_goal(o, &goal));
    fv_status status = cli_measurement_open(o, &m);
    if (status == FV_OK) status = check_classes(o, m.model);
    if (status == FV_OK) status = cli_measurement_run(o, &m);
    if (status == FV_OK) status = fv_tally_threshold(m.tally, goal, &point);
    if (status == FV_OK) status = store(o, &m, &point);
    if (status == FV_OK) (o->json ? print_json : print_text)(&m, &point);
    cli_measurement_free(&m);
    return status;
}
