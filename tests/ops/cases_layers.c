/* Convolution, linear, pooling, batch norm, what moves and scales channels. */
#include "ops/cases.h"
#include "ops/fused.h"
#include "ops/pool.h"
#include "ops/rooms.h"

#include <string.h>

/* A window up to `largest`, its padding below the kernel; each of its four parts off the beaten track now and then. */
static fv_window any_window(lab *l, int largest) {
    fv_window w;
    bool square = lab_chance(l, 60), dilated = lab_chance(l, 20), even = lab_chance(l, 60);
    for (int i = 0; i < 2; i++) {
        w.kernel[i] = i && square ? w.kernel[0] : lab_int(l, 1, largest);
        w.stride[i] = i && square ? w.stride[0] : lab_int(l, 1, 3);
        w.dilation[i] = dilated ? lab_int(l, 1, 3) : 1;
    }
    for (int i = 0; i < 4; i++) w.pad[i] = even && i ? w.pad[0] : lab_int(l, 0, w.kernel[i % 2] - 1);
    for (int i = 0; i < 4; i++)
        if (w.pad[i] >= w.kernel[i % 2]) w.pad[i] = w.kernel[i % 2] - 1;
    return w;
}

/* An input that the window fits into. */
static fv_shape any_image(lab *l, const fv_window *w, int n, int channels, int slack) {
    int size[2];
    for (int i = 0; i < 2; i++) {
        int span = w->dilation[i] * (w->kernel[i] - 1) + 1, least = span - w->pad[i] - w->pad[i + 2];
        size[i] = lab_int(l, least > 1 ? least : 1, span + slack);
    }
    return FV_SHAPE(n, channels, size[0], size[1]);
}

/* ---- Convolution --------------------------------------------------------------------------------------------------- */

static fv_value *conv_node(lab *l, fv_conv2d_node_args *args, fv_shape x, int out_channels) {
    const fv_window *w = &args->window;
    fv_shape weight = FV_SHAPE(out_channels, x.dim[1] / args->groups, w->kernel[0], w->kernel[1]);
    fv_value *in[4] = {lab_input(l, x, LAB_NORMAL), lab_parameter(l, "weight", weight, LAB_NORMAL)};
    int n = 2;
    if (args->has_bias) in[n++] = lab_parameter(l, "bias", FV_SHAPE(out_channels), LAB_NORMAL);
    if (args->has_skip) {
        int size[2];
        for (int i = 0; i < 2; i++)
            size[i] =
                (x.dim[2 + i] + w->pad[i] + w->pad[i + 2] - w->dilation[i] * (w->kernel[i] - 1) - 1) / w->stride[i] + 1;
        in[n++] = lab_given(l, FV_SHAPE(x.dim[0], out_channels, size[0], size[1]), LAB_NORMAL);
    }
    return fv_node_new(l->graph, &fv_conv2d_op, "layer", args, in, n);
}

static fv_value *inference_only(fv_value *y) {
    for (int i = 0; y && i < y->node->n_in; i++) y->node->in[i]->needs_grad = false;
    return y;
}

static fv_value *conv(lab *l) {
    fv_conv2d_node_args args = {.window = any_window(l, 5), .groups = 1, .has_bias = lab_chance(l, 50)};
    return conv_node(l, &args, any_image(l, &args.window, lab_batch(l), lab_channels(l), 6), lab_channels(l));
}

static fv_value *conv_groups(lab *l) {
    int groups = lab_int(l, 2, 4), each = l->small ? 2 : LAB_PICK(l, 1, 3, 6, 16);
    fv_conv2d_node_args args = {.window = any_window(l, 3), .groups = groups, .has_bias = lab_chance(l, 50)};
    fv_shape x = any_image(l, &args.window, lab_batch(l), groups * each, 5);
    return conv_node(l, &args, x, groups * (l->small ? 2 : LAB_PICK(l, 1, 2, 5, 16)));
}

static fv_value *conv_depthwise(lab *l) {
    int channels = l->small ? 3 : lab_channels(l);
    fv_conv2d_node_args args = {.window = any_window(l, 7), .groups = channels, .has_bias = lab_chance(l, 50)};
    return conv_node(l, &args, any_image(l, &args.window, lab_batch(l), channels, l->small ? 6 : 12), channels);
}

static fv_value *conv_depthwise_fused(lab *l) {
    fv_conv2d_node_args args = {
        .window = any_window(l, 5),
        .groups = lab_channels(l),
        .activation = lab_int(l, 0, FV_ACTIVATIONS - 1),
        .slope = 0.125f,
        .has_bias = lab_chance(l, 50),
        .has_skip = lab_chance(l, 20),
    };
    fv_shape x = any_image(l, &args.window, lab_batch(l), args.groups, 12);
    return inference_only(conv_node(l, &args, x, args.groups));
}

