/* fovea bench: steps on made-up images in memory, or epochs of a dataset. The figure is the median of several rounds;
 * the slowest and fastest show the spread. */
#include "bench.h"

#include "core/clock.h"
#include "core/memory.h"
#include "core/random.h"
#include "core/threads.h"
#include "formats/trace.h"
#include "fovea/train.h"
#include "inputs.h"
#include "kernels/cpu.h"
#include "profile.h"
#include "settings.h"
#include "text.h"
#include "train/predictor.h"
#include "train/trainer.h"
#include "tuning.h"

#include <stdlib.h>
#include <string.h>

enum { ROUNDS = CLI_BENCH_ROUNDS, EPOCHS = 5 }; /* the first epoch warms up */
static const double round_seconds = 0.3;

typedef struct bench {
    const cli_options *o;
    fv_model *model;
    int batch;
    double speed[ROUNDS]; /* images a second, of each round */
    int rounds;
    size_t epoch_images;         /* with --data */
    size_t planned;              /* bytes */
    unsigned long long resident; /* at most, what profiling takes not counted */
    cli_tuning tuning;
    fv_trainer *trainer; /* for training, or else: */
    fv_predictor *predictor;
    fv_profile *profile; /* with --profile or --trace */
    float *x, *logits;
    int *labels;
} bench;

/* ---- Steps on made-up images ------------------------------------------------------------------------------------- */

static size_t image_floats(const bench *b) {
    int c, h, w;
    fv_model_input(b->model, &c, &h, &w);
    return (size_t)c * (size_t)h * (size_t)w;
}

static fv_status make_up(bench *b) {
    int outputs = fv_model_outputs(b->model), classes = fv_model_classes(b->model);
    size_t image = image_floats(b), batch = (size_t)b->batch;
    b->x = fv_alloc(batch, image * sizeof(float));
    b->logits = b->x ? fv_alloc(batch * (size_t)outputs, sizeof(float)) : NULL;
    b->labels = b->logits ? fv_alloc(batch, sizeof(int)) : NULL;
    if (!b->labels) return FV_NO_MEMORY;
    fv_random random = fv_random_stream(0, 0, FV_STREAM_DATA);
    for (size_t i = 0; i < batch * image; i++) b->x[i] = fv_random_float(&random);
    for (size_t i = 0; i < batch; i++) b->labels[i] = (int)fv_random_below(&random, (uint32_t)classes);
    return FV_OK;
}

/* Plans, and checks that plans and images fit into memory before there are any. */
static fv_status open_engine(bench *b) {
    int threads = (int)b->o->threads;
    fv_precision precision = cli_precision(b->o);
    if (strcmp(b->o->mode, "train") == 0)
        b->trainer = fv_trainer_plan(b->model, &(fv_trainer_args){.batch_size = b->batch,
                                                                  .threads = threads,
                                                                  .precision = precision,
                                                                  .maps = cli_maps(b->o),
                                                                  .tuning = b->tuning.tuning});
    else
        b->predictor = fv_predictor_new(b->model, .batch_size = b->batch, .threads = threads, .precision = precision,
                                        .tuning = b->tuning.tuning);
    if (!b->trainer) FV_TRY(fv_predictor_prepare(b->predictor));
    cli_tuning_keep(&b->tuning);
    size_t plans = fv_trainer_bytes(b->trainer) + fv_predictor_bytes(b->predictor);
    b->planned = fv_model_bytes(b->model) + plans;
    return fv_memory_check(b->model, b->batch, plans + (size_t)b->batch * image_floats(b) * sizeof(float));
}

static fv_status step(bench *b) {
    if (b->trainer) return fv_trainer_step(b->trainer, b->x, b->labels, b->batch, 0, NULL);
    return fv_forward(b->predictor, b->x, (size_t)b->batch, b->logits);
}

/* Steps for at least `seconds` and `least` of them; *done, *took: how many, and how long. */
static fv_status run_for(bench *b, double seconds, int least, int *done, double *took) {
    double begin = fv_seconds();
    for (*done = 0; *done < least || *took < seconds; ++*done, *took = fv_seconds() - begin) FV_TRY(step(b));
    return FV_OK;
}

