/* Test-time flips: a picture and its mirror images, answered as one. */
#ifndef TRAIN_FLIPS_H
#define TRAIN_FLIPS_H

#include "train/session.h"

/* What answering takes beside a session; zero: no flips. */
typedef struct fv_flips {
    fv_tta tta;
    int batch;     /* images at once */
    float *x;      /* [batch,C,H,W] mirror images; owned, as the rest */
    float *logits; /* [batch,K] of one image's */
    double *sums;  /* [batch,K], or [batch,2] for one logit: logarithms of summed probabilities */
} fv_flips;

/* FV_BAD_ARGUMENT for a tta that is none. To be freed also on failure. */
fv_status fv_flips_make(const fv_model *model, fv_tta tta, int batch, fv_flips *flips);
void fv_flips_free(fv_flips *flips);
size_t fv_flips_bytes(const fv_flips *flips, const fv_model *model);

/* logits [n,K] of x [n,C,H,W], any n: the session's own without flips, else those of the mean of the flips' probabilities. */
fv_status fv_flips_forward(fv_flips *flips, fv_session *session, const float *x, size_t n, float *logits);

#endif
