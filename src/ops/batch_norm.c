/* Batch normalisation (Ioffe and Szegedy 2015), x and y [N,C,H,W], everything else [C]:
 *
 *     y = gamma (x - mean) / sqrt(variance + epsilon) + beta,  then max(0, y) if `relu` (set by a fusion pass)
 *
 * In training, mean and (biased) variance are the batch's over the M = N H W values of each channel, outputs 1 and 2, and
 * the running statistics are updated in place, with the unbiased variance (the biased one where M = 1):
 *
 *     running = momentum running + (1 - momentum) batch
 *
 * At inference another operator uses the running statistics. With g = dy where y > 0 (all of dy without relu) and
 * xhat = (x - mean) / sqrt(variance + epsilon):
 *
 *     dbeta = sum of g,   dgamma = sum of g xhat,   dx = gamma / sqrt(variance + epsilon) (g - dbeta / M - xhat dgamma / M)
 *
 * Output 3 is where y > 0, opaque, for the backward; without relu it has rank 0 and is nobody's. */
#include "ops/cost.h"
#include "ops/dnn_step.h"
#include "ops/fused.h"
#include "ops/rooms.h"

#include <math.h>

/* ---- Arguments and shapes ------------------------------------------------------------------------------------------ */

enum { X, GAMMA, BETA, RUNNING_MEAN, RUNNING_VAR };              /* inputs, forward */
enum { Y, MEAN, VARIANCE, MASK };                                /* outputs, forward */
enum { B_X, B_DY, B_GAMMA, B_BETA, B_MEAN, B_VARIANCE, B_MASK }; /* inputs, backward; oneDNN asks for beta */
enum { DX, DGAMMA, DBETA };                                      /* outputs, backward */

static const fv_arg arg_table[] = {
    FV_ARG_ROW(FV_ARG_FLOAT, fv_batch_norm_node_args, momentum, "momentum", 1, 0, 1, 0.9,
               "fraction of the running statistics kept each step"),
    FV_ARG_ROW(FV_ARG_FLOAT, fv_batch_norm_node_args, epsilon, "epsilon", 1, 0, 1, 1e-5, "added to the variance"),
    FV_ARG_FUSED_ROW(FV_ARG_INT, fv_batch_norm_node_args, relu, 0, 1, "1 for a ReLU behind it"),
};

static const fv_batch_norm_node_args *args_of(const fv_node *node) { return node->args; }

static fv_status check_input(const fv_node *node) {
    char text[64];
    const fv_shape *x = &node->in[X]->shape;
    if (x->rank == 4) return FV_OK;
    return fv_fail_node(FV_BAD_ARGUMENT, node, "takes images [N,C,H,W] (input %s)", fv_shape_text(x, true, text));
}

static fv_status infer_inference(const fv_node *node, fv_shape out[]) {
    FV_TRY(check_input(node));
    char text[64];
    int channels = node->in[X]->shape.dim[1];
    for (int i = GAMMA; i <= RUNNING_VAR; i++)
        if (!fv_shape_equal(&node->in[i]->shape, &FV_SHAPE(channels)))
            return fv_fail_node(FV_BAD_ARGUMENT, node, "a parameter %s for %d channels",
                                fv_shape_text(&node->in[i]->shape, false, text), channels);
    out[Y] = node->in[X]->shape;
    return FV_OK;
}

static fv_status infer(const fv_node *node, fv_shape out[]) {
    FV_TRY(infer_inference(node, out));
    out[MEAN] = out[VARIANCE] = node->in[GAMMA]->shape;
    if (args_of(node)->relu) out[MASK] = out[Y];
    return FV_OK;
}

static fv_status infer_backward(const fv_node *node, fv_shape out[]) {
    out[DX] = node->in[B_X]->shape;
    out[DGAMMA] = out[DBETA] = node->in[B_GAMMA]->shape;
    return FV_OK;
}