/* Runs the plan that was timed for some more steps, now one by one, and measures what the machine could do. */
static fv_status profile(bench *b) {
    fv_session *session = b->trainer ? &b->trainer->session : fv_predictor_session(b->predictor);
    fv_plan *plan = fv_session_plan(session, b->batch);
    int steps;
    double seconds = 0;
    fv_peak peak;
    FV_TRY(plan ? fv_plan_profile(plan) : fv_last_status());
    FV_TRY(run_for(b, 3 * round_seconds, 5, &steps, &seconds));
    FV_TRY(fv_peak_measure(session->team, &peak));
    b->profile = fv_profile_new(plan, peak);
    if (!b->profile) return fv_last_status();
    return b->o->trace ? fv_trace_save(b->profile, b->o->trace) : FV_OK;
}

static fv_status time_steps(bench *b) {
    int steps;
    double seconds = 0;
    FV_TRY(open_engine(b));
    FV_TRY(make_up(b));
    FV_TRY(run_for(b, round_seconds, 3, &steps, &seconds)); /* warms up */
    for (b->rounds = 0; b->rounds < ROUNDS; b->rounds++) {
        seconds = 0;
        FV_TRY(run_for(b, round_seconds, 1, &steps, &seconds));
        b->speed[b->rounds] = (double)steps * b->batch / seconds;
    }
    return FV_OK;
}

/* ---- Epochs of a dataset ----------------------------------------------------------------------------------------- */

static fv_status on_epoch(void *user, const fv_epoch_report *report) {
    bench *b = user;
    if (report->epoch > 1) b->speed[b->rounds++] = report->images_per_second;
    return FV_OK;
}

static fv_status time_epochs(bench *b, const fv_dataset *dataset) {
    b->epoch_images = fv_dataset_count(dataset);
    if ((size_t)b->batch > b->epoch_images)
        return fv_fail(FV_BAD_ARGUMENT, "--batch-size %d: larger than the set, which has %zu images", b->batch,
                       b->epoch_images);
    fv_trainer *trainer =
        fv_trainer_new(b->model, .batch_size = b->batch, .threads = (int)b->o->threads,
                       .precision = cli_precision(b->o), .maps = cli_maps(b->o), .tuning = b->tuning.tuning);
    if (!trainer) return fv_last_status();
    b->planned = fv_model_bytes(b->model) + fv_trainer_bytes(trainer);
    fv_trainer_free(trainer);
    return fv_fit(b->model, dataset, NULL, .epochs = EPOCHS, .batch_size = b->batch, .maps = cli_maps(b->o),
                  .workers = (int)b->o->workers, .threads = (int)b->o->threads, .precision = cli_precision(b->o),
                  .tuning = b->tuning.tuning, .callback = {.user = b, .on_epoch = on_epoch},
                  .callbacks = {cli_tuning_callback(&b->tuning)});
}

/* ---- Results ----------------------------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double cli_median(double *figures, int n) {
    qsort(figures, (size_t)n, sizeof *figures, ascending);
    return (figures[(n - 1) / 2] + figures[n / 2]) / 2;
}

static void print_json(bench *b) {
    const cli_options *o = b->o;
    double speed = cli_median(b->speed, b->rounds);
    printf("{\"model\":");
    cli_print_json(stdout, o->arguments[0]);
    printf(",\"mode\":\"%s\",\"batch_size\":%d,\"precision\":\"%s\",\"isa\":\"%s\",\"threads\":%d", o->mode, b->batch,
           o->precision, fv_isa_name(), o->threads ? (int)o->threads : fv_threads_available());
    printf(",\"images_per_second\":%.1f,\"images_per_second_min\":%.1f,\"images_per_second_max\":%.1f,\"ms_per_step\":%"
           ".4f",
           speed, b->speed[0], b->speed[b->rounds - 1], 1e3 * b->batch / speed);
    if (b->epoch_images) printf(",\"seconds_per_epoch\":%.4f", (double)b->epoch_images / speed);
    printf(",\"peak_rss_mb\":%.1f,\"planned_mb\":%.1f", (double)b->resident / 1e6, (double)b->planned / 1e6);
    if (o->profile) cli_profile_json(b->profile);
    puts("}");
}

static void print_table(bench *b) {
    const cli_options *o = b->o;
    double speed = cli_median(b->speed, b->rounds);
    char text[32], slowest[32], fastest[32];
    int threads = o->threads ? (int)o->threads : fv_threads_available();
    printf("%s, %s, batch %d, %s, %s, %d thread%s\n", o->arguments[0], o->mode, b->batch, o->precision, fv_isa_name(),
           threads, threads == 1 ? "" : "s");
    printf("images/s   %s (%s to %s in %d rounds)\n", cli_count((unsigned long long)speed, text),
           cli_count((unsigned long long)b->speed[0], slowest),
           cli_count((unsigned long long)b->speed[b->rounds - 1], fastest), b->rounds);
    printf("ms/step    %.4g\n", 1e3 * b->batch / speed);
    if (b->epoch_images) printf("s/epoch    %.4g\n", (double)b->epoch_images / speed);
    printf("peak MB    %.1f, planned %.1f (of 10^6 bytes)\n", (double)b->resident / 1e6, (double)b->planned / 1e6);
    if (o->profile) cli_profile_table(b->profile);
}

/* ---- The command ------------------------------------------------------------------------------------------------- */

