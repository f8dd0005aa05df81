/* fovea bench --mode load: what training does to images before the network sees them, decoding, resizing, augmenting and
 * normalising, over and over without keeping any. */
#include "augment/augment.h"
#include "bench.h"
#include "core/clock.h"
#include "core/threads.h"
#include "data/loader.h"
#include "inputs.h"
#include "settings.h"
#include "text.h"

static const double round_seconds = 0.2;

typedef struct load {
    const cli_options *o;
    const fv_dataset *set;
    fv_loader_args args;
    fv_loader *loader;
    int threads;
    uint64_t epoch;
    double speed[CLI_BENCH_ROUNDS]; /* images a second */
} load;

/* One batch, the next epoch's first where this one is over. *images counts on. */
static fv_status next_batch(load *l, size_t *images) {
    fv_batch batch;
    FV_TRY(fv_loader_next(l->loader, &batch));
    *images += (size_t)batch.count;
    if (batch.count > 0) return FV_OK;
    return fv_loader_start(l->loader, ++l->epoch, 0);
}

/* A first epoch brings the files into the system's cache. */
static fv_status measure(load *l) {
    size_t images = 0;
    FV_TRY(fv_loader_start(l->loader, 0, 0));
    while (l->epoch == 0) FV_TRY(next_batch(l, &images));
    for (int round = 0; round < CLI_BENCH_ROUNDS; round++) {
        double begin = fv_seconds(), took = 0;
        for (images = 0; images == 0 || took < round_seconds; took = fv_seconds() - begin)
            FV_TRY(next_batch(l, &images));
        l->speed[round] = (double)images / took;
    }
    return FV_OK;
}

static void print_json(load *l) {
    const cli_options *o = l->o;
    double speed = cli_median(l->speed, CLI_BENCH_ROUNDS);
    printf("{\"mode\":\"load\",\"data\":");
    cli_print_json(stdout, o->data);
    printf(",\"input\":[%d,%d,%d],\"resize\":\"%s\",\"decode\":\"%s\",\"augment\":", l->args.channels, l->args.height,
           l->args.width, o->resize, o->decode);
    cli_print_json(stdout, o->augment ? o->augment : "");
    printf(",\"batch_size\":%d,\"threads\":%d,\"images_per_second\":%.1f,\"images_per_second_min\":%.1f,"
           "\"images_per_second_max\":%.1f,\"images_per_second_per_core\":%.1f}\n",
           l->args.batch_size, l->threads, speed, l->speed[0], l->speed[CLI_BENCH_ROUNDS - 1], speed / l->threads);
}

static void print_table(load *l) {
    const cli_options *o = l->o;
    double speed = cli_median(l->speed, CLI_BENCH_ROUNDS);
    char text[32], slowest[32], fastest[32];
    printf("%s to %dx%dx%d, resize %s, decode %s, augment %s, %d thread%s\n", o->data, l->args.channels, l->args.height,
           l->args.width, o->resize, o->decode, o->augment ? o->augment : "nothing", l->threads,
           l->threads == 1 ? "" : "s");
    printf("images/s   %s (%s to %s in %d rounds)\n", cli_count((unsigned long long)speed, text),
           cli_count((unsigned long long)l->speed[0], slowest),
           cli_count((unsigned long long)l->speed[CLI_BENCH_ROUNDS - 1], fastest), CLI_BENCH_ROUNDS);
    printf("per core   %s\n", cli_count((unsigned long long)(speed / l->threads), text));
    printf("ms/image   %.4g on each\n", 1e3 * l->threads / speed);
}

/* By the team's threads alone, as in training without --workers. */
static fv_status prepare(load *l) {
    const cli_options *o = l->o;
    int input[3];
    cli_input_shape(o, l->set, input);
    l->args = (fv_loader_args){.channels = input[0],
                               .height = input[1],
                               .width = input[2],
                               .batch_size = (int)o->batch_size,
                               .team = l->args.team,
                               .shuffle = true,
                               .augment = o->augment};
    if ((size_t)l->args.batch_size > fv_dataset_count(l->set)) l->args.batch_size = (int)fv_dataset_count(l->set);
    FV_TRY(cli_preprocess_settings(o, l->set, input[0], &l->args.preprocess));
    l->loader = fv_loader_new(l->set, &l->args);
    return l->loader ? FV_OK : fv_last_status();
}

fv_status cli_bench_load(cli_options *o) {
    fv_dataset *set = fv_dataset_open(o->data, FV_TRAIN);
    if (!set) return fv_last_status();
    load l = {.o = o, .set = set, .args.team = fv_team_new((int)o->threads)};
    fv_status status = l.args.team ? fv_dataset_cache(set, 0) : fv_last_status();
    if (status == FV_OK) status = prepare(&l);
    if (status == FV_OK) l.threads = fv_team_size(l.args.team);
    if (status == FV_OK) status = measure(&l);
    if (status == FV_OK) (o->json ? print_json : print_table)(&l);
    fv_loader_free(l.loader);
    fv_team_free(l.args.team);
    fv_dataset_free(set);
    return status;
}
