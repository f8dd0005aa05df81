/* What oneDNN computes, in Fovea's terms: the seam. Behind it are dnn_*.c: for oneDNN 2.x and 3.x, which differ in
 * dnn_dialect.h alone, or, in a build without oneDNN, dnn_none.c. Nothing else in the tree knows dnnl.h.
 *
 * A primitive is one operation on one shape, compiled when it is created and run many times.
 *   - Creation returns FV_OK with *out == NULL when oneDNN has no fast implementation of what was asked ("refused"):
 *     that is no error, the caller picks another kernel. A failure is misuse (FV_BAD_ARGUMENT) or FV_NO_MEMORY.
 *   - Activations lie FV_PLAIN ([N,C,H,W]; [N,C] for linear) or FV_BLOCKED with `block` lanes, 8 or 16; where they are
 *     blocked, lanes beyond C are read as zeros and written as zeros. All tensors are f32, unless an activation lies
 *     FV_BLOCKED_BF16: then activations (plain ones too) and weights are bf16, all else is f32, gradients of weights too.
 *   - A weight lies as the primitive wants it (fv_prim_weights says how), or as told by `weights` or `plain_weights`.
 *     Biases, statistics, scales and shifts are plain vectors of C.
 *   - A primitive belongs to one thread at a time and brings its own threads. It is created and run between
 *     fv_team_enter and fv_team_leave of one team, and never within that team's run.
 *   - Pointers should be aligned to 64 bytes; they may change from run to run.
 *
 * Refused by 2.6.3, and much the same by 3.x, among others: mixed layouts, except plain images of few channels to a
 * blocked output (but their BACKWARD); groups that are not whole blocks, unless depthwise; a blocked input of fewer
 * channels than a block; backward passes of dilated convolutions with strides. From plain to plain every convolution is
 * made. */
#ifndef KERNELS_DNN_H
#define KERNELS_DNN_H

#include "core/status.h"
#include "kernels/layout.h"
#include "kernels/shapes.h"

typedef struct fv_dnn_layout fv_dnn_layout; /* shape and order of one parameter */
typedef struct fv_prim fv_prim;

/* "oneDNN 2.6.3", "no oneDNN". */
const char *fv_dnn_version(void);
/* Caps the instructions that primitives use: "sse41", "avx2" or "avx512". Only before the process's first primitive. */
fv_status fv_dnn_max_isa(const char *isa);

/* ---- Primitives ---- */

typedef enum fv_dnn_pass {
    FV_DNN_INFER,
    FV_DNN_TRAIN,            /* forward, keeping in the workspace what backward needs */
    FV_DNN_BACKWARD,         /* diff_dst -> diff_src */
    FV_DNN_BACKWARD_WEIGHTS, /* src, diff_dst -> diff_weights, diff_bias: convolution and linear */
} fv_dnn_pass;

/* y = f(x). Backward reads dst, y, except hard_swish, which reads src, x. */
typedef enum fv_dnn_function {
    FV_DNN_IDENTITY,
    FV_DNN_RELU,    /* x > 0 ? x : alpha x; alpha >= 0 */
    FV_DNN_CLIP,    /* min(max(x, alpha), beta): relu6 is 0, 6 */
    FV_DNN_SIGMOID, /* 1 / (1 + exp(-x)) */
    FV_DNN_TANH,
    FV_DNN_HARD_SWISH, /* x min(max(x + 3, 0), 6) / 6 */
} fv_dnn_function;

/* What a forward convolution or linear does to its sum before it stores it: dst = f(sum + (add ? old dst : 0)). */
typedef struct fv_dnn_post {
    bool add;
    fv_dnn_function function;
    float alpha, beta;
} fv_dnn_post;

typedef struct fv_dnn_conv {
    fv_conv_shape shape;
    fv_layout_kind src, dst; /* of the gradients too */
    int block;
    bool bias;
    bool plain_weights;
    const fv_dnn_layout *weights; /* of the gradient too; NULL: the primitive's choice */
    fv_dnn_post post;             /* forward passes only */
} fv_dnn_conv;

