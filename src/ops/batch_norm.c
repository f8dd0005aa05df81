/* Batch normalisation (Ioffe and Szegedy 2015), x and y [N,C,H,W], everything else [C]:
 *
 *     y = f(z),   z = gamma (x - mean) / sqrt(variance + epsilon) + beta (+ skip),   f and skip what fusion passes have set, or nothing
 *
 * In training, mean and (biased) variance are the batch's over the M = N H W values of each channel, outputs 1 and 2, and
 * the running statistics are updated in place, with the unbiased variance (the biased one where M = 1):
 *
 *     running = momentum running + (1 - momentum) batch
 *
 * At inference, and where it is frozen, another operator uses the running statistics: a map that is linear but for beta, with
 * dx = gamma / sqrt(variance + epsilon) dy. In training, with g = dy f'(z) and xhat = (x - mean) / sqrt(variance + epsilon):
 *
 *     dbeta = sum of g,   dgamma = sum of g xhat,   dx = gamma / sqrt(variance + epsilon) (g - dbeta / M - xhat dgamma / M)
 *
 * The backward makes z anew from x, so that nothing of the size of a map is kept for it. With a skip, f is the ReLU or nothing,
 * and f'(z) follows from y, which the next layer keeps anyway; dskip = g. */
#include "ops/batch_norm.h"
#include "ops/fused.h"
#include "ops/rooms.h"

#include <math.h>

/* ---- Arguments and shapes ------------------------------------------------------------------------------------------ */

static const fv_arg arg_table[] = {
    FV_ARG_ROW(FV_ARG_FLOAT, fv_batch_norm_node_args, momentum, "momentum", 1, 0, 1, 0.9,
               "fraction of the running statistics kept each step"),
    FV_ARG_ROW(FV_ARG_FLOAT, fv_batch_norm_node_args, epsilon, "epsilon", 1, 0, 1, 1e-5, "added to the variance"),
    FV_ARG_FUSED_ROW(FV_ARG_INT, fv_batch_norm_node_args, activation, 0, FV_ACTIVATIONS - 1, FV_ACTIVATION_HELP),
    FV_ARG_FUSED_ROW(FV_ARG_BOOL, fv_batch_norm_node_args, has_skip, 0, 1, "a skip is added before the activation"),
};

static const fv_batch_norm_node_args *args_of(const fv_node *node) { return node->args; }

static int inputs_of(const fv_node *node) { return FV_BN_IN + args_of(node)->has_skip; }

static fv_status check_input(const fv_node *node) {
    char text[64];
    const fv_shape *x = &node->in[FV_BN_X]->shape;
    if (x->rank == 4) return FV_OK;
    return fv_fail_node(FV_BAD_ARGUMENT, node, "takes images [N,C,H,W] (input %s)", fv_shape_text(x, true, text));
}

static fv_status infer_inference(const fv_node *node, fv_shape out[]) {
    FV_TRY(check_input(node));
    char text[64];
    int channels = node->in[FV_BN_X]->shape.dim[1];
    for (int i = FV_BN_GAMMA; i <= FV_BN_RUNNING_VAR; i++)
        if (!fv_shape_equal(&node->in[i]->shape, &FV_SHAPE(channels)))
            return fv_fail_node(FV_BAD_ARGUMENT, node, "a parameter %s for %d channels",
                                fv_shape_text(&node->in[i]->shape, false, text), channels);
    if (node->n_in != inputs_of(node))
        return fv_fail_node(FV_BAD_ARGUMENT, node, "%d inputs: must be %d", node->n_in, inputs_of(node));
    if (args_of(node)->has_skip && !fv_shape_equal(&node->in[FV_BN_SKIP]->shape, &node->in[FV_BN_X]->shape))
        return fv_fail_node(FV_BAD_ARGUMENT, node, "a skip %s: must have the shape of its input",
                            fv_shape_text(&node->in[FV_BN_SKIP]->shape, true, text));
    out[FV_BN_Y] = node->in[FV_BN_X]->shape;
    return FV_OK;
}