static fv_value *at_inference(const fv_node *node, fv_graph *graph, fv_value *const in[]) {
    return fv_node_new(graph, &fv_batch_norm_inference_op, node->name, node->args, in, node->n_in);
}

/* ---- Gradient ------------------------------------------------------------------------------------------------------ */

static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    if (!dy[Y]) return FV_OK;
    fv_value *in[] = {node->in[X],          dy[Y],           node->in[GAMMA], node->in[BETA], &node->out[MEAN],
                      &node->out[VARIANCE], &node->out[MASK]};
    fv_value *out = fv_node_backward(node, &fv_batch_norm_backward_op, in, B_MASK + (args_of(node)->relu != 0));
    if (!out) return fv_last_status();
    for (int i = X; i <= BETA; i++)
        if (node->in[i]->needs_grad) dx[i] = &out->node->out[i];
    return FV_OK;
}

typedef struct sizes {
    size_t n, c, plane;
} sizes;

static sizes sizes_of(const fv_node *node) {
    const int *x = node->in[X]->shape.dim;
    return (sizes){(size_t)x[0], (size_t)x[1], (size_t)x[2] * (size_t)x[3]};
}

/* ---- Kernels: oneDNN ----------------------------------------------------------------------------------------------- */

/* It reads x twice for the statistics, and is slow where the channels do not lie side by side. */
static double cost_blocked(const fv_node *node, int threads) { return 2 * fv_cost_traffic_solo(node, threads); }
static double cost_plain(const fv_node *node, int threads) { return 10 * cost_blocked(node, threads); }

static fv_status plan_pass(fv_step *step, fv_dnn_pass pass) {
    const int *x = step->node->in[X]->shape.dim;
    fv_dnn_norm what = {
        .n = x[0],
        .c = x[1],
        .h = x[2],
        .w = x[3],
        .layout = step->kernel->in,
        .block = fv_block(),
        .epsilon = args_of(step->node)->epsilon,
        .relu = args_of(step->node)->relu,
    };
    fv_prim *prim = NULL;
    FV_TRY(fv_dnn_norm_new(&what, pass, fv_dnn_forward(step), &prim));
    fv_dnn_settle(step, prim, NULL);
    if (prim && pass == FV_DNN_TRAIN) step->out_bytes[MASK] = fv_prim_workspace(prim);
    return FV_OK;
}

static fv_status plan_train(fv_step *step) { return plan_pass(step, FV_DNN_TRAIN); }
static fv_status plan_infer(fv_step *step) { return plan_pass(step, FV_DNN_INFER); }
static fv_status plan_backward(fv_step *step) { return plan_pass(step, FV_DNN_BACKWARD); }

static void update_running(const fv_step *step) {
    const float *mean = step->out[MEAN], *variance = step->out[VARIANCE];
    float *running_mean = step->in[RUNNING_MEAN], *running_var = step->in[RUNNING_VAR];
    sizes s = sizes_of(step->node);
    float count = (float)(s.n * s.plane), unbias = count > 1 ? count / (count - 1) : 1,
          kept = args_of(step->node)->momentum;
    for (size_t c = 0; c < s.c; c++) {
        running_mean[c] = kept * running_mean[c] + (1 - kept) * mean[c];
        running_var[c] = kept * running_var[c] + (1 - kept) * variance[c] * unbias;
    }
}

static void run_train(const fv_step *step, int thread, int nthreads) {
    (void)thread, (void)nthreads;
    fv_dnn_run(step, &(fv_prim_args){.src = step->in[X],
                                     .scale = step->in[GAMMA],
                                     .shift = step->in[BETA],
                                     .dst = step->out[Y],
                                     .mean = step->out[MEAN],
                                     .variance = step->out[VARIANCE],
                                     .workspace = step->out[MASK]});
    update_running(step);
}

static void run_infer(const fv_step *step, int thread, int nthreads) {
    (void)thread, (void)nthreads;
    fv_dnn_run(step, &(fv_prim_args){.src = step->in[X],
                                     .scale = step->in[GAMMA],
                                     .shift = step->in[BETA],
                                     .dst = step->out[Y],
                                     .mean = step->in[RUNNING_MEAN],
                                     .variance = step->in[RUNNING_VAR]});
}

