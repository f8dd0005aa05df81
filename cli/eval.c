/* fovea eval */
#include "core/status.h"
#include "fovea/train.h"
#include "inputs.h"
#include "measures.h"
#include "settings.h"
#include "text.h"

/* The set's classes by the model's, whatever their order there. */
static fv_status match_classes(cli_options *o, const fv_model *model, fv_dataset *dataset) {
    int n = fv_model_classes(model);
    const char **names = fv_arena_alloc(&o->arena, (size_t)n, sizeof *names);
    if (!names) return FV_NO_MEMORY;
    for (int i = 0; i < n; i++) names[i] = fv_model_class_name(model, i);
    return fv_dataset_set_classes(dataset, names, n);
}

static fv_status evaluate(const cli_options *o, fv_model *model, const fv_dataset *dataset, fv_tally *tally) {
    fv_evaluate_args args = {.batch_size = (int)o->batch_size,
                             .workers = (int)o->workers,
                             .threads = (int)o->threads,
                             .max_bad = cli_max_bad(o),
                             .tally = tally};
    fv_evaluation e;
    fv_measures m;
    const char *split = cli_split_name(fv_dataset_split(dataset));
    FV_TRY(cli_topk_settings(o, args.topk));
    cli_say("%s on %s%s%s%s", o->arguments[0], o->data, *split ? " (" : "", split, *split ? ")" : "");
    fv_status status = fv_evaluate_with(model, dataset, &e, &args);
    cli_say_bad_files(dataset);
    FV_TRY(status);
    FV_TRY(fv_tally_measures(tally, &m));
    (o->json ? cli_print_json_measures : cli_print_measures)(model, &e, &m);
    return FV_OK;
}

fv_status cli_eval(cli_options *o) {
    if (!o->data) return fv_fail(FV_BAD_ARGUMENT, "--data SPEC is missing: what to measure on, e.g. --data mnist:DIR");
    fv_model *model = fv_model_load(o->arguments[0]);
    fv_dataset *dataset = model ? cli_open_for_evaluation(o, o->data) : NULL;
    fv_status status = dataset ? match_classes(o, model, dataset) : fv_last_status();
    fv_tally *tally = status == FV_OK ? fv_tally_for(model) : NULL;
    if (status == FV_OK) status = tally ? evaluate(o, model, dataset, tally) : fv_last_status();
    fv_tally_free(tally);
    fv_dataset_free(dataset);
    fv_model_free(model);
    return status;
}
