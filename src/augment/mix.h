/* Mixing the images of a batch, and their labels: mixup (Zhang et al. 2017, "mixup: Beyond Empirical Risk Minimization") and
 * CutMix (Yun et al. 2019), as in torchvision's reference training: each image with the one before it, the first with the last,
 * all of a batch in the same shares. */
#ifndef AUGMENT_MIX_H
#define AUGMENT_MIX_H

#include "image/prepare.h"

typedef struct fv_mix {
    double share; /* of the image itself, the rest being its neighbour's */
    bool cut;     /* the rectangle shows the neighbour, else all pixels are blended */
    fv_rectangle cutout;
} fv_mix;

/* What becomes of a batch: a function of (seed, epoch, batch), the size and the alphas alone. Shares are of Beta(alpha, alpha),
 * alpha 0: that kind is not wanted; where both are, one is drawn. Cutting, the share is what is left of the image. */
fv_mix fv_mix_draw(double mixup, double cutmix, uint64_t seed, uint64_t epoch, size_t batch, int height, int width);

/* x [n,c,h,w] in place: a thread's share of the work. */
void fv_mix_images(const fv_mix *mix, float *x, int n, int c, int h, int w, int thread, int nthreads);

/* targets [n,classes]: the shares of each label; strongest [n]: the label with the larger one, its own of equals. */
void fv_mix_labels(const fv_mix *mix, const int *labels, int n, int classes, float *targets, int *strongest);

#endif
