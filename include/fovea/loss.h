/* fovea/loss.h: what training makes small. A loss is a small struct by value, checked where it is used:
 *
 *     fv_fit(net, train, val, .loss = fv_cross_entropy(.label_smoothing = 0.1f), ...);
 */
#ifndef FOVEA_LOSS_H
#define FOVEA_LOSS_H

#include "fovea/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fv_loss_kind {
    FV_LOSS_DEFAULT = 0, /* FV_BCE for a network with one logit, FV_CROSS_ENTROPY for others */
    FV_CROSS_ENTROPY,    /* softmax over all logits: one class of many */
    FV_BCE,              /* a sigmoid to each logit: two classes by one logit, or independent labels */
    FV_FOCAL,            /* what the default would be, with gamma 2 unless told otherwise */
} fv_loss_kind;

typedef struct fv_loss {
    fv_loss_kind kind;
    /* The share of the target spread over all classes, of bce over yes and no; default 0, below 1. */
    float label_smoothing;
    /* A factor for each class, 0 or more, two for one logit; the mean is over the weights met, as PyTorch has it: sum of
     * weight times loss through sum of weights. Default NULL: all 1. Not for bce of several logits. It stays the caller's,
     * and is copied by the call that is given the loss. */
    const float *class_weights;
    float pos_weight; /* bce: factor of the positive term; default 1, above 0 */
    /* Focal loss (Lin et al. 2017): each term times (1 - its probability)^gamma, so that what is right already counts for
     * little; 0 (FV_ZERO for fv_focal) to 100; default 0, of fv_focal 2. */
    float gamma;
    float
        alpha; /* bce: factor of the positive term, 1 - alpha of the negative one; above 0, below 1; default: both 1 */
    float weight; /* factor of the whole loss; default 1, above 0 */
    /* Images labelled ignore_index are left out: of loss, gradient, metrics and their counts. Any number will do, also what is
     * no class, where labels are the caller's. */
    bool ignore;
    int ignore_index;
    int zero_;
} fv_loss;

/* FV_OK, or FV_BAD_ARGUMENT naming the option, its value and its limit. */
FV_API fv_status fv_loss_check(const fv_loss *loss);

/* "cross_entropy", "bce" or "focal" with default options; FV_BAD_ARGUMENT lists the names. */
FV_API fv_status fv_loss_named(const char *name, fv_loss *loss);
FV_API const char *fv_loss_name(int index); /* of the index-th loss; NULL past the last */

#define fv_cross_entropy(...) ((fv_loss){.kind = FV_CROSS_ENTROPY, __VA_ARGS__})
#define fv_bce(...)           ((fv_loss){.kind = FV_BCE, __VA_ARGS__})
#define fv_focal(...)         ((fv_loss){.kind = FV_FOCAL, __VA_ARGS__})

#ifdef __cplusplus
}
#endif

#endif