/* What Winograd's kernels take: any channels, any padding below the kernel; whole and broken tiles. */
static fv_value *square(lab *l, fv_conv2d_node_args args) {
    int side = LAB_PICK(l, 3, 5);
    args.window = (fv_window){.kernel = {side, side}, .stride = {1, 1}, .dilation = {1, 1}};
    args.groups = 1;
    args.has_bias = lab_chance(l, 50);
    for (int i = 0; i < 4; i++)
        args.window.pad[i] = i && lab_chance(l, 60) ? args.window.pad[0] : lab_int(l, 0, side - 1);
    int n = l->small ? 1 : LAB_PICK(l, 1, 2, 5);
    fv_shape x = any_image(l, &args.window, n, l->small ? 2 : LAB_PICK(l, 6, 16, 24, 58), 14);
    return conv_node(l, &args, x, l->small ? 2 : LAB_PICK(l, 6, 16, 24, 58, 96));
}

static fv_value *conv_square(lab *l) { return square(l, (fv_conv2d_node_args){0}); }

static fv_value *conv_square_fused(lab *l) {
    fv_conv2d_node_args args = {
        .activation = lab_int(l, 0, FV_ACTIVATIONS - 1), .slope = 0.125f, .has_skip = lab_chance(l, 50)};
    fv_value *y = inference_only(square(l, args));
    if (y && lab_chance(l, 60)) lab_freeze(y->node->in[1]);
    return y;
}

static fv_value *conv_fused(lab *l) {
    fv_conv2d_node_args args = {
        .window = any_window(l, 3),
        .groups = 1,
        .activation = lab_int(l, 0, FV_ACTIVATIONS - 1),
        .slope = 0.125f,
        .has_bias = lab_chance(l, 50),
        .has_skip = lab_chance(l, 50),
    };
    return inference_only(
        conv_node(l, &args, any_image(l, &args.window, lab_batch(l), lab_channels(l), 6), lab_channels(l)));
}

/* ---- Linear -------------------------------------------------------------------------------------------------------- */

static fv_value *linear(lab *l) {
    int n = lab_batch(l), in = l->small ? 5 : LAB_PICK(l, 1, 6, 16, 58, 120, 300),
        out = l->small ? 3 : LAB_PICK(l, 1, 2, 10, 64, 131);
    fv_value *x = lab_input(l, FV_SHAPE(n, in), LAB_NORMAL);
    fv_value *values[] = {x, lab_parameter(l, "weight", FV_SHAPE(out, in), LAB_NORMAL), NULL};
    struct {
        bool has_bias;
    } args = {lab_chance(l, 50)};
    if (args.has_bias) values[2] = lab_parameter(l, "bias", FV_SHAPE(out), LAB_NORMAL);
    return fv_node_new(l->graph, &fv_linear_op, "layer", &args, values, 2 + args.has_bias);
}

/* ---- Pooling ------------------------------------------------------------------------------------------------------- */

static fv_value *pool(lab *l, const fv_op *op, lab_fill fill) {
    fv_pool_node_args args = {.window = any_window(l, 3)};
    l->bf16_sums = args.window.kernel[0] * args.window.kernel[1]; /* windows that overlap, in oneDNN's backward */
    args.ceil_mode = lab_chance(l, 50);
    args.count_include_pad = op == &fv_avg_pool_op && lab_chance(l, 50);
    fv_shape x = any_image(l, &args.window, lab_batch(l), lab_channels(l), 6);
    for (int i = 0; i < 2; i++) /* a dilated window must not step over all of a small input */
        if (x.dim[2 + i] < args.window.dilation[i]) x.dim[2 + i] = args.window.dilation[i];
    return fv_node_new(l->graph, op, NULL, &args, (fv_value *[]){lab_input(l, x, fill)}, 1);
}

static fv_value *max_pool(lab *l) { return pool(l, &fv_max_pool_op, LAB_DISTINCT); }
static fv_value *max_pool_inference(lab *l) { return pool(l, &fv_max_pool_inference_op, LAB_NORMAL); }
static fv_value *avg_pool(lab *l) { return pool(l, &fv_avg_pool_op, LAB_NORMAL); }
static fv_value *max_pool_ties(lab *l) { return pool(l, &fv_max_pool_op, l->small ? LAB_DISTINCT : LAB_TIES); }

