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
} fv_loss_kind;

typedef struct fv_loss {
    fv_loss_kind kind;
    float label_smoothing; /* cross-entropy: the share of the target spread over all classes; default 0, below 1 */
    /* Cross-entropy: a factor for each class, 0 or more; the mean is over the weights met. Default NULL: all 1. It stays
     * the caller's, and is copied by the call that is given the loss. */
    const float *class_weights;
    float pos_weight; /* bce: factor of the positive term; default 1, above 0 */
    float weight;     /* factor of the whole loss; default 1, above 0 */
    int zero_;
} fv_loss;

/* FV_OK, or FV_BAD_ARGUMENT naming the option, its value and its limit. */
FV_API fv_status fv_loss_check(const fv_loss *loss);

/* "cross_entropy" or "bce" with default options; FV_BAD_ARGUMENT lists the names. */
FV_API fv_status fv_loss_named(const char *name, fv_loss *loss);
FV_API const char *fv_loss_name(int index); /* of the index-th loss; NULL past the last */

#define fv_cross_entropy(...) ((fv_loss){.kind = FV_CROSS_ENTROPY, __VA_ARGS__})
#define fv_bce(...)           ((fv_loss){.kind = FV_BCE, __VA_ARGS__})

#ifdef __cplusplus
}
#endif

#endif
