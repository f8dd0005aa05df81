/* The element-wise functions that other operators apply as they store, when a fusion pass has told them to: fv_activation. */
#ifndef OPS_ACTIVATION_H
#define OPS_ACTIVATION_H

#include "graph/op.h"
#include "kernels/activation.h"
#include "kernels/dnn.h"

#define FV_ACTIVATION_HELP "0 none, 1 ReLU, 2 leaky ReLU, 3 ReLU6, 4 hard swish"

/* Which one an element-wise node is; FV_ACTIVATION_NONE: none of them. */
fv_activation fv_activation_of(const fv_node *node);

/* The kernel y = f(x); NULL: there is none without a further argument, or f is FV_ACTIVATION_NONE. */
typedef void fv_activation_kernel(size_t count, const float *x, float *y);
fv_activation_kernel *fv_activation_simd(fv_activation f);

/* y = f(y). The slope is the leaky ReLU's. */
void fv_activate(fv_activation f, float slope, size_t count, float *y);
double fv_activate_ref(fv_activation f, double slope, double y);
/* f'(x). */
double fv_activation_slope(fv_activation f, double slope, double x);

/* The same as oneDNN is told it. */
fv_dnn_post fv_activation_post(fv_activation f, float slope);

#endif