static fv_value *global_avg_pool(lab *l) {
    fv_shape x = FV_SHAPE(lab_batch(l), lab_channels(l), lab_int(l, 1, 9), lab_int(l, 1, 9));
    return fv_node_new(l->graph, &fv_global_avg_pool_op, NULL, NULL, (fv_value *[]){lab_input(l, x, LAB_NORMAL)}, 1);
}

/* ---- Batch norm ---------------------------------------------------------------------------------------------------- */

/* frozen: without gradients of parameters. */
static fv_value *norm_of(lab *l, const fv_op *op, fv_activation f, bool has_skip, bool frozen) {
    fv_batch_norm_node_args args = {
        .momentum = 0.9f, .epsilon = lab_chance(l, 50) ? 1e-5f : 1e-3f, .activation = (int)f, .has_skip = has_skip};
    int channels = lab_channels(l), n = lab_batch(l) + 1;
    fv_shape x = FV_SHAPE(n, channels, lab_int(l, 1, 6), lab_int(l, 2, 6)), c = FV_SHAPE(channels);
    fv_value *in[] = {
        lab_input(l, x, LAB_NORMAL),
        lab_parameter(l, "weight", c, LAB_POSITIVE),
        lab_parameter(l, "bias", c, LAB_NORMAL),
        lab_state(l, "running_mean", c, LAB_NORMAL),
        lab_state(l, "running_var", c, LAB_POSITIVE),
        has_skip ? lab_input(l, x, LAB_NORMAL) : NULL,
    };
    in[1]->needs_grad = in[2]->needs_grad = !frozen;
    return fv_node_new(l->graph, op, "layer", &args, in, 5 + has_skip);
}

static fv_value *norm(lab *l, const fv_op *op, fv_activation f) { return norm_of(l, op, f, false, false); }
static fv_value *batch_norm(lab *l) { return norm(l, &fv_batch_norm_op, FV_ACTIVATION_NONE); }
static fv_activation any_norm_activation(lab *l) {
    return (fv_activation)LAB_PICK(l, FV_ACTIVATION_RELU, FV_ACTIVATION_RELU6, FV_ACTIVATION_HARD_SWISH);
}
static fv_value *batch_norm_activation(lab *l) { return norm(l, &fv_batch_norm_op, any_norm_activation(l)); }
static fv_value *batch_norm_add(lab *l) { return norm_of(l, &fv_batch_norm_op, FV_ACTIVATION_NONE, true, false); }
static fv_value *batch_norm_add_relu(lab *l) { return norm_of(l, &fv_batch_norm_op, FV_ACTIVATION_RELU, true, false); }
static fv_value *batch_norm_inference(lab *l) {
    return norm_of(l, &fv_batch_norm_inference_op, FV_ACTIVATION_NONE, false, true);
}
static fv_value *batch_norm_inference_activation(lab *l) {
    return inference_only(norm(l, &fv_batch_norm_inference_op, any_norm_activation(l)));
}

static fv_value *batch_norm_inference_add(lab *l) {
    fv_activation f = lab_chance(l, 50) ? FV_ACTIVATION_RELU : FV_ACTIVATION_NONE;
    return inference_only(norm_of(l, &fv_batch_norm_inference_op, f, true, false));
}

static fv_value *lrn(lab *l) {
    fv_shape x = FV_SHAPE(lab_batch(l), lab_channels(l), lab_int(l, 1, 6), lab_int(l, 1, 6));
    return fv_lrn(lab_input(l, x, LAB_NORMAL), .size = LAB_PICK(l, 1, 2, 3, 5, 9),
                  .alpha = lab_chance(l, 50) ? 0 : 0.5f, .beta = lab_chance(l, 50) ? 0 : 0.6f,
                  .k = lab_chance(l, 50) ? 0 : 2);
}

static fv_value *conv_max_pool(lab *l) {
    fv_conv2d_node_args args = {.window = any_window(l, 5), .groups = 1, .has_bias = lab_chance(l, 50)};
    fv_shape x = any_image(l, &args.window, lab_batch(l), lab_channels(l), 8);
    for (int i = 0; i < 2; i++) x.dim[2 + i] += args.window.stride[i]; /* two rows and columns at least */
    fv_shape weight = FV_SHAPE(lab_channels(l), x.dim[1], args.window.kernel[0], args.window.kernel[1]);
    fv_value *in[] = {
        lab_input(l, x, LAB_NORMAL),
        lab_parameter(l, "weight", weight, LAB_NORMAL),
        args.has_bias ? lab_parameter(l, "bias", FV_SHAPE(weight.dim[0]), LAB_NORMAL) : NULL,
    };
    return fv_node_new(l->graph, &fv_conv2d_max_pool_op, "layer", &args, in, 2 + args.has_bias);
}

