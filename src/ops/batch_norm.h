/* Shared by the files of batch norm: the room (batch_norm.c) and its kernels (batch_norm_run.c). */
#ifndef OPS_BATCH_NORM_H
#define OPS_BATCH_NORM_H

#include "ops/kernel.h"

enum {
    FV_BN_X,
    FV_BN_GAMMA,
    FV_BN_BETA,
    FV_BN_RUNNING_MEAN,
    FV_BN_RUNNING_VAR,
    FV_BN_IN,
    FV_BN_SKIP = FV_BN_IN
};                                                       /* forward: inputs, */
enum { FV_BN_Y, FV_BN_MEAN, FV_BN_VARIANCE, FV_BN_OUT }; /* outputs */
enum {
    FV_BNB_X,
    FV_BNB_DY,
    FV_BNB_GAMMA,
    FV_BNB_BETA,
    FV_BNB_MEAN,
    FV_BNB_VARIANCE,
    FV_BNB_IN,
    FV_BNB_Y = FV_BNB_IN
};                                                                                      /* backward: inputs, */
enum { FV_BNB_DX, FV_BNB_DGAMMA, FV_BNB_DBETA, FV_BNB_OUT, FV_BNB_DSKIP = FV_BNB_OUT }; /* outputs */
enum { FV_BNI_DY, FV_BNI_GAMMA, FV_BNI_VARIANCE, FV_BNI_IN }; /* backward of inference: inputs */

fv_status fv_batch_norm_plan(fv_step *step); /* of training, forward and backward */
void fv_batch_norm_run(const fv_step *step, int thread, int nthreads);
void fv_batch_norm_run_backward(const fv_step *step, int thread, int nthreads);
void fv_batch_norm_run_skip_backward(const fv_step *step, int thread, int nthreads);
void fv_batch_norm_run_inference(const fv_step *step, int thread, int nthreads);
void fv_batch_norm_run_inference_backward(const fv_step *step, int thread, int nthreads);

#endif
