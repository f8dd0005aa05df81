/* oneDNN 2.6: one descriptor an operator. */
#include "kernels/dnn.h"

#if FOVEA_ONEDNN

#include "core/memory.h"
#include "kernels/dnn_2x.h"

#include <string.h>

static const char *const pass_names[] = {
    [FV_DNN_INFER] = "",
    [FV_DNN_TRAIN] = "",
    [FV_DNN_BACKWARD] = " backward",
    [FV_DNN_BACKWARD_WEIGHTS] = " backward weights",
};

/* Of forward passes; undefined, and so invalid to oneDNN, for an operator that lacks the pass. */
static const dnnl_prop_kind_t prop_kinds[FV_DNN_BACKWARD_WEIGHTS + 1] = {
    [FV_DNN_INFER] = dnnl_forward_inference,
    [FV_DNN_TRAIN] = dnnl_forward_training,
};

static const dnnl_alg_kind_t functions[] = {
    [FV_DNN_RELU] = dnnl_eltwise_relu,
    [FV_DNN_CLIP] = dnnl_eltwise_clip_v2,
    [FV_DNN_SIGMOID] = dnnl_eltwise_logistic,
    [FV_DNN_TANH] = dnnl_eltwise_tanh,
    [FV_DNN_HARD_SWISH] = dnnl_eltwise_hardswish,
};

static bool is_forward(fv_dnn_pass pass) { return pass == FV_DNN_INFER || pass == FV_DNN_TRAIN; }

#define SET_ARGS(r, ...) memcpy((r)->args, (int[]){__VA_ARGS__}, sizeof((int[]){__VA_ARGS__}))

/* ---- Descriptors of tensors ---- */

static void activation(dnn_request *r, dnnl_memory_desc_t *desc, const dnnl_dims_t dims, fv_layout_kind layout,
                       int block) {
    dnnl_format_tag_t tag = layout == FV_PLAIN     ? dnnl_nchw
                            : layout != FV_BLOCKED ? dnnl_format_tag_undef
                            : block == 16          ? dnnl_nChw16c
                            : block == 8           ? dnnl_nChw8c
                                                   : dnnl_format_tag_undef;
    if (tag == dnnl_format_tag_undef) DNN_STEP(r, dnnl_invalid_arguments);
    DNN_STEP(r, dnnl_memory_desc_init_by_tag(desc, 4, dims, dnnl_f32, tag));
}

static void parameter(dnn_request *r, dnnl_memory_desc_t *desc, int rank, const dnnl_dims_t dims, bool plain,
                      const fv_dnn_layout *given) {
    static const dnnl_format_tag_t plain_tags[] = {[1] = dnnl_a, [2] = dnnl_ab, [4] = dnnl_abcd, [5] = dnnl_abcde};
    if (given)
        *desc = given->desc;
    else
        DNN_STEP(r, dnnl_memory_desc_init_by_tag(desc, rank, dims, dnnl_f32,
                                                 plain ? plain_tags[rank] : dnnl_format_tag_any));
}

static void append_post(dnn_request *r, const fv_dnn_post *post) {
    dnnl_post_ops_t ops = NULL;
    DNN_STEP(r, dnnl_post_ops_create(&ops));
    if (post->add) DNN_STEP(r, dnnl_post_ops_append_sum(ops, 1.0f));
    if (post->function != FV_DNN_IDENTITY)
        DNN_STEP(r, dnnl_post_ops_append_eltwise(ops, 1.0f, functions[post->function], post->alpha, post->beta));
    DNN_STEP(r, dnnl_primitive_attr_set_post_ops(r->attr, ops));
    dnnl_post_ops_destroy(ops);
}

/* ---- Convolution and linear ---- */

static void conv_args(dnn_request *r, fv_dnn_pass pass, const fv_dnn_post *post) {
    r->weights = pass == FV_DNN_BACKWARD_WEIGHTS ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS;
    if (pass == FV_DNN_BACKWARD_WEIGHTS)
        SET_ARGS(r, DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS, DNNL_ARG_SCRATCHPAD);
    else if (pass == FV_DNN_BACKWARD)
        SET_ARGS(r, DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC, DNNL_ARG_SCRATCHPAD);
    else
        SET_ARGS(r, DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD);
    if (is_forward(pass)) append_post(r, post);
}

typedef struct conv_descs {
    dnnl_memory_desc_t src, weights, bias, dst;
} conv_descs;