static fv_value *fold_batch_norm(lab *l) {
    int channels = lab_channels(l);
    bool has_bias = lab_chance(l, 50);
    fv_shape c = FV_SHAPE(channels);
    fv_value *in[] = {
        lab_parameter(l, "weight", FV_SHAPE(channels, lab_channels(l), lab_int(l, 1, 3), lab_int(l, 1, 3)), LAB_NORMAL),
        lab_parameter(l, "gamma", c, LAB_NORMAL),
        lab_parameter(l, "beta", c, LAB_NORMAL),
        lab_state(l, "mean", c, LAB_NORMAL),
        lab_state(l, "variance", c, LAB_POSITIVE),
        has_bias ? lab_parameter(l, "bias", c, LAB_NORMAL) : NULL,
    };
    return fv_fold_batch_norm_node(l->graph, "layer", 1e-5f, in, has_bias);
}

/* ---- Concat -------------------------------------------------------------------------------------------------------- */

static fv_value *concat(lab *l) {
    int count = lab_int(l, 1, 5), n = lab_batch(l), h = lab_int(l, 1, 5), w = lab_int(l, 1, 5);
    fv_value *in[5];
    bool flat = lab_chance(l, 25);
    for (int i = 0; i < count; i++) {
        fv_shape x = flat ? FV_SHAPE(n, lab_channels(l)) : FV_SHAPE(n, lab_channels(l), h, w);
        in[i] = lab_input(l, x, LAB_NORMAL);
    }
    return fv_node_new(l->graph, &fv_concat_op, NULL, NULL, in, count);
}

static fv_shape any_channels(lab *l, int channels) {
    if (lab_chance(l, 25)) return FV_SHAPE(lab_batch(l), channels);
    return FV_SHAPE(lab_batch(l), channels, lab_int(l, 1, 5), lab_int(l, 1, 5));
}

static fv_value *slice(lab *l) {
    int channels = lab_channels(l), begin = lab_int(l, 0, channels - 1);
    fv_value *x = lab_input(l, any_channels(l, channels), LAB_NORMAL);
    return fv_slice(x, begin, lab_int(l, 1, channels - begin));
}

static fv_value *channel_shuffle(lab *l) {
    int groups = LAB_PICK(l, 1, 2, 3, 4, 8), each = l->small ? lab_int(l, 1, 3) : LAB_PICK(l, 1, 2, 3, 8, 16, 29);
    return fv_channel_shuffle(lab_input(l, any_channels(l, groups * each), LAB_NORMAL), groups);
}

static fv_value *scale(lab *l) {
    fv_shape x = FV_SHAPE(lab_batch(l), lab_channels(l), lab_int(l, 1, 7), lab_int(l, 1, 7));
    fv_value *image = lab_input(l, x, LAB_NORMAL);
    return fv_scale(image, lab_input(l, FV_SHAPE(x.dim[0], x.dim[1], 1, 1), LAB_NORMAL));
}

const lab_case lab_layer_cases[] = {
    {"conv2d", conv, 0},
    {"conv2d: groups", conv_groups, 0},
    {"conv2d: depthwise", conv_depthwise, 0},
    {"conv2d: depthwise, fused", conv_depthwise_fused, 0},
    {"conv2d: square", conv_square, 0},
    {"conv2d: square, fused", conv_square_fused,
     1e-4}, /* of what an activation cuts, the error stays that of the sum */
    {"conv2d: fused", conv_fused, 0},
    {"linear", linear, 0},
    {"max_pool", max_pool, 1e-6},
    {"max_pool: ties", max_pool_ties, 1e-6},
    {"max_pool_inference", max_pool_inference, 1e-7},
    {"avg_pool", avg_pool, 1e-6},
    {"global_avg_pool", global_avg_pool, 1e-6},
    {"batch_norm", batch_norm, 0},
    {"batch_norm: activation", batch_norm_activation, 0},
    {"batch_norm: add", batch_norm_add, 0},
    {"batch_norm: add and ReLU", batch_norm_add_relu, 0},
    {"batch_norm_inference", batch_norm_inference, 0},
    {"batch_norm_inference: activation", batch_norm_inference_activation, 0},
    {"batch_norm_inference: add", batch_norm_inference_add, 0},
    {"lrn", lrn, 0},
    {"conv2d_max_pool", conv_max_pool, 0},
    {"fold_batch_norm", fold_batch_norm, 1e-6},
    {"concat", concat, 1e-7},
    {"slice", slice, 1e-7},
    {"channel_shuffle", channel_shuffle, 1e-7},
    {"scale", scale, 0},
    {0},
};
