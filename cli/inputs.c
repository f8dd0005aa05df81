#include "inputs.h"

#include "core/file.h"
#include "core/status.h"
#include "data/dataset.h"

#include <string.h>

/* ---- Datasets ---------------------------------------------------------------------------------------------------- */

const char *cli_split_name(fv_split split) {
    static const char *const names[] = {
        [FV_SPLIT_DEFAULT] = "", [FV_TRAIN] = "train", [FV_VAL] = "val", [FV_TEST] = "test"};
    return names[split];
}

fv_status cli_set_cache(const cli_options *options, fv_dataset *dataset) {
    if (!dataset) return fv_last_status();
    return CLI_HAS(options, cache) ? fv_dataset_cache(dataset, (size_t)options->cache << 20) : FV_OK;
}

/* The val split, else test, else all there is, unless the spec names a split. */
static fv_dataset *open_for_evaluation(const char *spec) {
    fv_dataset *dataset = fv_dataset_open(spec, FV_VAL);
    if (!dataset && fv_last_status() == FV_UNSUPPORTED) dataset = fv_dataset_open(spec, FV_TEST);
    if (dataset || fv_last_status() != FV_UNSUPPORTED) return dataset;
    dataset = fv_dataset_open(spec, FV_SPLIT_DEFAULT);
    if (fv_dataset_split(dataset) == FV_SPLIT_DEFAULT) return dataset;
    fv_dataset_free(dataset); /* a set whose only split is train; the message is still that of the others */
    return NULL;
}

fv_dataset *cli_open_for_evaluation(const cli_options *options, const char *spec) {
    fv_dataset *dataset = open_for_evaluation(spec);
    if (cli_set_cache(options, dataset) == FV_OK) return dataset;
    fv_dataset_free(dataset);
    return NULL;
}

static fv_dataset *part_of(const cli_options *o, const fv_dataset *whole, fv_split part) {
    if (o->folds) return fv_dataset_fold(whole, part, (int)o->fold, (int)o->folds, (uint64_t)o->seed);
    return fv_dataset_part(whole, part, (float)o->val_split, (uint64_t)o->seed);
}

static fv_status split_off(const cli_options *options, cli_sets *sets) {
    sets->whole = sets->train;
    sets->train = part_of(options, sets->whole, FV_TRAIN);
    sets->val = sets->train ? part_of(options, sets->whole, FV_VAL) : NULL;
    return sets->val ? FV_OK : fv_last_status();
}

/* Validation by the classes of training, whatever their order there. */
static fv_status match_classes(cli_sets *sets) {
    return fv_dataset_set_classes(sets->val, (const char *const *)sets->train->class_names, sets->train->classes);
}

static fv_status open_validation(const cli_options *options, cli_sets *sets) {
    sets->val = options->val ? open_for_evaluation(options->val) : fv_dataset_open_validation(options->data);
    bool none = !sets->val && !options->val && fv_last_status() == FV_UNSUPPORTED;
    if (none) return FV_OK;
    FV_TRY(cli_set_cache(options, sets->val));
    return match_classes(sets);
}

fv_status cli_open_sets(const cli_options *options, cli_sets *sets) {
    *sets = (cli_sets){0};
    if (!options->data)
        return fv_fail(FV_BAD_ARGUMENT, "--data SPEC is missing: what to train on, e.g. --data mnist:DIR");
    if (options->val && options->val_split > 0)
        return fv_fail(FV_BAD_ARGUMENT,
                       "--val and --val-split: give one of them: other images, or a share of the training images");
    if (options->folds && (options->val || options->val_split > 0))
        return fv_fail(FV_BAD_ARGUMENT, "--folds and --val%s: give one of them: each fold validates on its own images",
                       options->val ? "" : "-split");
    if (options->fold && !options->folds) return fv_fail(FV_BAD_ARGUMENT, "--fold: goes with --folds K");
    sets->train = fv_dataset_open(options->data, FV_TRAIN);
    FV_TRY(cli_set_cache(options, sets->train));
    return options->folds || options->val_split > 0 ? split_off(options, sets) : open_validation(options, sets);
}

void cli_close_sets(cli_sets *sets) {
    fv_dataset_free(sets->train);
    fv_dataset_free(sets->val);
    fv_dataset_free(sets->whole);
}

void cli_input_shape(const cli_options *options, const fv_dataset *set, int input[3]) {
    fv_dataset_image_size(set, &input[0], &input[1], &input[2]);
    input[0] = input[0] < 3 ? 1 : 3; /* alpha is not for the network */
    if (options->channels) input[0] = strcmp(options->channels, "gray") == 0 ? 1 : 3;
    if (CLI_HAS(options, image_size)) memcpy(&input[1], options->image_size.at, 2 * sizeof(int));
}

/* ---- Models ------------------------------------------------------------------------------------------------------ */

static bool looks_like_file(const char *name) {
    return strchr(name, '/') || strstr(name, ".safetensors") || fv_is_file(name);
}

fv_model *cli_open_model(const cli_options *options, const char *name) {
    fv_arch arch = {.classes = (int)options->classes, .init.kind = FV_INIT_ZERO}; /* memory that nobody touches */
    bool shaped = CLI_HAS(options, classes) || CLI_HAS(options, input);
    if (!looks_like_file(name)) {
        memcpy(arch.input, options->input.at, sizeof arch.input);
        return fv_network(name, &arch);
    }
    if (!shaped) return fv_model_load(name);
    fv_fail(FV_BAD_ARGUMENT, "--input and --classes are for networks; those of the model file %s are in it", name);
    return NULL;
}
