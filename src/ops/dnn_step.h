/* What rows of oneDNN share: a step's state is its primitive, which brings its own threads (FV_SOLO). */
#ifndef OPS_DNN_STEP_H
#define OPS_DNN_STEP_H

#include "kernels/cpu.h"
#include "kernels/dnn.h"
#include "ops/kernel.h"

/* Takes a primitive just made: its scratchpad, and how it wants the parameter at *weights (NULL: it has none). NULL for
 * the primitive means oneDNN refused, and so does the step. */
void fv_dnn_settle(fv_step *step, fv_prim *prim, fv_layout *weights);

/* The primitive of the forward step, which backward primitives take after; NULL where oneDNN did not run it. */
const fv_prim *fv_dnn_forward(const fv_step *step);

/* Runs the step's primitive. */
void fv_dnn_run(const fv_step *step, const fv_prim_args *args);

/* Which forward pass a step is. */
static inline fv_dnn_pass fv_dnn_forward_pass(const fv_step *step) {
    return step->env->training ? FV_DNN_TRAIN : FV_DNN_INFER;
}

#endif