static void conv_tensors(dnn_request *r, const fv_dnn_conv *what, conv_descs *d) {
    const fv_conv_shape *s = &what->shape;
    activation(r, &d->src, (dnnl_dims_t){s->n, s->ic, s->ih, s->iw}, what->src, what->block);
    activation(r, &d->dst, (dnnl_dims_t){s->n, s->oc, s->oh, s->ow}, what->dst, what->block);
    int oc = s->oc / s->groups, ic = s->ic / s->groups, kh = s->kernel[0], kw = s->kernel[1];
    if (s->groups == 1)
        parameter(r, &d->weights, 4, (dnnl_dims_t){oc, ic, kh, kw}, what->plain_weights, what->weights);
    else
        parameter(r, &d->weights, 5, (dnnl_dims_t){s->groups, oc, ic, kh, kw}, what->plain_weights, what->weights);
    if (what->bias) parameter(r, &d->bias, 1, (dnnl_dims_t){s->oc}, true, NULL);
}

static dnnl_status_t conv_desc(dnnl_convolution_desc_t *desc, const fv_dnn_conv *what, fv_dnn_pass pass,
                               const conv_descs *d) {
    const fv_conv_shape *s = &what->shape;
    const dnnl_alg_kind_t alg = dnnl_convolution_direct;
    dnnl_dims_t stride = {s->stride[0], s->stride[1]}, extra = {s->dilation[0] - 1, s->dilation[1] - 1};
    dnnl_dims_t before = {s->pad[0], s->pad[1]}, after = {s->pad[2], s->pad[3]};
    if (pass == FV_DNN_BACKWARD)
        return dnnl_dilated_convolution_backward_data_desc_init(desc, alg, &d->src, &d->weights, &d->dst, stride, extra,
                                                                before, after);
    if (pass == FV_DNN_BACKWARD_WEIGHTS)
        return dnnl_dilated_convolution_backward_weights_desc_init(desc, alg, &d->src, &d->weights, &d->bias, &d->dst,
                                                                   stride, extra, before, after);
    return dnnl_dilated_convolution_forward_desc_init(desc, prop_kinds[pass], alg, &d->src, &d->weights, &d->bias,
                                                      &d->dst, stride, extra, before, after);
}

fv_status fv_dnn_conv_new(const fv_dnn_conv *what, fv_dnn_pass pass, const fv_prim *forward, fv_prim **out) {
    const fv_conv_shape *s = &what->shape;
    *out = NULL;
    dnn_request r = fv_dnn_request("convolution%s [%d,%d,%d,%d]*[%d,%d,%d,%d]", pass_names[pass], s->n, s->ic, s->ih,
                                   s->iw, s->oc, s->ic / s->groups, s->kernel[0], s->kernel[1]);
    conv_args(&r, pass, &what->post);
    conv_descs d = {0};
    conv_tensors(&r, what, &d);
    dnnl_convolution_desc_t desc;
    DNN_STEP(&r, conv_desc(&desc, what, pass, &d));
    return fv_dnn_make(&r, fv_dnn_describe(&r, &desc, forward), out);
}

static void linear_tensors(dnn_request *r, const fv_dnn_linear *what, conv_descs *d) {
    parameter(r, &d->src, 2, (dnnl_dims_t){what->n, what->in}, true, NULL);
    parameter(r, &d->dst, 2, (dnnl_dims_t){what->n, what->out}, true, NULL);
    parameter(r, &d->weights, 2, (dnnl_dims_t){what->out, what->in}, what->plain_weights, what->weights);
    if (what->bias) parameter(r, &d->bias, 1, (dnnl_dims_t){what->out}, true, NULL);
}

static dnnl_status_t linear_desc(dnnl_inner_product_desc_t *desc, fv_dnn_pass pass, const conv_descs *d) {
    if (pass == FV_DNN_BACKWARD) return dnnl_inner_product_backward_data_desc_init(desc, &d->src, &d->weights, &d->dst);
    if (pass == FV_DNN_BACKWARD_WEIGHTS)
        return dnnl_inner_product_backward_weights_desc_init(desc, &d->src, &d->weights, &d->bias, &d->dst);
    return dnnl_inner_product_forward_desc_init(desc, prop_kinds[pass], &d->src, &d->weights, &d->bias, &d->dst);
}

fv_status fv_dnn_linear_new(const fv_dnn_linear *what, fv_dnn_pass pass, const fv_prim *forward, fv_prim **out) {
    dnn_request r =
        fv_dnn_request("linear%s [%d,%d]*[%d,%d]", pass_names[pass], what->n, what->in, what->out, what->in);
    conv_args(&r, pass, &what->post);
    conv_descs d = {0};
    linear_tensors(&r, what, &d);
    dnnl_inner_product_desc_t desc;
    DNN_STEP(&r, linear_desc(&desc, pass, &d));
    return fv_dnn_make(&r, fv_dnn_describe(&r, &desc, forward), out);
}

