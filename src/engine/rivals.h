/* The kernels that can run a layer in given layouts, and the texts by which a tuning knows layer and kernels. Internal to
 * src/engine/. */
#ifndef ENGINE_RIVALS_H
#define ENGINE_RIVALS_H

#include "engine/build.h"

enum { FV_PASSES = 4, FV_RIVALS = 16, FV_CHOICE_NAME = 64 };

/* A layer: its node and the backward nodes that run, in layouts that are settled. */
typedef struct fv_passes {
    const fv_node *nodes[FV_PASSES]; /* the forward one first */
    int n;
    fv_layout_kind in, out; /* of activations, as fv_kernel has them of the forward node */
} fv_passes;

/* The kernels, and their variants, that could run a pass; some of them will refuse. Returns how many. */
int fv_rivals(const fv_passes *passes, int pass, int threads, fv_choice rivals[FV_RIVALS]);
/* "dnn", "winograd F(4x4,3x3)". */
void fv_choice_name(const fv_op *op, const fv_choice *choice, char name[FV_CHOICE_NAME]);

/* False where a text has no room. */
bool fv_name_layer(const fv_passes *passes, int threads, char layer[FV_PICK_TEXT]);
bool fv_name_kernels(const fv_passes *passes, const fv_choice *choices, char kernels[FV_PICK_TEXT]);
/* The other way round. False for what this library has no kernels for: the text may come from anywhere. */
bool fv_find_kernels(const fv_passes *passes, int threads, const char *kernels, fv_choice *choices);

#endif
