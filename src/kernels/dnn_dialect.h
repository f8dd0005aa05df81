/* What oneDNN 2.x and 3.x say differently, for the dnn_*.c files only. dnn_2x.c and dnn_3x.c hold the same functions;
 * CMake takes the file for the version that it finds. All other calls read the same in both. */
#ifndef KERNELS_DNN_DIALECT_H
#define KERNELS_DNN_DIALECT_H

#include <oneapi/dnnl/dnnl.h>

/* ---- Descriptors of tensors: on the heap, ours to free ---- */

#if DNNL_VERSION_MAJOR == 2
typedef dnnl_memory_desc_t dnn_desc; /* the struct itself */
#else
typedef struct dnnl_memory_desc dnn_desc; /* what oneDNN has a handle for */
#endif

dnnl_status_t fv_dnn_desc_new(dnn_desc **out, int rank, const dnnl_dims_t dims, dnnl_data_type_t type,
                              dnnl_format_tag_t tag);
dnnl_status_t fv_dnn_desc_copy(dnn_desc **out, const dnn_desc *of);
/* NULL is nothing to free. */
void fv_dnn_desc_free(dnn_desc *desc);
dnnl_data_type_t fv_dnn_desc_type(const dnn_desc *desc);
/* Its rank; *dims lives as long as it does. */
int fv_dnn_desc_shape(const dnn_desc *desc, const dnnl_dim_t **dims);

/* ---- Post-ops ---- */

dnnl_status_t fv_dnn_append_sum(dnnl_post_ops_t ops);
dnnl_status_t fv_dnn_append_eltwise(dnnl_post_ops_t ops, dnnl_alg_kind_t function, float alpha, float beta);

/* ---- Operations ---- */

/* One operation on one shape; what an operation has no use for is 0. Descriptors are those of the gradients too. */
typedef struct dnn_operation {
    dnnl_engine_t engine;
    dnnl_primitive_attr_t attr;
    const_dnnl_primitive_desc_t forward; /* a hint of backward passes, or NULL */
    dnnl_prop_kind_t pass;
    dnnl_alg_kind_t algorithm;
    dnn_desc *src, *weights, *bias, *dst;
    dnnl_dims_t kernel, stride, extra, before,
        after; /* height, width; extra is dilation - 1, the last two are padding */
} dnn_operation;

/* The implementation that oneDNN picks; dnnl_unimplemented if it has none. */
typedef dnnl_status_t dnn_describe(const dnn_operation *o, dnnl_primitive_desc_t *out);
dnn_describe fv_dnn_describe_conv, fv_dnn_describe_linear, fv_dnn_describe_pool;

#endif