static fv_status infer(const fv_node *node, fv_shape out[]) {
    FV_TRY(infer_inference(node, out));
    out[FV_BN_MEAN] = out[FV_BN_VARIANCE] = node->in[FV_BN_GAMMA]->shape;
    return FV_OK;
}

static fv_status infer_backward(const fv_node *node, fv_shape out[]) {
    out[FV_BNB_DX] = node->in[FV_BNB_X]->shape;
    out[FV_BNB_DGAMMA] = out[FV_BNB_DBETA] = node->in[FV_BNB_GAMMA]->shape;
    return FV_OK;
}

static fv_status infer_skip_backward(const fv_node *node, fv_shape out[]) {
    out[FV_BNB_DSKIP] = node->in[FV_BNB_Y]->shape;
    return infer_backward(node, out);
}

static fv_status infer_inference_backward(const fv_node *node, fv_shape out[]) {
    out[0] = node->in[FV_BNI_DY]->shape;
    return FV_OK;
}

static fv_value *at_inference(const fv_node *node, fv_graph *graph, fv_value *const in[]) {
    return fv_node_new(graph, &fv_batch_norm_inference_op, node->name, node->args, in, node->n_in);
}

/* ---- Gradient ------------------------------------------------------------------------------------------------------ */

/* A skip behind the ReLU takes the masked gradient, one without it the gradient as it is. */
static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    if (!dy[FV_BN_Y]) return FV_OK;
    bool has_skip = args_of(node)->has_skip, masked = has_skip && args_of(node)->activation;
    fv_value *in[] = {node->in[FV_BN_X],      dy[FV_BN_Y],
                      node->in[FV_BN_GAMMA],  node->in[FV_BN_BETA],
                      &node->out[FV_BN_MEAN], &node->out[FV_BN_VARIANCE],
                      &node->out[FV_BN_Y]};
    const fv_op *op = masked ? &fv_batch_norm_skip_backward_op : &fv_batch_norm_backward_op;
    fv_value *out = fv_node_backward(node, op, in, FV_BNB_IN + masked);
    if (!out) return fv_last_status();
    for (int i = FV_BN_X; i <= FV_BN_BETA; i++)
        if (node->in[i]->needs_grad) dx[i] = &out->node->out[i];
    if (has_skip && node->in[FV_BN_SKIP]->needs_grad)
        dx[FV_BN_SKIP] = masked ? &out->node->out[FV_BNB_DSKIP] : dy[FV_BN_Y];
    return FV_OK;
}

/* From the statistics that it has left: the form of inference. */
static fv_value *again(fv_node *node, fv_value *const in[]) {
    fv_value *of[] = {in[FV_BN_X],
                      in[FV_BN_GAMMA],
                      in[FV_BN_BETA],
                      &node->out[FV_BN_MEAN],
                      &node->out[FV_BN_VARIANCE],
                      args_of(node)->has_skip ? in[FV_BN_SKIP] : NULL};
    return fv_node_backward(node, &fv_batch_norm_inference_op, of, inputs_of(node));
}

/* Parameters have no part in it: where they are trained, the batch's statistics are used. */
static fv_status grad_inference(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    if (args_of(node)->activation)
        return fv_fail_node(FV_UNSUPPORTED, node, "a fused activation has no gradient: observe the unfused network");
    fv_value *in[] = {dy[0], node->in[FV_BN_GAMMA], node->in[FV_BN_RUNNING_VAR]};
    dx[FV_BN_X] = fv_node_backward(node, &fv_batch_norm_inference_backward_op, in, FV_BNI_IN);
    return dx[FV_BN_X] ? FV_OK : fv_last_status();
}

typedef struct sizes {
    size_t n, c, plane;
} sizes;

