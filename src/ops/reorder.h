/* A step's own images between FV_PLAIN [C][size] and FV_BLOCKED [C/B][size][B], B = fv_block(); lanes beyond C become
 * zero. `map` is the shape [N,C,...]. */
#ifndef OPS_REORDER_H
#define OPS_REORDER_H

#include "ops/kernel.h"

enum {
    FV_REORDER,
    FV_TRANSFORM
}; /* the kernels of reorder_parameter: between layouts of oneDNN's, and to FV_WINOGRAD */

void fv_block_images(const fv_step *step, const fv_shape *map, int thread, int nthreads);
void fv_unblock_images(const fv_step *step, const fv_shape *map, int thread, int nthreads);

#endif
