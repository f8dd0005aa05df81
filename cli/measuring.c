#include "measuring.h"

#include "core/status.h"
#include "inputs.h"
#include "settings.h"
#include "text.h"
#include "tuning.h"

/* The set's classes by the model's, whatever their order there. */
static fv_status match_classes(cli_options *o, const fv_model *model, fv_dataset *dataset) {
    int n = fv_model_classes(model);
    const char **names = fv_arena_alloc(&o->arena, (size_t)n, sizeof *names);
    if (!names) return FV_NO_MEMORY;
    for (int i = 0; i < n; i++) names[i] = fv_model_class_name(model, i);
    return fv_dataset_set_classes(dataset, names, n);
}

fv_status cli_measurement_open(cli_options *o, cli_measurement *m) {
    *m = (cli_measurement){0};
    if (!o->data) return fv_fail(FV_BAD_ARGUMENT, "--data SPEC is missing: what to measure on, e.g. --data mnist:DIR");
    m->model = fv_model_load(o->arguments[0]);
    m->dataset = m->model ? cli_open_for_evaluation(o, o->data) : NULL;
    if (!m->dataset) return fv_last_status();
    FV_TRY(match_classes(o, m->model, m->dataset));
    m->tally = fv_tally_for(m->model);
    return m->tally ? FV_OK : fv_last_status();
}

/* As many logits as the model has say which losses it can have; without --loss it has its own. */
static fv_status loss_settings(cli_options *o, const cli_measurement *m, fv_loss *loss) {
    bool one = fv_model_outputs(m->model) == 1;
    const char *own = one ? "bce" : "cross_entropy";
    if (o->source[CLI_FLAG_loss] == CLI_BY_DEFAULT) o->loss = own;
    FV_TRY(cli_loss_settings(o, m->dataset, loss));
    if (loss->kind == FV_FOCAL || (loss->kind == FV_BCE) == one) return FV_OK;
    return fv_fail(FV_BAD_ARGUMENT, "--loss %s: %s has %s: use %s", o->loss, o->arguments[0],
                   one ? "one logit" : "a logit for each class", own);
}

fv_status cli_measurement_run(cli_options *o, cli_measurement *m) {
    fv_evaluate_args args = {.batch_size = (int)o->batch_size,
                             .workers = (int)o->workers,
                             .threads = (int)o->threads,
                             .precision = cli_precision(o),
                             .max_bad = cli_max_bad(o),
                             .augment = o->augment,
                             .seed = (uint64_t)o->seed,
                             .tta = cli_tta(o),
                             .tally = m->tally};
    FV_TRY(cli_topk_settings(o, args.topk));
    FV_TRY(loss_settings(o, m, &args.loss));
    const char *split = cli_split_name(fv_dataset_split(m->dataset));
    cli_say("%s on %s%s%s%s", o->arguments[0], o->data, *split ? " (" : "", split, *split ? ")" : "");
    cli_tuning tuning;
    fv_status status = cli_tuning_open(o, &tuning);
    args.tuning = tuning.tuning;
    if (status == FV_OK) status = fv_evaluate_with(m->model, m->dataset, &m->evaluation, &args);
    cli_say_bad_files(m->dataset);
    if (status == FV_OK) cli_tuning_keep(&tuning);
    cli_tuning_close(&tuning);
    return status;
}

void cli_measurement_free(cli_measurement *m) {
    fv_tally_free(m->tally);
    fv_dataset_free(m->dataset);
    fv_model_free(m->model);
}
