/* Maps of channels: operators each of whose output channels is a channel of an input, unchanged, or zero. What concat, slice
 * and channel_shuffle are. Every tensor of the node is [N,C,H,W] or [N,C]; only C differs. */
#ifndef OPS_CHANNELS_H
#define OPS_CHANNELS_H

#include "ops/kernel.h"

typedef struct fv_channel {
    int input, channel; /* input -1: zero */
} fv_channel;

/* What channel c of a node's output 0 is: a room's definition. */
typedef fv_channel fv_channel_map(const fv_node *node, int c);

/* plan() and run() of a step that is such a map. */
fv_status fv_plan_channels(fv_step *step, fv_channel_map *map);
void fv_run_channels(const fv_step *step, int thread, int nthreads);
void fv_ref_channels(const fv_node *node, fv_channel_map *map, const double *const in[], double *out);

#define FV_CHANNELS_KERNELS(plan)                                                \
    {"copy", FV_BATCH, FV_BATCH, FV_LOCAL, NULL, plan, fv_run_channels},         \
        {"copy", FV_BLOCKED, FV_BLOCKED, FV_LOCAL, NULL, plan, fv_run_channels}, \
        {"copy", FV_PLAIN, FV_PLAIN, FV_LOCAL, NULL, plan, fv_run_channels},

/* Floats between two channels of an image that follow each other, in a plain tensor. */
static inline size_t fv_plane(const fv_shape *shape) {
    return shape->rank == 4 ? (size_t)shape->dim[2] * (size_t)shape->dim[3] : 1;
}

#endif
