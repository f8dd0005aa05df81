/* Batch norm folded into the convolution before it, for inference: with s = gamma / sqrt(var + epsilon),
 *
 *     conv(x; w', b') = batch_norm(conv(x; w, b))      w'[o,...] = s[o] w[o,...]      b'[o] = s[o] (b[o] - mean[o]) + beta[o]
 *
 *     w [O,C,KH,KW]   gamma, beta, mean, var [O]   b [O] if has_bias, else 0
 *
 * Both outputs depend on parameters alone: a plan computes them once, and again when a parameter has changed. */
#include "ops/fused.h"
#include "ops/kernel.h"
#include "ops/rooms.h"

#include <math.h>

typedef struct fold {
    float epsilon;
    bool has_bias; /* input b is there */
} fold;

static const fv_arg arg_table[] = {
    FV_ARG_ROW(FV_ARG_FLOAT, fold, epsilon, "epsilon", 1, 0, 1, 1e-5, "added to the variance"),
    FV_ARG_ROW(FV_ARG_BOOL, fold, has_bias, NULL, 1, 0, 1, 0, "whether the convolution has a bias"),
};

enum { W, GAMMA, BETA, MEAN, VARIANCE, BIAS };

static fv_status infer(const fv_node *node, fv_shape out[]) {
    const fold *args = node->args;
    const fv_shape channels = FV_SHAPE(node->in[W]->shape.dim[0]);
    char text[64];
    if (node->n_in != BIAS + args->has_bias)
        return fv_fail_node(FV_BAD_ARGUMENT, node, "%d inputs, takes %d", node->n_in, BIAS + args->has_bias);
    for (int i = GAMMA; i < node->n_in; i++)
        if (!fv_shape_equal(&node->in[i]->shape, &channels))
            return fv_fail_node(FV_BAD_ARGUMENT, node, "a parameter %s for %d channels",
                                fv_shape_text(&node->in[i]->shape, false, text), channels.dim[0]);
    out[0] = node->in[W]->shape;
    out[1] = channels;
    return FV_OK;
}

/* Each thread its own output channels. */
static void run(const fv_step *step, int thread, int nthreads) {
    const fold *args = step->node->args;
    const fv_shape *shape = &step->node->in[W]->shape;
    const float *w = step->in[W], *gamma = step->in[GAMMA], *beta = step->in[BETA], *mean = step->in[MEAN];
    const float *variance = step->in[VARIANCE], *bias = args->has_bias ? step->in[BIAS] : NULL;
    float *folded = step->out[0], *shift = step->out[1];
    size_t each = fv_shape_count(shape) / (size_t)shape->dim[0];
    int begin, end;
    fv_share(shape->dim[0], thread, nthreads, &begin, &end);
    for (int o = begin; o < end; o++) {
        float scale = (float)(gamma[o] / sqrt((double)variance[o] + (double)args->epsilon));
        for (size_t i = (size_t)o * each; i < (size_t)(o + 1) * each; i++) folded[i] = scale * w[i];
        shift[o] = scale * ((bias ? bias[o] : 0) - mean[o]) + beta[o];
    }
}

static const fv_kernel kernels[] = {{"simd", FV_PLAIN, FV_PLAIN, 0, NULL, NULL, run}};

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    const fold *args = node->args;
    size_t channels = (size_t)node->in[W]->shape.dim[0], each = fv_shape_count(&node->in[W]->shape) / channels;
    for (size_t o = 0; o < channels; o++) {
        double scale = in[GAMMA][o] / sqrt(in[VARIANCE][o] + (double)args->epsilon);
        for (size_t i = o * each; i < (o + 1) * each; i++) out[0][i] = scale * in[W][i];
        out[1][o] = scale * ((args->has_bias ? in[BIAS][o] : 0) - in[MEAN][o]) + in[BETA][o];
    }
}

const fv_op fv_fold_batch_norm_op = {
    .name = "fold_batch_norm",
    .args = arg_table,
    .n_args = FV_COUNT(arg_table),
    .args_size = sizeof(fold),
    .min_in = BIAS,
    .max_in = BIAS + 1,
    .n_out = 2,
    .weight_out = 3,
    .infer = infer,
    .ref = ref,
    .kernels = kernels,
    .n_kernels = FV_COUNT(kernels),
};

fv_value *fv_fold_batch_norm_node(fv_graph *graph, const char *name, float epsilon, fv_value *const in[],
                                  bool has_bias) {
    return fv_node_new(graph, &fv_fold_batch_norm_op, name, &(fold){epsilon, has_bias}, in, BIAS + has_bias);
}
