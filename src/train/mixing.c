#include "train/mixing.h"

#include "augment/mix.h"
#include "core/memory.h"

enum { MOST_ALPHA = 100 };

static fv_status check_alpha(const char *name, float alpha) {
    if (alpha >= 0 && alpha <= MOST_ALPHA) return FV_OK;
    return fv_fail(FV_BAD_ARGUMENT, "%s %g: must be above 0 and at most %d", name, (double)alpha, MOST_ALPHA);
}

fv_status fv_mixing_check(float mixup, float cutmix, const fv_loss *loss) {
    FV_TRY(check_alpha("mixup", mixup));
    FV_TRY(check_alpha("cutmix", cutmix));
    if (loss->ignore && (mixup > 0 || cutmix > 0))
        return fv_fail(FV_BAD_ARGUMENT,
                       "%s and ignore_index: an image that is left out cannot be mixed: give one of them",
                       mixup > 0 ? "mixup" : "cutmix");
    return FV_OK;
}

fv_status fv_mixing_init(fv_mixing *mixing, const fv_trainer *trainer, float mixup, float cutmix) {
    const size_t size = (size_t)trainer->args.batch_size;
    *mixing = (fv_mixing){.mixup = mixup, .cutmix = cutmix};
    if (!fv_is_mixing(mixing)) return FV_OK;
    mixing->targets = fv_alloc(size * (size_t)trainer->classes, sizeof *mixing->targets);
    mixing->strongest = fv_alloc(size, sizeof *mixing->strongest);
    return mixing->targets && mixing->strongest ? FV_OK : FV_NO_MEMORY;
}

size_t fv_mixing_bytes(const fv_mixing *mixing, const fv_trainer *trainer) {
    size_t image = (size_t)trainer->classes * sizeof *mixing->targets + sizeof *mixing->strongest;
    return fv_is_mixing(mixing) ? (size_t)trainer->args.batch_size * image : 0;
}

void fv_mixing_free(fv_mixing *mixing) {
    fv_free(mixing->targets);
    fv_free(mixing->strongest);
}

typedef struct work {
    fv_mix mix;
    float *x;
    int n, c, h, w;
} work;

static void mix_share(void *context, int thread, int nthreads) {
    const work *job = context;
    fv_mix_images(&job->mix, job->x, job->n, job->c, job->h, job->w, thread, nthreads);
}

void fv_mix_batch(fv_mixing *mixing, const fv_trainer *trainer, uint64_t epoch, size_t index, const fv_batch *batch) {
    work job = {.x = batch->x, .n = batch->count};
    fv_model_input(trainer->session.model, &job.c, &job.h, &job.w);
    job.mix =
        fv_mix_draw((double)mixing->mixup, (double)mixing->cutmix, trainer->args.seed, epoch, index, job.h, job.w);
    fv_team_run(trainer->team, mix_share, &job);
    fv_mix_labels(&job.mix, batch->labels, batch->count, trainer->classes, mixing->targets, mixing->strongest);
}