static fv_model *open_model(const cli_options *o, const fv_dataset *dataset) {
    fv_arch arch = {.classes = (int)o->classes};
    memcpy(arch.input, o->input.at, sizeof arch.input);
    if (dataset) {
        cli_input_shape(o, dataset, arch.input);
        arch.classes = fv_dataset_classes(dataset);
    }
    return fv_network(o->arguments[0], &arch);
}

static fv_status check_load(const cli_options *o) {
    if (o->n_arguments) return fv_fail(FV_BAD_ARGUMENT, "%s: --mode load is without a network", o->arguments[0]);
    if (o->data) return FV_OK;
    return fv_fail(FV_BAD_ARGUMENT, "--data SPEC is missing: what to load, e.g. --data folder:DIR");
}

static fv_status check(const cli_options *o) {
    if (strcmp(o->mode, "load") == 0) return check_load(o);
    if (!o->n_arguments) return fv_fail(FV_BAD_ARGUMENT, "something is missing: fovea bench MODEL [flags]");
    static const cli_flag_id of_load[] = {CLI_FLAG_image_size, CLI_FLAG_resize, CLI_FLAG_decode, CLI_FLAG_augment,
                                          CLI_FLAG_normalize};
    for (size_t i = 0; i < sizeof of_load / sizeof *of_load; i++)
        if (o->source[of_load[i]] == CLI_BY_USER)
            return fv_fail(FV_BAD_ARGUMENT, "--%s: goes with --mode load", cli_flags[of_load[i]].name);
    if (!o->data) return FV_OK;
    if (o->profile || o->trace)
        return fv_fail(FV_BAD_ARGUMENT, "--%s: of steps on made-up images, without --data",
                       o->profile ? "profile" : "trace");
    if (strcmp(o->mode, "train") != 0) return fv_fail(FV_BAD_ARGUMENT, "--data: goes with --mode train");
    if (CLI_HAS(o, input) || CLI_HAS(o, classes))
        return fv_fail(FV_BAD_ARGUMENT, "--input and --classes: follow from the images where there is --data");
    return FV_OK;
}

fv_status cli_bench(cli_options *o) {
    FV_TRY(check(o));
    if (o->isa) FV_TRY(fv_isa_limit(o->isa));
    if (strcmp(o->mode, "load") == 0) return cli_bench_load(o);
    fv_dataset *dataset = o->data ? fv_dataset_open(o->data, FV_TRAIN) : NULL;
    fv_status status = o->data ? cli_set_cache(o, dataset) : FV_OK;
    bench b = {.o = o, .model = status == FV_OK ? open_model(o, dataset) : NULL, .batch = (int)o->batch_size};
    status = b.model ? cli_tuning_open(o, &b.tuning) : fv_last_status();
    if (status == FV_OK) status = dataset ? time_epochs(&b, dataset) : time_steps(&b);
    b.resident = fv_peak_rss();
    if (status == FV_OK && (o->profile || o->trace)) status = profile(&b);
    if (status == FV_OK) (o->json ? print_json : print_table)(&b);
    fv_profile_free(b.profile);
    fv_trainer_free(b.trainer);
    fv_predictor_free(b.predictor);
    cli_tuning_close(&b.tuning);
    fv_free(b.x);
    fv_free(b.logits);
    fv_free(b.labels);
    fv_model_free(b.model);
    fv_dataset_free(dataset);
    return status;
}