static void run_backward(const fv_step *step, int thread, int nthreads) {
    (void)thread, (void)nthreads;
    fv_dnn_run(step, &(fv_prim_args){.src = step->in[B_X],
                                     .diff_dst = step->in[B_DY],
                                     .scale = step->in[B_GAMMA],
                                     .shift = step->in[B_BETA],
                                     .mean = step->in[B_MEAN],
                                     .variance = step->in[B_VARIANCE],
                                     .workspace = step->node->n_in > B_MASK ? step->in[B_MASK] : NULL,
                                     .diff_src = step->out[DX],
                                     .diff_scale = step->out[DGAMMA],
                                     .diff_shift = step->out[DBETA]});
}

static const fv_kernel kernels[] = {
    {"dnn", FV_BLOCKED, FV_BLOCKED, FV_SOLO, cost_blocked, plan_train, run_train},
    {"dnn", FV_PLAIN, FV_PLAIN, FV_SOLO, cost_plain, plan_train, run_train},
};

static const fv_kernel backward_kernels[] = {
    {"dnn", FV_BLOCKED, FV_BLOCKED, FV_SOLO, cost_blocked, plan_backward, run_backward},
    {"dnn", FV_PLAIN, FV_PLAIN, FV_SOLO, cost_plain, plan_backward, run_backward},
};

static const fv_kernel inference_kernels[] = {
    {"dnn", FV_BLOCKED, FV_BLOCKED, FV_SOLO, cost_blocked, plan_infer, run_infer},
    {"dnn", FV_PLAIN, FV_PLAIN, FV_SOLO, cost_plain, plan_infer, run_infer},
};

/* ---- Definition ---------------------------------------------------------------------------------------------------- */

/* A walk over the values of channel c: `i` takes their places in the tensor. */
#define EACH_VALUE(s, c, i)                           \
    for (size_t image_ = 0; image_ < (s).n; image_++) \
        for (size_t i = (image_ * (s).c + (c)) * (s).plane, end_ = i + (s).plane; i < end_; i++)

static void normalise(const fv_node *node, size_t c, const double *x, double scale, double shift, double *y) {
    sizes s = sizes_of(node);
    EACH_VALUE(s, c, i) {
        y[i] = scale * x[i] + shift;
        if (args_of(node)->relu && y[i] <= 0) y[i] = 0;
    }
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
    double *running_mean = (double *)in[RUNNING_MEAN], *running_var = (double *)in[RUNNING_VAR];
    double count = (double)(s.n * s.plane), unbias = count > 1 ? count / (count - 1) : 1, kept = args->momentum;
    for (size_t c = 0; c < s.c; c++) {
        double *mean = &out[MEAN][c], *variance = &out[VARIANCE][c];
        statistics(s, c, in[X], mean, variance);
        running_mean[c] = kept * running_mean[c] + (1 - kept) * *mean;
        running_var[c] = kept * running_var[c] + (1 - kept) * *variance * unbias;
        double scale = in[GAMMA][c] / sqrt(*variance + args->epsilon);
        normalise(node, c, in[X], scale, in[BETA][c] - scale * *mean, out[Y]);
        if (args->relu) EACH_VALUE(s, c, i) out[MASK][i] = out[Y][i] > 0;
    }
}

static void ref_inference(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    sizes s = sizes_of(node);
    for (size_t c = 0; c < s.c; c++) {
        double scale = in[GAMMA][c] / sqrt(in[RUNNING_VAR][c] + args_of(node)->epsilon);
        normalise(node, c, in[X], scale, in[BETA][c] - scale * in[RUNNING_MEAN][c], out[Y]);
    }
}

