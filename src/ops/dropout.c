/* Dropout, "upscale in train" (Srivastava et al. 2014): y = keep ? x / (1 - rate) : 0, dx = keep ? dy / (1 - rate) : 0;
 * the identity at inference. Output 1 is `keep`, 0 or 1, in bytes.
 *
 * The mask depends on the run's seed, the step, the node (its name, and how many dropouts of that name stand before it) and
 * the element's index in the plain layout: plans of any layout, fusion and number of threads drop the same elements.
 * Element i is dropped where word i % 4 of counter block i / 4 of the node's stream (core/random.h) is below rate 2^32. */
#include "kernels/cpu.h"
#include "ops/elementwise.h"
#include "ops/rooms.h"

#include <string.h>

typedef struct dropout {
    float rate;
} dropout;

static const fv_arg args[] = {
    FV_ARG_ROW(FV_ARG_FLOAT, dropout, rate, "ratio", 1, 0, 0.999999, 0.5, "probability of an element to become 0"),
};

static float rate_of(const fv_node *node) { return ((const dropout *)node->args)->rate; }

static fv_status infer(const fv_node *node, fv_shape out[]) {
    out[0] = out[1] = node->in[0]->shape;
    return FV_OK;
}

static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    dx[0] = fv_node_backward(node, &fv_dropout_backward_op, (fv_value *[]){dy[0], &node->out[1]}, 2);
    return dx[0] ? FV_OK : fv_last_status();
}

static fv_value *at_inference(const fv_node *node, fv_graph *graph, fv_value *const in[]) {
    (void)node, (void)graph;
    return in[0];
}

/* The finisher of SplitMix64 (Steele et al. 2014): a bijection that spreads every bit. */
static uint64_t mix(uint64_t x) {
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

static fv_random stream_of(const fv_node *node, const fv_run_env *env) {
    uint64_t key = 0;
    for (const char *c = node->name; *c; c++) key = mix(key + (unsigned char)*c);
    for (int id = 0; id < node->id; id++) {
        const fv_node *other = node->graph->nodes[id];
        if (other->op == node->op && strcmp(other->name, node->name) == 0) key++;
    }
    return fv_random_stream(env->seed, mix(mix(key) + env->step), FV_STREAM_DROPOUT);
}

/* ---- Kernels --------------------------------------------------------------------------------------------------- */

static fv_status plan(fv_step *step) {
    step->out_bytes[1] = fv_layout_count(&step->node->out[0].shape, step->out_layout[0].kind);
    return FV_OK;
}

static void run_plain(const fv_step *step, int thread, int nthreads) {
    fv_random stream = stream_of(step->node, step->env);
    fv_range own = fv_own_range(&step->node->out[0].shape, FV_PLAIN, thread, nthreads);
    fv_simd_pick()->dropout_plain(&stream, rate_of(step->node), own.begin, own.end, step->in[0], step->out[0],
                                  step->out[1]);
}

static void run_batch(const fv_step *step, int thread, int nthreads) {
    const fv_shape *shape = &step->node->out[0].shape;
    fv_random stream = stream_of(step->node, step->env);
    int begin, end;
    fv_share(fv_groups(shape->dim[0]), thread, nthreads, &begin, &end);
    fv_simd_pick()->dropout_batch(&stream, rate_of(step->node), fv_shape_count(shape) / (size_t)shape->dim[0], begin,
                                  end, step->in[0], step->out[0], step->out[1]);
}

static void run_backward(const fv_step *step, int thread, int nthreads) {
    fv_range own = fv_own_range(&step->node->out[0].shape, step->out_layout[0].kind, thread, nthreads);
    fv_simd_pick()->dropout_backward(own.end - own.begin, rate_of(step->node), (const float *)step->in[0] + own.begin,
                                     (const uint8_t *)step->in[1] + own.begin, (float *)step->out[0] + own.begin);
}

static const fv_kernel kernels[] = {
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, NULL, plan, run_batch},
    {"simd", FV_PLAIN, FV_PLAIN, FV_LOCAL, NULL, plan, run_plain},
};

static const fv_kernel backward_kernels[] = {
    {"batch", FV_BATCH, FV_BATCH, FV_LOCAL, NULL, NULL, run_backward},
    {"simd", FV_PLAIN, FV_PLAIN, FV_LOCAL, NULL, NULL, run_backward},
};

/* ---- Definition ------------------------------------------------------------------------------------------------ */

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    fv_random stream = stream_of(node, env);
    double rate = rate_of(node);
    uint32_t limit = (uint32_t)(rate * 0x1p32);
    for (size_t i = 0; i < fv_elements(node); i++) {
        bool keep = fv_random_u32(&stream) >= limit;
        out[0][i] = keep ? in[0][i] / (1 - rate) : 0;
        out[1][i] = keep;
    }
}

static void ref_backward(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    const double *dy = in[0], *keep = in[1], rate = rate_of(node);
    for (size_t i = 0; i < fv_elements(node); i++) out[0][i] = keep[i] != 0 ? dy[i] / (1 - rate) : 0;
}

const fv_op fv_dropout_op = {
    .name = "dropout",
    .onnx = "Dropout",
    .args = args,
    .n_args = FV_COUNT(args),
    .args_size = sizeof(dropout),
    .min_in = 1,
    .max_in = 1,
    .n_out = 2,
    .flags = FV_OP_IN_PLACE,
    .opaque_out = 1 << 1,
    .infer = infer,
    .grad = grad,
    .at_inference = at_inference,
    .ref = ref,
    .kernels = kernels,
    .n_kernels = FV_COUNT(kernels),
};

const fv_op fv_dropout_backward_op = {
    .name = "dropout_backward",
    .args = args,
    .n_args = FV_COUNT(args),
    .args_size = sizeof(dropout),
    .flags = FV_OP_IN_PLACE,
    .ref = ref_backward,
    FV_FLAT_OP(2, backward_kernels),
};

fv_value *fv_dropout(fv_value *x, float rate) {
    return fv_node_new(fv_value_graph(x), &fv_dropout_op, NULL, &(dropout){rate}, &x, 1);
}