static sizes sizes_of(const fv_node *node) {
    const int *x = node->in[FV_BN_X]->shape.dim;
    return (sizes){(size_t)x[0], (size_t)x[1], (size_t)x[2] * (size_t)x[3]};
}

/* ---- Kernels: batch_norm_run.c --------------------------------------------------------------------------------------- */

/* Maps before and behind it are stored alike or not: it computes in f32 anyway, and stands between convolutions of either kind. */
#define KERNELS(flags, plan, run)                                           \
    {"simd", FV_BLOCKED, FV_BLOCKED, flags, NULL, plan, run},               \
        {"simd", FV_BLOCKED_BF16, FV_BLOCKED_BF16, flags, NULL, plan, run}, \
        {"simd", FV_BLOCKED_BF16, FV_BLOCKED, flags, NULL, plan, run},      \
        {"simd", FV_BLOCKED, FV_BLOCKED_BF16, flags, NULL, plan, run},      \
        {"simd", FV_PLAIN, FV_PLAIN, flags, NULL, plan, run},
static const fv_kernel kernels[] = {KERNELS(0, fv_batch_norm_plan, fv_batch_norm_run)};
static const fv_kernel backward_kernels[] = {KERNELS(0, fv_batch_norm_plan, fv_batch_norm_run_backward)};
static const fv_kernel skip_backward_kernels[] = {KERNELS(0, fv_batch_norm_plan, fv_batch_norm_run_skip_backward)};
static const fv_kernel inference_kernels[] = {KERNELS(FV_LOCAL, NULL, fv_batch_norm_run_inference)};
static const fv_kernel inference_backward_kernels[] = {KERNELS(FV_LOCAL, NULL, fv_batch_norm_run_inference_backward)};

/* ---- Definition ---------------------------------------------------------------------------------------------------- */

/* A walk over the values of channel c: `i` takes their places in the tensor. */
#define EACH_VALUE(s, c, i)                           \
    for (size_t image_ = 0; image_ < (s).n; image_++) \
        for (size_t i = (image_ * (s).c + (c)) * (s).plane, end_ = i + (s).plane; i < end_; i++)

static void normalise(const fv_node *node, size_t c, const double *const in[], double scale, double shift, double *y) {
    sizes s = sizes_of(node);
    const double *x = in[FV_BN_X], *skip = args_of(node)->has_skip ? in[FV_BN_SKIP] : NULL;
    fv_activation f = (fv_activation)args_of(node)->activation;
    EACH_VALUE(s, c, i) y[i] = fv_activate_ref(f, 0, scale * x[i] + shift + (skip ? skip[i] : 0));
}

static void statistics(sizes s, size_t c, const double *x, double *mean, double *variance) {
    double sum = 0, squares = 0, count = (double)(s.n * s.plane);
    EACH_VALUE(s, c, i) sum += x[i];
    *mean = sum / count;
    EACH_VALUE(s, c, i) squares += (x[i] - *mean) * (x[i] - *mean);
    *variance = squares / count;
}

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    sizes s = sizes_of(node);
    const fv_batch_norm_node_args *args = node->args;
    double *running_mean = (double *)in[FV_BN_RUNNING_MEAN], *running_var = (double *)in[FV_BN_RUNNING_VAR];
    double count = (double)(s.n * s.plane), unbias = count > 1 ? count / (count - 1) : 1, kept = args->momentum;
    for (size_t c = 0; c < s.c; c++) {
        double *mean = &out[FV_BN_MEAN][c], *variance = &out[FV_BN_VARIANCE][c];
        statistics(s, c, in[FV_BN_X], mean, variance);
        running_mean[c] = kept * running_mean[c] + (1 - kept) * *mean;
        running_var[c] = kept * running_var[c] + (1 - kept) * *variance * unbias;
        double scale = in[FV_BN_GAMMA][c] / sqrt(*variance + args->epsilon);
        normalise(node, c, in, scale, in[FV_BN_BETA][c] - scale * *mean, out[FV_BN_Y]);
    }
}

