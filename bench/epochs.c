/* What picture files cost in training: epochs of AlexNet (the book's, 3x224x224, one logit, Adam, batch 32) from files that are
 * decoded, resized and normalised anew in each, loaded as fv_fit does, and epochs on the same batches held in memory as the
 * network's input, in turn. `epochs FOLDER [ROUNDS [WORKERS [AUGMENT]]]`: FOLDER of the dataset folder:FOLDER. A line a round:
 * seconds from files, seconds from memory. */
#include "core/clock.h"
#include "core/memory.h"
#include "data/loader.h"
#include "fovea/train.h"
#include "train/trainer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 32, SIDE = 224, PIXELS = 3 * SIDE * SIDE };

typedef struct bench {
    fv_dataset *set;
    fv_model *model;
    fv_trainer *trainer;
    fv_loader *loader;
    float *x; /* [images, 3, SIDE, SIDE] in the loader's order */
    int *labels;
} bench;

static fv_status open_all(bench *b, const char *folder, int workers, const char *augment) {
    b->set = fv_folder(folder);
    FV_TRY(fv_dataset_cache(b->set, 0));
    b->model = fv_alexnet(.classes = 1);
    b->trainer = fv_trainer_new(b->model, .batch_size = BATCH);
    if (!b->trainer) return fv_last_status();
    fv_loader_args args = {.channels = 3,
                           .height = SIDE,
                           .width = SIDE,
                           .preprocess = fv_dataset_preprocess(b->set, 3),
                           .batch_size = BATCH,
                           .workers = workers,
                           .team = b->trainer->team,
                           .shuffle = true,
                           .augment = augment};
    b->loader = fv_loader_new(b->set, &args);
    b->x = fv_alloc(fv_dataset_count(b->set), PIXELS * sizeof(float));
    b->labels = FV_NEW_N(int, fv_dataset_count(b->set));
    return b->loader && b->x && b->labels ? FV_OK : fv_last_status();
}

static fv_status train(bench *b, const float *x, const int *labels, int count) {
    return fv_trainer_step(b->trainer, x, labels, count, 0, NULL);
}

/* An epoch from files; with `keep` it fills the memory instead of training. */
static fv_status from_files(bench *b, uint64_t epoch, bool keep) {
    fv_batch batch;
    FV_TRY(fv_loader_start(b->loader, epoch, 0));
    for (size_t done = 0;; done += (size_t)batch.count) {
        FV_TRY(fv_loader_next(b->loader, &batch));
        if (batch.count == 0) return FV_OK;
        if (keep) {
            memcpy(b->x + done * PIXELS, batch.x, (size_t)batch.count * PIXELS * sizeof(float));
            memcpy(b->labels + done, batch.labels, (size_t)batch.count * sizeof(int));
        } else {
            FV_TRY(train(b, batch.x, batch.labels, batch.count));
        }
    }
}

static fv_status from_memory(bench *b) {
    size_t images = fv_dataset_count(b->set);
    for (size_t i = 0; i < images; i += BATCH) {
        size_t left = images - i;
        FV_TRY(train(b, b->x + i * PIXELS, b->labels + i, left < BATCH ? (int)left : BATCH));
    }
    return FV_OK;
}

static fv_status run(bench *b, int rounds) {
    FV_TRY(from_files(b, 0, true));
    FV_TRY(train(b, b->x, b->labels, BATCH)); /* touches all memory */
    for (int round = 0; round < rounds; round++) {
        double begin = fv_seconds();
        FV_TRY(from_files(b, (uint64_t)round + 1, false));
        double middle = fv_seconds();
        FV_TRY(from_memory(b));
        printf("%.4f %.4f\n", middle - begin, fv_seconds() - middle);
        fflush(stdout);
    }
    return FV_OK;
}

int main(int argc, char **argv) {
    if (argc < 2) return fprintf(stderr, "usage: epochs FOLDER [ROUNDS [WORKERS [AUGMENT]]]\n"), 2;
    bench b = {0};
    fv_status status = open_all(&b, argv[1], argc > 3 ? atoi(argv[3]) : 0, argc > 4 ? argv[4] : NULL);
    if (status == FV_OK) status = run(&b, argc > 2 ? atoi(argv[2]) : 3);
    if (status != FV_OK) fprintf(stderr, "epochs: %s\n", fv_error());
    fv_free(b.x);
    fv_free(b.labels);
    fv_loader_free(b.loader);
    fv_trainer_free(b.trainer);
    fv_model_free(b.model);
    fv_dataset_free(b.set);
    return status == FV_OK ? 0 : 1;
}
