/* Shared by the dnn_2x*.c files only: from a oneDNN descriptor to an fv_prim. */
#ifndef KERNELS_DNN_2X_H
#define KERNELS_DNN_2X_H

#include "kernels/dnn.h"

#include <oneapi/dnnl/dnnl.h>

struct fv_dnn_layout {
    dnnl_memory_desc_t desc;
};

enum { DNN_LABEL_BYTES = 96, DNN_ARGS = 12 };

/* What a primitive is to be, filled in step by step. A step that fails leaves its status, the later ones then do
 * nothing, and fv_dnn_make reports it. */
typedef struct dnn_request {
    char label[DNN_LABEL_BYTES];
    dnnl_status_t status;
    dnnl_primitive_attr_t attr;
    int args[DNN_ARGS]; /* DNNL_ARG_... that it may have, up to a 0; those without a descriptor are left out */
    int weights;        /* the one of args that is a parameter with a layout, or 0 */
    bool any;           /* take whatever implementation there is, even a reference one */
} dnn_request;

#define DNN_STEP(r, call)                                      \
    do {                                                       \
        if ((r)->status == dnnl_success) (r)->status = (call); \
    } while (0)

/* A request of that label, with attributes to add post-ops to. */
dnn_request fv_dnn_request(const char *format, ...) FV_PRINTF(1, 2);
dnnl_engine_t fv_dnn_engine(void);
/* The implementation that oneDNN picks for the descriptor of an operation, such as a dnnl_convolution_desc_t. */
dnnl_primitive_desc_t fv_dnn_describe(dnn_request *r, const void *operation, const fv_prim *forward);
/* The primitive, NULL if refused. Takes over the request's attributes and the descriptor (NULL if none) in any case. */
fv_status fv_dnn_make(dnn_request *r, dnnl_primitive_desc_t desc, fv_prim **out);

#endif
