/* What rows of FV_BATCH share: a thread works on its own groups of images, with its own scratch, and leaves its own part of
 * a parameter's gradient. */
#ifndef OPS_BATCH_STEP_H
#define OPS_BATCH_STEP_H

#include "kernels/cpu.h"
#include "ops/kernel.h"

#include <string.h>

typedef struct fv_batch_share {
    int begin, end; /* groups */
    void *scratch;
} fv_batch_share;

static inline fv_batch_share fv_batch_share_of(const fv_step *step, int images, int thread, int nthreads) {
    fv_batch_share own;
    fv_share(fv_groups(images), thread, nthreads, &own.begin, &own.end);
    own.scratch = (unsigned char *)step->own_scratch + step->own_scratch_stride * (size_t)thread;
    return own;
}

/* Outputs of parameters come in a part a thread. */
static inline void fv_batch_parts(fv_step *step) {
    for (int i = 0; i < step->node->n_out; i++) step->out_layout[i].parts = step->threads;
}

/* This thread's part of output i. Where fewer threads run than were planned, thread 0 clears the parts that nobody has. */
static inline float *fv_batch_part(const fv_step *step, int i, int thread, int nthreads) {
    for (int part = nthreads; thread == 0 && part < step->threads; part++)
        memset(fv_part(step->out[i], step->out_bytes[i], part), 0, step->out_bytes[i]);
    return fv_part(step->out[i], step->out_bytes[i], thread);
}

#endif
