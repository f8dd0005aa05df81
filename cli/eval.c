/* fovea eval */
#include "core/status.h"
#include "fovea/train.h"
#include "inputs.h"
#include "settings.h"
#include "text.h"

#include <math.h>

static void print_json(const fv_evaluation *e) {
    printf("{\"n\":%zu,\"loss\":", e->n);
    cli_print_number(stdout, e->loss);
    printf(",\"top1\":");
    cli_print_number(stdout, e->top1);
    if (!isnan(e->top5)) {
        printf(",\"top5\":");
        cli_print_number(stdout, e->top5);
    }
    puts("}");
}

static void print_table(const fv_evaluation *e) {
    char count[32];
    printf("images  %s\n", cli_count(e->n, count));
    printf("loss    %.4f\n", e->loss);
    printf("top-1   %.4f\n", e->top1);
    if (!isnan(e->top5)) printf("top-5   %.4f\n", e->top5);
}

/* The set's classes by the model's, whatever their order there. */
static fv_status match_classes(cli_options *o, const fv_model *model, fv_dataset *dataset) {
    int n = fv_model_classes(model);
    const char **names = fv_arena_alloc(&o->arena, (size_t)n, sizeof *names);
    if (!names) return FV_NO_MEMORY;
    for (int i = 0; i < n; i++) names[i] = fv_model_class_name(model, i);
    return fv_dataset_set_classes(dataset, names, n);
}

static fv_status evaluate(const cli_options *o, fv_model *model, const fv_dataset *dataset) {
    fv_evaluation e;
    const char *split = cli_split_name(fv_dataset_split(dataset));
    cli_say("%s on %s%s%s%s", o->arguments[0], o->data, *split ? " (" : "", split, *split ? ")" : "");
    fv_status status = fv_evaluate(model, dataset, &e, .batch_size = (int)o->batch_size, .workers = (int)o->workers,
                                   .threads = (int)o->threads, .max_bad = cli_max_bad(o), .augment = o->augment,
                                   .seed = (uint64_t)o->seed);
    cli_say_bad_files(dataset);
    FV_TRY(status);
    if (o->json)
        print_json(&e);
    else
        print_table(&e);
    return FV_OK;
}

fv_status cli_eval(cli_options *o) {
    if (!o->data) return fv_fail(FV_BAD_ARGUMENT, "--data SPEC is missing: what to measure on, e.g. --data mnist:DIR");
    fv_model *model = fv_model_load(o->arguments[0]);
    fv_dataset *dataset = model ? cli_open_for_evaluation(o, o->data) : NULL;
    fv_status status = dataset ? match_classes(o, model, dataset) : fv_last_status();
    if (status == FV_OK) status = evaluate(o, model, dataset);
    fv_dataset_free(dataset);
    fv_model_free(model);
    return status;
}
