/* oneDNN 2.x (tried with 2.6): structs describe tensors and operations; an implementation is looked up for them. */
#include "core/memory.h"
#include "kernels/dnn_dialect.h"

dnnl_status_t fv_dnn_desc_new(dnn_desc **out, int rank, const dnnl_dims_t dims, dnnl_data_type_t type,
                              dnnl_format_tag_t tag) {
    *out = FV_NEW(dnn_desc);
    return *out ? dnnl_memory_desc_init_by_tag(*out, rank, dims, type, tag) : dnnl_out_of_memory;
}

dnnl_status_t fv_dnn_desc_copy(dnn_desc **out, const dnn_desc *of) {
    *out = FV_NEW(dnn_desc);
    if (!*out) return dnnl_out_of_memory;
    **out = *of;
    return dnnl_success;
}

void fv_dnn_desc_free(dnn_desc *desc) { fv_free(desc); }

dnnl_data_type_t fv_dnn_desc_type(const dnn_desc *desc) { return desc->data_type; }

int fv_dnn_desc_shape(const dnn_desc *desc, const dnnl_dim_t **dims) {
    *dims = desc->dims;
    return desc->ndims;
}

dnnl_status_t fv_dnn_append_sum(dnnl_post_ops_t ops) { return dnnl_post_ops_append_sum(ops, 1.0f); }

dnnl_status_t fv_dnn_append_eltwise(dnnl_post_ops_t ops, dnnl_alg_kind_t function, float alpha, float beta) {
    return dnnl_post_ops_append_eltwise(ops, 1.0f, function, alpha, beta);
}

/* `described` is what became of the operation's description. */
static dnnl_status_t look_up(const dnn_operation *o, dnnl_status_t described, const_dnnl_op_desc_t description,
                             dnnl_primitive_desc_t *out) {
    if (described != dnnl_success) return described;
    return dnnl_primitive_desc_create(out, description, o->attr, o->engine, o->forward);
}

dnnl_status_t fv_dnn_describe_conv(const dnn_operation *o, dnnl_primitive_desc_t *out) {
    dnnl_convolution_desc_t desc;
    dnnl_status_t described;
    if (o->pass == dnnl_backward_data)
        described = dnnl_dilated_convolution_backward_data_desc_init(&desc, o->algorithm, o->src, o->weights, o->dst,
                                                                     o->stride, o->extra, o->before, o->after);
    else if (o->pass == dnnl_backward_weights)
        described = dnnl_dilated_convolution_backward_weights_desc_init(
            &desc, o->algorithm, o->src, o->weights, o->bias, o->dst, o->stride, o->extra, o->before, o->after);
    else
        described =
            dnnl_dilated_convolution_forward_desc_init(&desc, o->pass, o->algorithm, o->src, o->weights, o->bias,
                                                       o->dst, o->stride, o->extra, o->before, o->after);
    return look_up(o, described, &desc, out);
}

dnnl_status_t fv_dnn_describe_linear(const dnn_operation *o, dnnl_primitive_desc_t *out) {
    dnnl_inner_product_desc_t desc;
    dnnl_status_t described;
    if (o->pass == dnnl_backward_data)
        described = dnnl_inner_product_backward_data_desc_init(&desc, o->src, o->weights, o->dst);
    else if (o->pass == dnnl_backward_weights)
        described = dnnl_inner_product_backward_weights_desc_init(&desc, o->src, o->weights, o->bias, o->dst);
    else
        described = dnnl_inner_product_forward_desc_init(&desc, o->pass, o->src, o->weights, o->bias, o->dst);
    return look_up(o, described, &desc, out);
}

dnnl_status_t fv_dnn_describe_pool(const dnn_operation *o, dnnl_primitive_desc_t *out) {
    dnnl_pooling_v2_desc_t desc;
    dnnl_status_t described;
    if (o->pass == dnnl_backward_data)
        described = dnnl_pooling_v2_backward_desc_init(&desc, o->algorithm, o->src, o->dst, o->stride, o->kernel,
                                                       o->extra, o->before, o->after);
    else
        described = dnnl_pooling_v2_forward_desc_init(&desc, o->pass, o->algorithm, o->src, o->dst, o->stride,
                                                      o->kernel, o->extra, o->before, o->after);
    return look_up(o, described, &desc, out);
}
