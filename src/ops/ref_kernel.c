/* The kernel that every operator has: `ref` in double, between copies of plain float tensors. It needs no speed; it is what
 * runs where nothing faster can, and under a plan's `.reference = true`.
 *
 * Opaque outputs lie as floats of the inferred shape. Inputs in written_in are written back. */
#include "ops/kernel.h"

static size_t doubles_of(const fv_node *node) {
    size_t count = 0;
    for (int i = 0; i < node->n_in; i++) count += fv_shape_count(&node->in[i]->shape);
    for (int i = 0; i < node->n_out; i++) count += fv_shape_count(&node->out[i].shape);
    return count;
}

static fv_status plan(fv_step *step) {
    step->scratch_bytes = doubles_of(step->node) * sizeof(double);
    return FV_OK;
}

static void widen(const float *from, size_t count, double *to) {
    for (size_t i = 0; i < count; i++) to[i] = from[i];
}

static void narrow(const double *from, size_t count, float *to) {
    for (size_t i = 0; i < count; i++) to[i] = (float)from[i];
}

static bool is_written(const fv_op *op, int input) { return input < 32 && op->written_in >> input & 1; }

static void run(const fv_step *step, int thread, int nthreads) {
    (void)thread, (void)nthreads;
    const fv_node *node = step->node;
    const double *in[FV_MAX_IN];
    double *out[FV_MAX_OUT], *next = step->scratch;
    for (int i = 0; i < node->n_in; i++) {
        size_t count = fv_shape_count(&node->in[i]->shape);
        widen(step->in[i], count, next);
        in[i] = next;
        next += count;
    }
    for (int i = 0; i < node->n_out; i++) {
        out[i] = next;
        next += fv_shape_count(&node->out[i].shape);
    }
    node->op->ref(node, in, out, step->env);
    for (int i = 0; i < node->n_out; i++) narrow(out[i], fv_shape_count(&node->out[i].shape), step->out[i]);
    for (int i = 0; i < node->n_in; i++)
        if (is_written(node->op, i)) narrow(in[i], fv_shape_count(&node->in[i]->shape), step->in[i]);
}

const fv_kernel fv_ref_kernel = {
    .name = "ref", .in = FV_PLAIN, .out = FV_PLAIN, .flags = FV_SOLO, .plan = plan, .run = run};
