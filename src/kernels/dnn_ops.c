/* oneDNN: one operation an operator. */
#include "kernels/dnn.h"

#if FOVEA_ONEDNN

#include "kernels/dnn_request.h"

#include <string.h>

static const struct {
    const char *name;
    dnnl_prop_kind_t kind;
} passes[] = {
    [FV_DNN_INFER] = {"", dnnl_forward_inference},
    [FV_DNN_TRAIN] = {"", dnnl_forward_training},
    [FV_DNN_BACKWARD] = {" backward", dnnl_backward_data},
    [FV_DNN_BACKWARD_WEIGHTS] = {" backward weights", dnnl_backward_weights}, /* invalid to pooling */
};

static const dnnl_alg_kind_t functions[] = {
    [FV_DNN_RELU] = dnnl_eltwise_relu,
    [FV_DNN_CLIP] = dnnl_eltwise_clip_v2,
    [FV_DNN_SIGMOID] = dnnl_eltwise_logistic,
    [FV_DNN_TANH] = dnnl_eltwise_tanh,
    [FV_DNN_HARD_SWISH] = dnnl_eltwise_hardswish,
};

static bool is_forward(fv_dnn_pass pass) { return pass == FV_DNN_INFER || pass == FV_DNN_TRAIN; }

/* ---- Descriptors of tensors ---- */

static void activation(dnn_request *r, dnn_desc **desc, const dnnl_dims_t dims, dnnl_data_type_t type,
                       fv_layout_kind layout, int block) {
    bool blocked = layout == FV_BLOCKED || layout == FV_BLOCKED_BF16;
    dnnl_format_tag_t tag = layout == FV_PLAIN       ? dnnl_nchw
                            : blocked && block == 16 ? dnnl_nChw16c
                            : blocked && block == 8  ? dnnl_nChw8c
                                                     : dnnl_format_tag_undef;
    if (tag == dnnl_format_tag_undef) DNN_STEP(r, dnnl_invalid_arguments);
    DNN_STEP(r, fv_dnn_desc_new(desc, 4, dims, type, tag));
}

static dnnl_data_type_t type_of(fv_layout_kind layout) {
    return fv_layout_precision(layout) == FV_BF16 ? dnnl_bf16 : dnnl_f32;
}

static bool in_bf16(const fv_dnn_conv *what) {
    return type_of(what->src) == dnnl_bf16 || type_of(what->dst) == dnnl_bf16;
}

static void parameter(dnn_request *r, dnn_desc **desc, int rank, const dnnl_dims_t dims, dnnl_data_type_t type,
                      bool plain, const fv_dnn_layout *given) {
    if (given)
        DNN_STEP(r, fv_dnn_desc_copy(desc, given->desc));
    else
        DNN_STEP(r, fv_dnn_desc_new(desc, rank, dims, type, plain ? fv_dnn_plain_tag(rank) : dnnl_format_tag_any));
}

static void append_post(dnn_request *r, const fv_dnn_post *post) {
    dnnl_post_ops_t ops = NULL;
    DNN_STEP(r, dnnl_post_ops_create(&ops));
    if (post->add) DNN_STEP(r, fv_dnn_append_sum(ops));
    if (post->function != FV_DNN_IDENTITY)
        DNN_STEP(r, fv_dnn_append_eltwise(ops, functions[post->function], post->alpha, post->beta));
    DNN_STEP(r, dnnl_primitive_attr_set_post_ops(r->operation.attr, ops));
    dnnl_post_ops_destroy(ops);
}

/* ---- Convolution and linear ---- */

static void conv_args(dnn_request *r, fv_dnn_pass pass, const fv_dnn_post *post) {
    r->weights = pass == FV_DNN_BACKWARD_WEIGHTS ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS;
    if (pass == FV_DNN_BACKWARD_WEIGHTS)
        DNN_SET_ARGS(r, DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS,
                     DNNL_ARG_SCRATCHPAD);
    else if (pass == FV_DNN_BACKWARD)
        DNN_SET_ARGS(r, DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC, DNNL_ARG_SCRATCHPAD);
    else
        DNN_SET_ARGS(r, DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD);
    if (is_forward(pass)) append_post(r, post);
}