/* ---- Pooling ---- */

/* How far the last window reaches beyond the input, at least the padding asked for: what oneDNN calls padding. */
static int reach(const fv_pool_shape *s, int axis) {
    int in = axis ? s->iw : s->ih, out = axis ? s->ow : s->oh;
    int end = (out - 1) * s->stride[axis] + s->dilation[axis] * (s->kernel[axis] - 1) + 1 - s->pad[axis];
    int beyond = end - in, pad = s->pad[2 + axis];
    return beyond > pad ? beyond : pad;
}

static dnnl_status_t pool_desc(dnnl_pooling_v2_desc_t *desc, const fv_dnn_pool *what, fv_dnn_pass pass,
                               const dnnl_memory_desc_t *src, const dnnl_memory_desc_t *dst) {
    const fv_pool_shape *s = &what->shape;
    dnnl_alg_kind_t alg = !what->average         ? dnnl_pooling_max
                          : s->count_include_pad ? dnnl_pooling_avg_include_padding
                                                 : dnnl_pooling_avg_exclude_padding;
    dnnl_dims_t kernel = {s->kernel[0], s->kernel[1]}, stride = {s->stride[0], s->stride[1]};
    dnnl_dims_t extra = {s->dilation[0] - 1, s->dilation[1] - 1};
    dnnl_dims_t before = {s->pad[0], s->pad[1]}, after = {reach(s, 0), reach(s, 1)};
    if (pass == FV_DNN_BACKWARD)
        return dnnl_pooling_v2_backward_desc_init(desc, alg, src, dst, stride, kernel, extra, before, after);
    return dnnl_pooling_v2_forward_desc_init(desc, prop_kinds[pass], alg, src, dst, stride, kernel, extra, before,
                                             after);
}

fv_status fv_dnn_pool_new(const fv_dnn_pool *what, fv_dnn_pass pass, const fv_prim *forward, fv_prim **out) {
    const fv_pool_shape *s = &what->shape;
    *out = NULL;
    /* oneDNN would divide by the whole window also where it hangs over the padded input. */
    if (what->average && s->count_include_pad && (reach(s, 0) > s->pad[2] || reach(s, 1) > s->pad[3])) return FV_OK;

    dnn_request r = fv_dnn_request("%s pooling%s [%d,%d,%d,%d] by [%d,%d]", what->average ? "average" : "max",
                                   pass_names[pass], s->n, s->c, s->ih, s->iw, s->kernel[0], s->kernel[1]);
    if (pass == FV_DNN_BACKWARD)
        SET_ARGS(&r, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_SRC, DNNL_ARG_WORKSPACE, DNNL_ARG_SCRATCHPAD);
    else
        SET_ARGS(&r, DNNL_ARG_SRC, DNNL_ARG_DST, DNNL_ARG_WORKSPACE, DNNL_ARG_SCRATCHPAD);
    dnnl_memory_desc_t src, dst;
    activation(&r, &src, (dnnl_dims_t){s->n, s->c, s->ih, s->iw}, what->layout, what->block);
    activation(&r, &dst, (dnnl_dims_t){s->n, s->c, s->oh, s->ow}, what->layout, what->block);
    dnnl_pooling_v2_desc_t desc;
    DNN_STEP(&r, pool_desc(&desc, what, pass, &src, &dst));
    return fv_dnn_make(&r, fv_dnn_describe(&r, &desc, forward), out);
}

/* ---- Copies ---- */

fv_status fv_dnn_relayout_new(const fv_dnn_relayout *what, fv_prim **out) {
    dnn_request r = fv_dnn_request("relayout of [%d,%d,%d,%d]", what->n, what->c, what->h, what->w);
    SET_ARGS(&r, DNNL_ARG_SRC, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD);
    dnnl_dims_t dims = {what->n, what->c, what->h, what->w};
    dnnl_memory_desc_t from, to;
    activation(&r, &from, dims, what->from, what->block);
    activation(&r, &to, dims, what->to, what->block);
    dnnl_engine_t engine = fv_dnn_engine();
    dnnl_primitive_desc_t desc = NULL;
    DNN_STEP(&r, dnnl_reorder_primitive_desc_create(&desc, &from, engine, &to, engine, r.attr));
    return fv_dnn_make(&r, desc, out);
}

#endif
