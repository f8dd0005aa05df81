/* The sum of squares of gradients, a scalar: what clipping by global norm (Pascanu et al. 2013) reads. A node takes up to
 * FV_MAX_IN gradients; more make a chain, in which each node's first input is the sum so far. A sum that is not finite puts the node into env->bad_node (the update
 * that then finds the gradient puts itself there instead). */
#include "kernels/cpu.h"
#include "ops/rooms.h"
#include "ops/update.h"

#include <float.h>
#include <stdatomic.h>

typedef struct grad_norm {
    bool carried; /* input 0 is the sum so far */
} grad_norm;

static const fv_arg args[] = {
    FV_ARG_ROW(FV_ARG_BOOL, grad_norm, carried, NULL, 1, 0, 1, 0, "input 0 is the sum so far"),
};

static bool carries(const fv_node *node) { return ((const grad_norm *)node->args)->carried; }

static fv_status infer(const fv_node *node, fv_shape out[]) {
    (void)node;
    out[0] = (fv_shape){0};
    return FV_OK;
}

/* ---- Kernel ---------------------------------------------------------------------------------------------------- */

static fv_status plan(fv_step *step) {
    step->out_layout[0] = (fv_layout){.kind = FV_PLAIN, .parts = step->threads};
    return FV_OK;
}

/* A thread's share of one gradient. */
static double squares_of(const fv_step *step, int input, int thread, int nthreads) {
    float gradient[FV_UPDATE_CHUNK];
    double sum = 0;
    size_t at, end, n;
    fv_share_elements(step, input, thread, nthreads, &at, &end);
    for (; at < end; at += n) {
        n = end - at < FV_UPDATE_CHUNK ? end - at : FV_UPDATE_CHUNK;
        fv_read_gradient(step, input, at, n, gradient);
        sum += fv_simd_pick()->sum_squares(n, gradient);
    }
    return sum;
}

static void run(const fv_step *step, int thread, int nthreads) {
    if (step->env->group.hold) return;
    int first = carries(step->node), carried = !first ? 0 : step->in_layout[0].parts ? step->in_layout[0].parts : 1;
    double sum = 0;
    for (int part = thread; part < carried; part += nthreads) sum += ((const float *)step->in[0])[part];
    for (int i = first; i < step->node->n_in; i++) sum += squares_of(step, i, thread, nthreads);
    ((float *)step->out[0])[thread] = (float)sum;
    if (!(sum <= FLT_MAX)) atomic_store(step->env->bad_node, step->node);
}

static const fv_kernel kernels[] = {{"simd", FV_PLAIN, FV_PLAIN, 0, NULL, plan, run}};

/* ---- Definition ------------------------------------------------------------------------------------------------ */

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    if (env->group.hold) return;
    int first = carries(node);
    out[0][0] = first ? in[0][0] : 0;
    for (int i = first; i < node->n_in; i++)
        for (size_t k = 0; k < fv_shape_count(&node->in[i]->shape); k++) out[0][0] += in[i][k] * in[i][k];
}

const fv_op fv_grad_norm_op = {
    .name = "grad_norm",
    .args = args,
    .n_args = FV_COUNT(args),
    .args_size = sizeof(grad_norm),
    .min_in = 1,
    .max_in = FV_MAX_IN,
    .n_out = 1,
    .flags = FV_OP_ANY_LAYOUT,
    .infer = infer,
    .ref = ref,
    .kernels = kernels,
    .n_kernels = FV_COUNT(kernels),
};

fv_value *fv_grad_norm_node(fv_graph *graph, fv_value *const grads[], int count) {
    fv_value *sum = NULL;
    for (int i = 0; i < count;) {
        fv_value *in[FV_MAX_IN];
        int n = 0;
        if (sum) in[n++] = sum;
        bool carried = n != 0;
        while (n < FV_MAX_IN && i < count) in[n++] = grads[i++];
        sum = fv_node_new(graph, &fv_grad_norm_op, NULL, &(grad_norm){carried}, in, n);
        if (!sum) return NULL;
    }
    return sum;
}
