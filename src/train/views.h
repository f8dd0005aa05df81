/* Test-time augmentation: views of a picture (its mirror images, and as moved a little) answered as one. */
#ifndef TRAIN_VIEWS_H
#define TRAIN_VIEWS_H

#include "train/session.h"

/* What answering takes beside a session; zero: the picture alone. */
typedef struct fv_views {
    fv_tta tta;
    int batch;     /* images at once */
    float *x;      /* [batch,C,H,W] of one view; owned, as the rest */
    float *logits; /* [batch,K] of one image's */
    double *sums;  /* [batch,K], or [batch,2] for one logit: logarithms of summed probabilities */
} fv_views;

/* FV_BAD_ARGUMENT for a tta that is none. To be freed also on failure. */
fv_status fv_views_make(const fv_model *model, fv_tta tta, int batch, fv_views *views);
void fv_views_free(fv_views *views);
size_t fv_views_bytes(const fv_views *views, const fv_model *model);

/* logits [n,K] of x [n,C,H,W], any n: the session's own without further views, else those of the mean of all views' probabilities. */
fv_status fv_views_forward(fv_views *views, fv_session *session, const float *x, size_t n, float *logits);

#endif
