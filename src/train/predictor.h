/* The forward pass within a session: what prediction and evaluation share. */
#ifndef TRAIN_PREDICTOR_H
#define TRAIN_PREDICTOR_H

#include "train/session.h"

/* Makes the plan for batches of the predictor's batch size now. Whether it fits into memory is the caller's to ask. */
fv_status fv_predictor_prepare(fv_predictor *predictor);

/* logits [n,K] of x [n,C,H,W] by plans of at most `batch` images. */
fv_status fv_session_forward(fv_session *session, int batch, const float *x, size_t n, float *logits);

fv_session *fv_predictor_session(fv_predictor *predictor);

#endif