static void ref_inference(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    sizes s = sizes_of(node);
    for (size_t c = 0; c < s.c; c++) {
        double scale = in[FV_BN_GAMMA][c] / sqrt(in[FV_BN_RUNNING_VAR][c] + args_of(node)->epsilon);
        normalise(node, c, in, scale, in[FV_BN_BETA][c] - scale * in[FV_BN_RUNNING_MEAN][c], out[FV_BN_Y]);
    }
}

static void ref_inference_backward(const fv_node *node, const double *const in[], double *const out[],
                                   const fv_run_env *env) {
    (void)env;
    sizes s = sizes_of(node);
    for (size_t c = 0; c < s.c; c++) {
        double scale = in[FV_BNI_GAMMA][c] / sqrt(in[FV_BNI_VARIANCE][c] + args_of(node)->epsilon);
        EACH_VALUE(s, c, i) out[0][i] = scale * in[FV_BNI_DY][i];
    }
}

/* g at place i of channel c. The ReLU's slope at y is that at z. */
static double gradient_at(const fv_node *node, const double *const in[], size_t c, size_t i, double xhat) {
    double z = node->n_in > FV_BNB_Y ? in[FV_BNB_Y][i] : in[FV_BNB_GAMMA][c] * xhat + in[FV_BNB_BETA][c];
    return in[FV_BNB_DY][i] * fv_activation_slope((fv_activation)args_of(node)->activation, 0, z);
}

static void ref_backward(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    sizes s = sizes_of(node);
    const double *x = in[FV_BNB_X];
    double count = (double)(s.n * s.plane);
    for (size_t c = 0; c < s.c; c++) {
        double mean = in[FV_BNB_MEAN][c], inverse = 1 / sqrt(in[FV_BNB_VARIANCE][c] + args_of(node)->epsilon);
        double gamma = in[FV_BNB_GAMMA][c], sum = 0, products = 0;
        EACH_VALUE(s, c, i) {
            double xhat = (x[i] - mean) * inverse, g = gradient_at(node, in, c, i, xhat);
            sum += g;
            products += g * xhat;
        }
        EACH_VALUE(s, c, i) {
            double xhat = (x[i] - mean) * inverse, g = gradient_at(node, in, c, i, xhat);
            out[FV_BNB_DX][i] = gamma * inverse * (g - sum / count - xhat * products / count);
            if (node->n_out > FV_BNB_DSKIP) out[FV_BNB_DSKIP][i] = g;
        }
        out[FV_BNB_DGAMMA][c] = products;
        out[FV_BNB_DBETA][c] = sum;
    }
}

/* ---- The operators ------------------------------------------------------------------------------------------------- */

const fv_op fv_batch_norm_op = {
    .name = "batch_norm",
    .onnx = "BatchNormalization",
    .args = arg_table,
    .n_args = FV_COUNT(arg_table),
    .args_size = sizeof(fv_batch_norm_node_args),
    .min_in = FV_BN_IN,
    .max_in = FV_BN_SKIP + 1,
    .n_out = FV_BN_OUT,
    .weight_out = 1 << FV_BN_MEAN | 1 << FV_BN_VARIANCE,
    .written_in = 1 << FV_BN_RUNNING_MEAN | 1 << FV_BN_RUNNING_VAR,
    .parameter_in = 1 << FV_BN_GAMMA | 1 << FV_BN_BETA | 1 << FV_BN_RUNNING_MEAN | 1 << FV_BN_RUNNING_VAR,
    .infer = infer,
    .grad = grad,
    .again = again,
    .at_inference = at_inference,
    .ref = ref,
    .kernels = kernels,
    .n_kernels = FV_COUNT(kernels),
};

