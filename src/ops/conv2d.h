/* Shared by the files that run convolutions. */
#ifndef OPS_CONV2D_H
#define OPS_CONV2D_H

#include "kernels/shapes.h"
#include "ops/kernel.h"

/* The shape of a convolution, or of a backward node's. */
fv_conv_shape fv_conv2d_shape(const fv_node *node);

/* Own depthwise kernels in FV_BLOCKED (depthwise.c). The threads share the maps, whatever the image: a step of its own. */
double fv_depthwise_cost(const fv_node *node, int threads);
fv_status fv_depthwise_plan(fv_step *step);
void fv_depthwise_run(const fv_step *step, int thread, int nthreads);
void fv_depthwise_run_data(const fv_step *step, int thread, int nthreads);
void fv_depthwise_run_weights(const fv_step *step, int thread, int nthreads);

/* Winograd's method by own kernels in FV_BLOCKED (winograd.c). */
/* The products of the tile that takes the fewest, where they are fewer than `direct`. */
size_t fv_winograd_least(const fv_conv_shape *shape, size_t direct);
/* Of these kernels: by which tile. An operator's `variant`. */
const char *fv_winograd_variant(const fv_kernel *kernel, int index);
double fv_winograd_cost(const fv_node *node, int threads);
fv_status fv_winograd_plan(fv_step *step);
fv_status fv_winograd_plan_weights(fv_step *step);
/* A weight from FV_PLAIN to FV_WINOGRAD. */
fv_status fv_winograd_plan_transform(fv_step *step);
void fv_winograd_run_transform(const fv_step *step, int thread, int nthreads);
void fv_winograd_run(const fv_step *step, int thread, int nthreads);
void fv_winograd_run_data(const fv_step *step, int thread, int nthreads);
void fv_winograd_run_weights(const fv_step *step, int thread, int nthreads);

#endif
