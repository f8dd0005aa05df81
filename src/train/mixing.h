/* Steps on batches that are mixed on the way (augment/mix.h). */
#ifndef TRAIN_MIXING_H
#define TRAIN_MIXING_H

#include "data/loader.h"
#include "train/trainer.h"

typedef struct fv_mixing {
    float mixup, cutmix; /* alphas; both 0: nothing is mixed */
    float *targets;      /* [batch_size, classes] */
    int *strongest;      /* [batch_size] */
} fv_mixing;

/* FV_BAD_ARGUMENT if an alpha is out of its range, or the loss leaves images out. */
fv_status fv_mixing_check(float mixup, float cutmix, const fv_loss *loss);

/* Room for the trainer's batches, if anything is to be mixed. */
fv_status fv_mixing_init(fv_mixing *mixing, const fv_trainer *trainer, float mixup, float cutmix);
void fv_mixing_free(fv_mixing *mixing);
size_t fv_mixing_bytes(const fv_mixing *mixing, const fv_trainer *trainer);

/* Mixes the batch, the `index`th of the epoch, in place: its targets and strongest labels are then the mixing's. */
void fv_mix_batch(fv_mixing *mixing, const fv_trainer *trainer, uint64_t epoch, size_t index, const fv_batch *batch);

static inline bool fv_is_mixing(const fv_mixing *mixing) { return mixing->mixup > 0 || mixing->cutmix > 0; }

#endif
