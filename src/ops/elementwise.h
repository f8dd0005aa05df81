/* What the rooms of element-wise operators share: the output has the shape and layout of the inputs, every layout is one
 * flat array, and the derivative is a function of the output y alone where that can be, so that x need not be kept. */
#ifndef OPS_ELEMENTWISE_H
#define OPS_ELEMENTWISE_H

#include "ops/kernel.h"

/* The output has the shape of input 0. */
fv_status fv_infer_same(const fv_node *node, fv_shape out[]);

/* Emits backward(y, dy), the gradient of input 0. */
fv_status fv_grad_by_output(fv_node *node, const fv_op *backward, fv_value *const dy[], fv_value *dx[]);
/* Emits backward(x, dy). */
fv_status fv_grad_by_input(fv_node *node, const fv_op *backward, fv_value *const dy[], fv_value *dx[]);

/* Elements of the tensors of an element-wise node in `ref`. */
static inline size_t fv_elements(const fv_node *node) { return fv_shape_count(&node->out[0].shape); }

/* Where a thread's own images (groups of images in FV_BATCH) lie in a tensor: floats [begin, end), padding lanes
 * included. */
typedef struct fv_range {
    size_t begin, end;
} fv_range;
fv_range fv_own_range(const fv_shape *shape, fv_layout_kind kind, int thread, int nthreads);

/* A thread's share of an element-wise step, all of whose tensors have the shape and layout of output 0. */
typedef struct fv_flat {
    size_t count;
    const float *in[2]; /* of the first two inputs; in[1] is NULL where there is one */
    float *out;
} fv_flat;
fv_flat fv_flat_share(const fv_step *step, int thread, int nthreads);

/* Calls `apply` for a thread's share of such a step: for all of it at once, or, where it is stored in bf16, for one chunk of f32
 * after the other. */
void fv_flat_run(const fv_step *step, int thread, int nthreads, void (*apply)(const fv_step *step, const fv_flat *f));

/* For functions with f(0) != 0, after they ran: lanes beyond C of FV_BLOCKED are zero again in a thread's own images. */
void fv_zero_lanes(const fv_step *step, int thread, int nthreads);

#define FV_FLAT_BF16_KERNEL(run) \
    { "simd", FV_BLOCKED_BF16, FV_BLOCKED_BF16, FV_LOCAL, NULL, NULL, run }
#define FV_FLAT_KERNELS(run)                                                                                           \
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, NULL, NULL, run}, {"simd", FV_PLAIN, FV_PLAIN, FV_LOCAL, NULL, NULL, run}, \
        {"simd", FV_BLOCKED, FV_BLOCKED, FV_LOCAL, NULL, NULL, run},

/* The facts that the operators of a room share: an fv_op's initialisers. */
#define FV_FLAT_OP(inputs, kernels_)                                                             \
    .min_in = inputs, .max_in = inputs, .n_out = 1, .infer = fv_infer_same, .kernels = kernels_, \
    .n_kernels = FV_COUNT(kernels_)

#endif