static void conv_tensors(dnn_request *r, const fv_dnn_conv *what, fv_dnn_pass pass) {
    const fv_conv_shape *s = &what->shape;
    dnn_operation *o = &r->operation;
    dnnl_data_type_t type = in_bf16(what) ? dnnl_bf16 : dnnl_f32;
    dnnl_data_type_t weights = pass == FV_DNN_BACKWARD_WEIGHTS ? dnnl_f32 : type;
    activation(r, &o->src, (dnnl_dims_t){s->n, s->ic, s->ih, s->iw}, type, what->src, what->block);
    activation(r, &o->dst, (dnnl_dims_t){s->n, s->oc, s->oh, s->ow}, type, what->dst, what->block);
    int oc = s->oc / s->groups, ic = s->ic / s->groups, kh = s->kernel[0], kw = s->kernel[1];
    if (s->groups == 1)
        parameter(r, &o->weights, 4, (dnnl_dims_t){oc, ic, kh, kw}, weights, what->plain_weights, what->weights);
    else
        parameter(r, &o->weights, 5, (dnnl_dims_t){s->groups, oc, ic, kh, kw}, weights, what->plain_weights,
                  what->weights);
    if (what->bias) parameter(r, &o->bias, 1, (dnnl_dims_t){s->oc}, dnnl_f32, true, NULL);
}

static void conv_window(dnn_operation *o, const fv_conv_shape *s) {
    for (int axis = 0; axis < 2; axis++) {
        o->stride[axis] = s->stride[axis];
        o->extra[axis] = s->dilation[axis] - 1;
        o->before[axis] = s->pad[axis];
        o->after[axis] = s->pad[2 + axis];
    }
}

/* What the gradient's primitive is made for is not lost: oneDNN keeps it for who asks next. */
static fv_status find_master(const fv_dnn_conv *what, fv_prim *forward) {
    fv_prim *gradient;
    FV_TRY(fv_dnn_conv_new(what, FV_DNN_BACKWARD_WEIGHTS, forward, &gradient));
    fv_status status = gradient ? fv_dnn_set_master(forward, gradient) : FV_OK;
    fv_prim_free(gradient);
    return status;
}

/* Direct alone: oneDNN has no Winograd since 3.2, and before a lesser one than ours (kernels/winograd.h). */
fv_status fv_dnn_conv_new(const fv_dnn_conv *what, fv_dnn_pass pass, const fv_prim *forward, fv_prim **out) {
    const fv_conv_shape *s = &what->shape;
    dnn_request r = fv_dnn_request("convolution%s [%d,%d,%d,%d]*[%d,%d,%d,%d]", passes[pass].name, s->n, s->ic, s->ih,
                                   s->iw, s->oc, s->ic / s->groups, s->kernel[0], s->kernel[1]);
    conv_args(&r, pass, &what->post);
    conv_tensors(&r, what, pass);
    conv_window(&r.operation, s);
    r.operation.pass = passes[pass].kind;
    r.operation.algorithm = dnnl_convolution_direct;
    FV_TRY(fv_dnn_make(&r, fv_dnn_describe_conv, forward, out));
    fv_status status = *out && pass == FV_DNN_TRAIN && in_bf16(what) ? find_master(what, *out) : FV_OK;
    if (status == FV_OK) return FV_OK;
    fv_prim_free(*out);
    *out = NULL;
    return status;
}

static void linear_tensors(dnn_request *r, const fv_dnn_linear *what) {
    dnn_operation *o = &r->operation;
    parameter(r, &o->src, 2, (dnnl_dims_t){what->n, what->in}, dnnl_f32, true, NULL);
    parameter(r, &o->dst, 2, (dnnl_dims_t){what->n, what->out}, dnnl_f32, true, NULL);
    parameter(r, &o->weights, 2, (dnnl_dims_t){what->out, what->in}, dnnl_f32, what->plain_weights, what->weights);
    if (what->bias) parameter(r, &o->bias, 1, (dnnl_dims_t){what->out}, dnnl_f32, true, NULL);
}