/* x [N,in] * w [out,in] -> y [N,out], activations plain. (A blocked [N,C,1,1] of whole blocks is a plain [N,C].) */
typedef struct fv_dnn_linear {
    int n, in, out;
    bool bias;
    bool plain_weights;
    const fv_dnn_layout *weights;
    fv_dnn_post post;
} fv_dnn_linear;

typedef struct fv_dnn_pool {
    fv_pool_shape shape;
    bool average; /* otherwise the maximum; the first of equal ones gets the gradient */
    fv_layout_kind layout;
    int block;
} fv_dnn_pool;

/* A copy of an activation in another layout. */
typedef struct fv_dnn_relayout {
    int n, c, h, w;
    fv_layout_kind from, to;
    int block;
} fv_dnn_relayout;

/* `forward`: the TRAIN primitive that a backward one belongs to, which is to live as long; NULL for forward passes, and
 * may be NULL for convolution and linear. */
fv_status fv_dnn_conv_new(const fv_dnn_conv *what, fv_dnn_pass pass, const fv_prim *forward, fv_prim **out);
fv_status fv_dnn_linear_new(const fv_dnn_linear *what, fv_dnn_pass pass, const fv_prim *forward, fv_prim **out);
fv_status fv_dnn_pool_new(const fv_dnn_pool *what, fv_dnn_pass pass, const fv_prim *forward, fv_prim **out);
fv_status fv_dnn_relayout_new(const fv_dnn_relayout *what, fv_prim **out);
/* src -> dst, a parameter from one layout to another; NULL is plain. Refused where the shapes differ in rank. */
fv_status fv_dnn_reorder_new(const fv_dnn_layout *from, const fv_dnn_layout *to, fv_prim **out);
void fv_prim_free(fv_prim *p);

/* oneDNN's name of the implementation, "jit:avx512_core"; what it computes, "convolution [8,3,224,224]*[64,3,7,7]". */
const char *fv_prim_implementation(const fv_prim *p);
const char *fv_prim_label(const fv_prim *p);
/* How weights (diff_weights for BACKWARD_WEIGHTS) lie. Lives as long as the primitive; NULL where there are none. */
const fv_dnn_layout *fv_prim_weights(const fv_prim *p);
/* Of a TRAIN convolution in bf16: how its BACKWARD_WEIGHTS gives the gradient, and the f32 weight so had best lie; else NULL. */
const fv_dnn_layout *fv_prim_master(const fv_prim *p);
/* Bytes. The workspace goes from TRAIN to BACKWARD; the scratchpad holds nothing between runs. */
size_t fv_prim_workspace(const fv_prim *p);
size_t fv_prim_scratch(const fv_prim *p);

/* Where things are, by role. What a primitive does not use is ignored; what it uses must not be NULL. */
typedef struct fv_prim_args {
    const void *src;
    const void *weights, *bias;
    const void *diff_dst;
    void *dst, *diff_src, *diff_weights, *diff_bias;
    void *workspace, *scratch;
} fv_prim_args;

/* Allocates nothing of ours. */
fv_status fv_prim_run(fv_prim *p, const fv_prim_args *args);

/* ---- Layouts of parameters ---- */

/* NULL if memory ran out, or given NULL. */
fv_dnn_layout *fv_dnn_layout_copy(const fv_dnn_layout *layout);
void fv_dnn_layout_free(fv_dnn_layout *layout);
/* NULL equals only NULL. */
bool fv_dnn_layout_equal(const fv_dnn_layout *a, const fv_dnn_layout *b);
bool fv_dnn_layout_is_plain(const fv_dnn_layout *layout);
bool fv_dnn_layout_is_bf16(const fv_dnn_layout *layout);
/* With padding: lanes beyond the shape are zero. */
size_t fv_dnn_layout_bytes(const fv_dnn_layout *layout);
/* fv_dnn_reorder_new, run once. Where that is refused: FV_UNSUPPORTED. */
fv_status fv_dnn_reorder(const fv_dnn_layout *from, const void *src, const fv_dnn_layout *to, void *dst);

#endif
