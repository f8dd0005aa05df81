/* oneDNN 3.x (tried with 3.1, 3.2 and 3.7): handles describe tensors, the call that looks it up an operation. */
#include "kernels/dnn_dialect.h"

dnnl_status_t fv_dnn_desc_new(dnn_desc **out, int rank, const dnnl_dims_t dims, dnnl_data_type_t type,
                              dnnl_format_tag_t tag) {
    return dnnl_memory_desc_create_with_tag(out, rank, dims, type, tag);
}

dnnl_status_t fv_dnn_desc_copy(dnn_desc **out, const dnn_desc *of) { return dnnl_memory_desc_clone(out, of); }

void fv_dnn_desc_free(dnn_desc *desc) {
    if (desc) dnnl_memory_desc_destroy(desc);
}

dnnl_data_type_t fv_dnn_desc_type(const dnn_desc *desc) {
    dnnl_data_type_t type = dnnl_data_type_undef;
    dnnl_memory_desc_query(desc, dnnl_query_data_type, &type);
    return type;
}

int fv_dnn_desc_shape(const dnn_desc *desc, const dnnl_dim_t **dims) {
    int rank = 0;
    dnnl_memory_desc_query(desc, dnnl_query_ndims_s32, &rank);
    dnnl_memory_desc_query(desc, dnnl_query_dims, (void *)dims);
    return rank;
}

dnnl_status_t fv_dnn_append_sum(dnnl_post_ops_t ops) {
    return dnnl_post_ops_append_sum(ops, 1.0f, 0, dnnl_data_type_undef);
}

/* Hard swish has become x min(max(alpha x + beta, 0), 1). */
dnnl_status_t fv_dnn_append_eltwise(dnnl_post_ops_t ops, dnnl_alg_kind_t function, float alpha, float beta) {
    if (function == dnnl_eltwise_hardswish) alpha = 1.0f / 6, beta = 0.5f;
    return dnnl_post_ops_append_eltwise(ops, function, alpha, beta);
}

dnnl_status_t fv_dnn_describe_conv(const dnn_operation *o, dnnl_primitive_desc_t *out) {
    if (o->pass == dnnl_backward_data)
        return dnnl_convolution_backward_data_primitive_desc_create(out, o->engine, o->algorithm, o->src, o->weights,
                                                                    o->dst, o->stride, o->extra, o->before, o->after,
                                                                    o->forward, o->attr);
    if (o->pass == dnnl_backward_weights)
        return dnnl_convolution_backward_weights_primitive_desc_create(out, o->engine, o->algorithm, o->src, o->weights,
                                                                       o->bias, o->dst, o->stride, o->extra, o->before,
                                                                       o->after, o->forward, o->attr);
    return dnnl_convolution_forward_primitive_desc_create(out, o->engine, o->pass, o->algorithm, o->src, o->weights,
                                                          o->bias, o->dst, o->stride, o->extra, o->before, o->after,
                                                          o->attr);
}

dnnl_status_t fv_dnn_describe_linear(const dnn_operation *o, dnnl_primitive_desc_t *out) {
    if (o->pass == dnnl_backward_data)
        return dnnl_inner_product_backward_data_primitive_desc_create(out, o->engine, o->src, o->weights, o->dst,
                                                                      o->forward, o->attr);
    if (o->pass == dnnl_backward_weights)
        return dnnl_inner_product_backward_weights_primitive_desc_create(out, o->engine, o->src, o->weights, o->bias,
                                                                         o->dst, o->forward, o->attr);
    return dnnl_inner_product_forward_primitive_desc_create(out, o->engine, o->pass, o->src, o->weights, o->bias,
                                                            o->dst, o->attr);
}

dnnl_status_t fv_dnn_describe_pool(const dnn_operation *o, dnnl_primitive_desc_t *out) {
    if (o->pass == dnnl_backward_data)
        return dnnl_pooling_backward_primitive_desc_create(out, o->engine, o->algorithm, o->src, o->dst, o->stride,
                                                           o->kernel, o->extra, o->before, o->after, o->forward,
                                                           o->attr);
    return dnnl_pooling_forward_primitive_desc_create(out, o->engine, o->pass, o->algorithm, o->src, o->dst, o->stride,
                                                      o->kernel, o->extra, o->before, o->after, o->attr);
}
