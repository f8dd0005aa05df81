/* Average pooling:
 *
 *     y[n,c,p,q] = 1/D sum over (i,j) of x[n,c, p s + i d - pad, q s + j d - pad]       x [N,C,H,W] -> y [N,C,OH,OW]
 *
 * D counts the taps on the input; with count_include_pad those on the padding asked for too, but never those beyond it,
 * where a last window hangs over (ceil_mode).
 *
 *     dx = dy / D at every tap of each window, summed where windows overlap */
#include "ops/pool.h"
#include "ops/rooms.h"

#include <string.h>

/* ---- Arguments, shapes, gradient ----------------------------------------------------------------------------------- */

static const fv_arg arg_table[] = {
    FV_WINDOW_ROWS(fv_pool_node_args),
    FV_ARG_ROW(FV_ARG_BOOL, fv_pool_node_args, ceil_mode, "ceil_mode", 1, 0, 1, 0,
               "whether a last window may hang over the edge"),
    FV_ARG_ROW(FV_ARG_BOOL, fv_pool_node_args, count_include_pad, "count_include_pad", 1, 0, 1, 0,
               "whether padding counts in the divisor"),
};

static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    if (!node->in[0]->needs_grad) return FV_OK;
    dx[0] = fv_node_backward(node, &fv_avg_pool_backward_op, dy, 1);
    return dx[0] ? FV_OK : fv_last_status();
}

/* ---- Definition ---------------------------------------------------------------------------------------------------- */

/* How many taps of one axis count in the divisor. */
static int divisor_taps(const fv_pool_shape *s, int axis, int at) {
    int size = axis ? s->iw : s->ih, counted = 0;
    int low = s->count_include_pad ? -s->pad[axis] : 0, high = s->count_include_pad ? size + s->pad[2 + axis] : size;
    for (int i = 0; i < s->kernel[axis]; i++) {
        int place = at * s->stride[axis] + i * s->dilation[axis] - s->pad[axis];
        counted += place >= low && place < high;
    }
    return counted;
}

/* Adds x[k] / D to y for each window of every map, or (spread) y / D to x[k]. */
static void each_tap(const fv_pool_shape *s, double *x, double *y, bool spread) {
    for (int map = 0; map < s->n * s->c; map++, x += (size_t)s->ih * s->iw)
        for (int p = 0; p < s->oh; p++)
            for (int q = 0; q < s->ow; q++, y++) {
                double divisor = (double)divisor_taps(s, 0, p) * divisor_taps(s, 1, q);
                for (int i = 0; i < s->kernel[0]; i++)
                    for (int j = 0; j < s->kernel[1]; j++) {
                        int row = p * s->stride[0] + i * s->dilation[0] - s->pad[0];
                        int col = q * s->stride[1] + j * s->dilation[1] - s->pad[1];
                        if (row < 0 || row >= s->ih || col < 0 || col >= s->iw) continue;
                        double *tap = x + (size_t)row * s->iw + col;
                        spread ? (*tap += *y / divisor) : (*y += *tap / divisor);
                    }
            }
}

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    fv_pool_shape s = fv_pool_shape_of(node);
    memset(out[0], 0, fv_shape_count(&node->out[0].shape) * sizeof(double));
    each_tap(&s, (double *)in[0], out[0], false);
}

static void ref_backward(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    fv_pool_shape s = fv_pool_shape_of(node);
    memset(out[0], 0, fv_shape_count(&node->out[0].shape) * sizeof(double));
    each_tap(&s, out[0], (double *)in[0], true);
}

/* ---- The operators ------------------------------------------------------------------------------------------------- */

const fv_op fv_avg_pool_op = {
    .name = "avg_pool",
    .onnx = "AveragePool",
    .args = arg_table,
    .n_args = FV_COUNT(arg_table),
    .args_size = sizeof(fv_pool_node_args),
    .min_in = 1,
    .max_in = 1,
    .n_out = 1,
    .infer = fv_pool_infer,
    .grad = grad,
    .ref = ref,
    .kernels = fv_avg_kernels,
    .n_kernels = FV_AVG_KERNELS,
};

const fv_op fv_avg_pool_backward_op = {
    .name = "avg_pool_backward",
    .args_size = sizeof(fv_pool_node_args),
    .min_in = 1, /* dy */
    .max_in = 1,
    .n_out = 1,
    .infer = fv_pool_infer_backward,
    .ref = ref_backward,
    .kernels = fv_avg_backward_kernels,
    .n_kernels = FV_AVG_KERNELS,
};

/* ---- In a network -------------------------------------------------------------------------------------------------- */

fv_value *fv_avg_pool_with(fv_value *x, int kernel, const fv_pool_args *args) {
    if (!x) return NULL;
    fv_pool_node_args facts = fv_pool_args_from(kernel, args);
    return fv_node_new(x->node->graph, &fv_avg_pool_op, NULL, &facts, &x, 1);
}