static void ref_backward(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    sizes s = sizes_of(node);
    const double *x = in[B_X], *dy = in[B_DY], *mask = node->n_in > B_MASK ? in[B_MASK] : NULL;
    double count = (double)(s.n * s.plane);
    for (size_t c = 0; c < s.c; c++) {
        double mean = in[B_MEAN][c], inverse = 1 / sqrt(in[B_VARIANCE][c] + args_of(node)->epsilon);
        double sum = 0, products = 0;
        EACH_VALUE(s, c, i) {
            double g = mask && mask[i] == 0 ? 0 : dy[i];
            sum += g;
            products += g * (x[i] - mean) * inverse;
        }
        EACH_VALUE(s, c, i) {
            double g = mask && mask[i] == 0 ? 0 : dy[i], xhat = (x[i] - mean) * inverse;
            out[DX][i] = in[B_GAMMA][c] * inverse * (g - sum / count - xhat * products / count);
        }
        out[DGAMMA][c] = products;
        out[DBETA][c] = sum;
    }
}

/* ---- The operators ------------------------------------------------------------------------------------------------- */

const fv_op fv_batch_norm_op = {
    .name = "batch_norm",
    .onnx = "BatchNormalization",
    .args = arg_table,
    .n_args = FV_COUNT(arg_table),
    .args_size = sizeof(fv_batch_norm_node_args),
    .min_in = 5,
    .max_in = 5,
    .n_out = 4,
    .weight_out = 1 << MEAN | 1 << VARIANCE,
    .opaque_out = 1 << MASK,
    .written_in = 1 << RUNNING_MEAN | 1 << RUNNING_VAR,
    .parameter_in = 1 << GAMMA | 1 << BETA | 1 << RUNNING_MEAN | 1 << RUNNING_VAR,
    .infer = infer,
    .grad = grad,
    .at_inference = at_inference,
    .ref = ref,
    .kernels = kernels,
    .n_kernels = FV_COUNT(kernels),
};

const fv_op fv_batch_norm_backward_op = {
    .name = "batch_norm_backward",
    .args_size = sizeof(fv_batch_norm_node_args),
    .min_in = B_MASK,
    .max_in = B_MASK + 1,
    .n_out = 3,
    .weight_out = 1 << DGAMMA | 1 << DBETA,
    .infer = infer_backward,
    .ref = ref_backward,
    .kernels = backward_kernels,
    .n_kernels = FV_COUNT(backward_kernels),
};

const fv_op fv_batch_norm_inference_op = {
    .name = "batch_norm_inference",
    .args = arg_table,
    .n_args = FV_COUNT(arg_table),
    .args_size = sizeof(fv_batch_norm_node_args),
    .min_in = 5,
    .max_in = 5,
    .n_out = 1,
    .infer = infer_inference,
    .ref = ref_inference,
    .kernels = inference_kernels,
    .n_kernels = FV_COUNT(inference_kernels),
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
        [GAMMA] = {"weight", args->init.kind ? args->init : (fv_init){.kind = FV_INIT_ONE}, false},
        [BETA] = {"bias", {.kind = FV_INIT_ZERO}, false},
        [RUNNING_MEAN] = {"running_mean", {.kind = FV_INIT_ZERO}, true},
        [RUNNING_VAR] = {"running_var", {.kind = FV_INIT_ONE}, true},
    };
    fv_graph *graph = x->node->graph;
    fv_batch_norm_node_args facts = {option(args->momentum, 0.9f), option(args->epsilon, 1e-5f), 0};
    fv_node *draft = fv_node_draft(graph, &fv_batch_norm_op, name, &facts, &x, 1);
    if (!draft || check_input(draft)) return NULL;
    fv_value *in[5] = {x};
    for (int i = GAMMA; i <= RUNNING_VAR; i++)
        in[i] = fv_parameter_new(graph, name, parameters[i].name,
                                 &(fv_parameter){.shape = FV_SHAPE(x->shape.dim[1]),
                                                 .init = parameters[i].init,
                                                 .state = parameters[i].state,
                                                 .no_decay = true});
    return fv_node_new(graph, &fv_batch_norm_op, name, &facts, in, 5);
}
