/* What the pooling operators share: arguments, shapes, oneDNN's primitives, and the kernels of both averages. */
#ifndef OPS_POOL_H
#define OPS_POOL_H

#include "kernels/shapes.h"
#include "ops/dnn_step.h"
#include "ops/window.h"

/* Of max_pool and avg_pool; global_avg_pool has none. count_include_pad is the average's. */
typedef struct fv_pool_node_args {
    fv_window window;
    bool ceil_mode, count_include_pad;
} fv_pool_node_args;

fv_pool_node_args fv_pool_args_from(int kernel, const fv_pool_args *args);

/* [N,C,H,W] -> [N,C,OH,OW]. A window that would see nothing but padding is an error: it has neither maximum nor mean. */
fv_status fv_pool_infer(const fv_node *node, fv_shape out[]);
/* Of a backward node: that of the forward node's input. */
fv_status fv_pool_infer_backward(const fv_node *node, fv_shape out[]);

/* The geometry of a pooling node, or of the forward node of its backward. Without arguments the window is all of the input. */
fv_pool_shape fv_pool_shape_of(const fv_node *node);

/* Plans oneDNN's primitive of the step; output 1 of a forward step, if any, is its workspace. */
fv_status fv_pool_plan_dnn(fv_step *step, bool average, fv_dnn_pass pass);

/* Of avg_pool and global_avg_pool. */
enum { FV_AVG_KERNELS = 4 };
extern const fv_kernel fv_avg_kernels[FV_AVG_KERNELS], fv_avg_backward_kernels[FV_AVG_KERNELS];

#endif
