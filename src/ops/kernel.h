/* A kernel is one way of running an operator: which layouts it reads and writes, what it costs, how it is prepared, how
 * it runs. An operator has any number of them, and its definition `ref` always stands behind them.
 *
 * Execution: a plan is a flat list of steps. Every thread of the team runs every step as run(step, thread, nthreads);
 * between steps stands a barrier unless both are FV_LOCAL in the same layout. */
#ifndef OPS_KERNEL_H
#define OPS_KERNEL_H

#include "core/threads.h"
#include "graph/op.h"
#include "kernels/layout.h"

typedef struct fv_dnn_layout fv_dnn_layout;
typedef struct fv_winograd fv_winograd;
typedef struct fv_step fv_step;

/* Batches whose gradients make one step (accumulate). {0}: each batch is a group. */
typedef struct fv_group {
    float weight, total; /* of this batch; of the group so far, this batch's included */
    bool first;
    bool hold; /* the group goes on: nothing is updated */
} fv_group;

/* What changes from run to run of one plan. */
typedef struct fv_run_env {
    fv_team *team;
    uint64_t seed; /* of the run: dropout */
    uint64_t step; /* optimizer steps done before this one */
    float lr;
    fv_group group;
    int count; /* images in the batch: the plan's batch size */
    bool training;
    _Atomic(const fv_node *) *bad_node; /* a step that meets a NaN or infinity where it must not puts its node here */
    fv_status *failure; /* a FV_SOLO step that did not run puts its status here, the message recorded: the run ends */
} fv_run_env;

typedef struct fv_layout {
    fv_layout_kind kind;
    const fv_dnn_layout *opaque; /* of FV_OPAQUE; owned by whoever planned it, alive as long as the plan */
    const fv_winograd *tiles;    /* of FV_WINOGRAD; likewise */
    const fv_dnn_layout *
        master; /* of an opaque bf16 copy that a kernel wants: how the parameter itself, f32, had best lie; NULL: as files hold it */
    int parts; /* 0: one copy. n: n copies, one a thread, that whoever reads them adds up in order (gradients) */
} fv_layout;

enum {
    FV_LOCAL = 1, /* a thread reads and writes activations of its own images only: groups of FV_BATCH_WIDTH in FV_BATCH,
                     single images elsewhere, shared by fv_share; weights are only read, gradients go to its own part */
    FV_SOLO = 2,  /* called once, outside the team: it brings its own threads (oneDNN), or needs none */
};

typedef struct fv_kernel {
    const char *name; /* "batch", "dnn", "simd", "ref": a node and its backward nodes are run by kernels of one name */
    /* Layouts of activations. Forward: of its inputs, of its outputs. Backward: `in` is that of the forward node's
     * outputs and of their gradients (which it reads), `out` that of the forward node's inputs and of their gradients. */
    fv_layout_kind in, out;
    unsigned flags;
    /* Seconds for this node on a team of so many threads; only comparisons matter. NULL: memory traffic alone. */
    double (*cost)(const fv_node *node, int threads);
    /* Prepares: may set scratch, state, parameter layouts, parts, bytes of opaque outputs, alias. Sets step->refused (and
     * returns FV_OK) where the kernel cannot do this node; then another kernel runs it. NULL: nothing to prepare. */
    fv_status (*plan)(fv_step *step);
    void (*run)(const fv_step *step, int thread, int nthreads);
} fv_kernel;

struct fv_step {
    const fv_node *node;
    const fv_kernel *kernel;
    const fv_run_env *env;
    const fv_step *forward; /* of a backward node: its forward node's step, planned before; else NULL */
    int threads;            /* of the team */
    int variant;            /* of the kernel, from 1 on (op->variant); 0: as its own rule says */

    /* By input and output of the node. Layouts are set before plan(): the kernel's for activations, FV_PLAIN for
     * parameters (or as FV_OP_ANY_LAYOUT and FV_OP_SAME_LAYOUT say); plan() may change those of parameters. Pointers are
     * set when memory is planned. */
    fv_layout in_layout[FV_MAX_IN], out_layout[FV_MAX_OUT];
    bool settled
        [FV_MAX_IN]; /* set before plan(): a parameter whose layout is not FV_PLAIN, and another plan relies on that */
    void *in[FV_MAX_IN], *out[FV_MAX_OUT];
    size_t in_bytes[FV_MAX_IN]; /* of each input's memory, one part; set when memory is planned */
    size_t out_bytes
        [FV_MAX_OUT]; /* set by plan() for opaque outputs and FV_WINOGRAD; else follows from shape and layout */

    size_t scratch_bytes; /* set by plan(): working memory during the step, all threads together */
    void *scratch;
    /* Working memory that a thread has to itself: plan() sets the bytes for one thread. All steps of a plan share it, since a
     * thread is done with one step's when it comes to the next. Thread t's begins at own_scratch + t * own_scratch_stride. */
    size_t own_scratch_bytes, own_scratch_stride;
    void *own_scratch;
    void *state; /* what plan() made (primitives, tables) */
    void (*free_state)(void *state);
    int overwrites; /* input + 1 whose memory output 0 should take where nobody reads it later (a fused sum): where the
                       pointers differ nevertheless, run() copies first; 0: none */
    bool refused;
    const char *detail; /* plan() may say how, for profiles: lives as long as the step */

    bool barrier; /* wait for all threads before this step */
    int phase;    /* steps between two barriers: memory is not reused within */
};

/* Notes how a FV_SOLO step ended. */
static inline void fv_step_ended(const fv_step *step, fv_status status) {
    if (status != FV_OK && step->env->failure) *step->env->failure = status;
}

/* Where part `part` of a tensor in several parts lies: back to back. `bytes` is that of one part: step->in_bytes[i],
 * step->out_bytes[i]. */
static inline float *fv_part(void *base, size_t bytes, int part) {
    return (float *)base + bytes / sizeof(float) * (size_t)part;
}

/* Values in a tensor of this shape and layout, padding lanes included (not FV_OPAQUE). Shapes of rank below 2 have no
 * channels and are plain in every layout. */
size_t fv_layout_count(const fv_shape *shape, fv_layout_kind kind);

/* The kernel that runs `ref`: on plain layouts, in double inside. */
extern const fv_kernel fv_ref_kernel;

#endif