fv_status fv_dnn_linear_new(const fv_dnn_linear *what, fv_dnn_pass pass, const fv_prim *forward, fv_prim **out) {
    dnn_request r =
        fv_dnn_request("linear%s [%d,%d]*[%d,%d]", passes[pass].name, what->n, what->in, what->out, what->in);
    conv_args(&r, pass, &what->post);
    linear_tensors(&r, what);
    r.operation.pass = passes[pass].kind;
    return fv_dnn_make(&r, fv_dnn_describe_linear, forward, out);
}

/* ---- Pooling ---- */

/* How far the last window reaches beyond the input, at least the padding asked for: what oneDNN calls padding. */
static int reach(const fv_pool_shape *s, int axis) {
    int in = axis ? s->iw : s->ih, out = axis ? s->ow : s->oh;
    int end = (out - 1) * s->stride[axis] + s->dilation[axis] * (s->kernel[axis] - 1) + 1 - s->pad[axis];
    int beyond = end - in, pad = s->pad[2 + axis];
    return beyond > pad ? beyond : pad;
}

static void pool_window(dnn_operation *o, const fv_pool_shape *s) {
    for (int axis = 0; axis < 2; axis++) {
        o->kernel[axis] = s->kernel[axis];
        o->stride[axis] = s->stride[axis];
        o->extra[axis] = s->dilation[axis] - 1;
        o->before[axis] = s->pad[axis];
        o->after[axis] = reach(s, axis);
    }
}

fv_status fv_dnn_pool_new(const fv_dnn_pool *what, fv_dnn_pass pass, const fv_prim *forward, fv_prim **out) {
    const fv_pool_shape *s = &what->shape;
    *out = NULL;
    /* oneDNN would divide by the whole window also where it hangs over the padded input. */
    if (what->average && s->count_include_pad && (reach(s, 0) > s->pad[2] || reach(s, 1) > s->pad[3])) return FV_OK;

    dnn_request r = fv_dnn_request("%s pooling%s [%d,%d,%d,%d] by [%d,%d]", what->average ? "average" : "max",
                                   passes[pass].name, s->n, s->c, s->ih, s->iw, s->kernel[0], s->kernel[1]);
    if (pass == FV_DNN_BACKWARD)
        DNN_SET_ARGS(&r, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_SRC, DNNL_ARG_WORKSPACE, DNNL_ARG_SCRATCHPAD);
    else
        DNN_SET_ARGS(&r, DNNL_ARG_SRC, DNNL_ARG_DST, DNNL_ARG_WORKSPACE, DNNL_ARG_SCRATCHPAD);
    dnn_operation *o = &r.operation;
    activation(&r, &o->src, (dnnl_dims_t){s->n, s->c, s->ih, s->iw}, type_of(what->layout), what->layout, what->block);
    activation(&r, &o->dst, (dnnl_dims_t){s->n, s->c, s->oh, s->ow}, type_of(what->layout), what->layout, what->block);
    pool_window(o, s);
    o->pass = passes[pass].kind;
    o->algorithm = !what->average         ? dnnl_pooling_max
                   : s->count_include_pad ? dnnl_pooling_avg_include_padding
                                          : dnnl_pooling_avg_exclude_padding;
    return fv_dnn_make(&r, fv_dnn_describe_pool, forward, out);
}

/* ---- Copies ---- */

fv_status fv_dnn_relayout_new(const fv_dnn_relayout *what, fv_prim **out) {
    dnn_request r = fv_dnn_request("relayout of [%d,%d,%d,%d]", what->n, what->c, what->h, what->w);
    DNN_SET_ARGS(&r, DNNL_ARG_SRC, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD);
    dnnl_dims_t dims = {what->n, what->c, what->h, what->w};
    activation(&r, &r.operation.src, dims, type_of(what->from), what->from, what->block);
    activation(&r, &r.operation.dst, dims, type_of(what->to), what->to, what->block);
    return fv_dnn_make(&r, fv_dnn_describe_reorder, NULL, out);
}

#endif