const fv_op fv_batch_norm_backward_op = {
    .name = "batch_norm_backward",
    .args_size = sizeof(fv_batch_norm_node_args),
    .min_in = FV_BNB_IN,
    .max_in = FV_BNB_IN,
    .n_out = FV_BNB_OUT,
    .flags = FV_OP_IN_PLACE,
    .weight_out = 1 << FV_BNB_DGAMMA | 1 << FV_BNB_DBETA,
    .infer = infer_backward,
    .ref = ref_backward,
    .kernels = backward_kernels,
    .n_kernels = FV_COUNT(backward_kernels),
};

const fv_op fv_batch_norm_skip_backward_op = {
    .name = "batch_norm_skip_backward",
    .args_size = sizeof(fv_batch_norm_node_args),
    .min_in = FV_BNB_Y + 1,
    .max_in = FV_BNB_Y + 1,
    .n_out = FV_BNB_DSKIP + 1,
    .flags = FV_OP_IN_PLACE | FV_OP_LAST_IN_PLACE,
    .weight_out = 1 << FV_BNB_DGAMMA | 1 << FV_BNB_DBETA,
    .infer = infer_skip_backward,
    .ref = ref_backward,
    .kernels = skip_backward_kernels,
    .n_kernels = FV_COUNT(skip_backward_kernels),
};

const fv_op fv_batch_norm_inference_op = {
    .name = "batch_norm_inference",
    .args = arg_table,
    .n_args = FV_COUNT(arg_table),
    .args_size = sizeof(fv_batch_norm_node_args),
    .min_in = FV_BN_IN,
    .max_in = FV_BN_SKIP + 1,
    .n_out = 1,
    .flags = FV_OP_IN_PLACE,
    .infer = infer_inference,
    .grad = grad_inference,
    .ref = ref_inference,
    .kernels = inference_kernels,
    .n_kernels = FV_COUNT(inference_kernels),
};

const fv_op fv_batch_norm_inference_backward_op = {
    .name = "batch_norm_inference_backward",
    .args_size = sizeof(fv_batch_norm_node_args),
    .min_in = FV_BNI_IN,
    .max_in = FV_BNI_IN,
    .n_out = 1,
    .flags = FV_OP_IN_PLACE,
    .infer = infer_inference_backward,
    .ref = ref_inference_backward,
    .kernels = inference_backward_kernels,
    .n_kernels = FV_COUNT(inference_backward_kernels),
};

/* ---- In a network -------------------------------------------------------------------------------------------------- */

static float option(float given, float standard) { return given == 0 ? standard : given == FV_ZERO ? 0 : given; }

fv_value *fv_batch_norm_with(fv_value *x, const char *name, const fv_batch_norm_args *args) {
    if (!x) return NULL;
    const struct {
        const char *name;
        fv_init init;
        bool state;
    } parameters[] = {
        [FV_BN_GAMMA] = {"weight", args->init.kind ? args->init : (fv_init){.kind = FV_INIT_ONE}, false},
        [FV_BN_BETA] = {"bias", {.kind = FV_INIT_ZERO}, false},
        [FV_BN_RUNNING_MEAN] = {"running_mean", {.kind = FV_INIT_ZERO}, true},
        [FV_BN_RUNNING_VAR] = {"running_var", {.kind = FV_INIT_ONE}, true},
    };
    fv_graph *graph = x->node->graph;
    fv_batch_norm_node_args facts = {.momentum = option(args->momentum, 0.9f), .epsilon = option(args->epsilon, 1e-5f)};
    fv_node *draft = fv_node_draft(graph, &fv_batch_norm_op, name, &facts, &x, 1);
    if (!draft || check_input(draft)) return NULL;
    fv_value *in[5] = {x};
    for (int i = FV_BN_GAMMA; i <= FV_BN_RUNNING_VAR; i++)
        in[i] = fv_parameter_new(graph, name, parameters[i].name,
                                 &(fv_parameter){.shape = FV_SHAPE(x->shape.dim[1]),
                                                 .init = parameters[i].init,
                                                 .state = parameters[i].state,
                                                 .no_decay = true});
    return fv_node_new(graph, &fv_batch_norm_op, name, &facts, in, 5);
}
