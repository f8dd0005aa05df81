/* Depthwise convolution by own kernels: oneDNN 2.6 has none for 5x5 in blocked layouts of AVX-512. */
#include "kernels/cpu.h"
#include "ops/conv2d.h"
#include "ops/cost.h"
#include "ops/fused.h"

static const fv_conv2d_node_args *args_of(const fv_node *node) { return node->args; }

/* A map is one block of channels of one image; maps of one block follow each other. */
static int maps_of(const fv_conv_shape *s) { return s->n * ((s->ic + fv_block() - 1) / fv_block()); }

static void *own_scratch(const fv_step *step, int thread) {
    return (unsigned char *)step->own_scratch + step->own_scratch_stride * (size_t)thread;
}

/* Where oneDNN has a kernel, it takes half the time. */
double fv_depthwise_cost(const fv_node *node, int threads) {
    fv_conv_shape s = fv_conv2d_shape(node);
    return fv_simd_pick()->depthwise_supported(&s) ? 2 * fv_cost_traffic_solo(node, threads) : FV_NEVER;
}

fv_status fv_depthwise_plan(fv_step *step) {
    const fv_simd *simd = fv_simd_pick();
    const fv_conv2d_node_args *args = args_of(step->node);
    fv_conv_shape s = fv_conv2d_shape(step->node);
    bool activated = args->activation == FV_ACTIVATION_NONE || fv_activation_simd((fv_activation)args->activation);
    step->refused = !simd->depthwise_supported(&s) || args->has_skip || !activated;
    if (!step->refused) step->own_scratch_bytes = simd->depthwise_scratch(&s, fv_block());
    return FV_OK;
}

void fv_depthwise_run(const fv_step *step, int thread, int nthreads) {
    const fv_conv2d_node_args *args = args_of(step->node);
    fv_conv_shape s = fv_conv2d_shape(step->node);
    int begin, end;
    fv_share(maps_of(&s), thread, nthreads, &begin, &end);
    fv_simd_pick()->depthwise_forward(&s, fv_block(), begin, end, step->in[0], step->in[1],
                                      args->has_bias ? step->in[2] : NULL, step->out[0],
                                      fv_activation_simd((fv_activation)args->activation), own_scratch(step, thread));
}

void fv_depthwise_run_data(const fv_step *step, int thread, int nthreads) {
    fv_conv_shape s = fv_conv2d_shape(step->node);
    int begin, end;
    fv_share(maps_of(&s), thread, nthreads, &begin, &end);
    fv_simd_pick()->depthwise_backward_data(&s, fv_block(), begin, end, step->in[0], step->in[1], step->out[0],
                                            own_scratch(step, thread));
}

void fv_depthwise_run_weights(const fv_step *step, int thread, int nthreads) {
    fv_conv_shape s = fv_conv2d_shape(step->node);
    int begin, end;
    fv_share(maps_of(&s) / s.n, thread, nthreads, &begin, &end);
    fv_simd_pick()->depthwise_backward_weights(&s, fv_block(), begin, end, step->in[0], step->in[1], step->out[0],
                                               args_of(step->node)->has_bias ? step->out[1] : NULL,
                                               own_scratch(step, thread));
}
