/* Shared by the dnn_*.c files only: from an operation in oneDNN's terms to an fv_prim. */
#ifndef KERNELS_DNN_REQUEST_H
#define KERNELS_DNN_REQUEST_H

#include "kernels/dnn.h"
#include "kernels/dnn_dialect.h"

struct fv_dnn_layout {
    dnn_desc *desc;
    dnn_desc *plain; /* f32, row-major, of the same shape */
};

/* NULL if memory ran out. */
fv_dnn_layout *fv_dnn_layout_of(const dnn_desc *desc);
/* Of a parameter: rank 1, 2, 4 or 5. */
dnnl_format_tag_t fv_dnn_plain_tag(int rank);

enum { DNN_LABEL_BYTES = 96, DNN_ARGS = 12 };

/* What a primitive is to be, filled in step by step. A step that fails leaves its status, the later ones then do
 * nothing, and fv_dnn_make reports it. */
typedef struct dnn_request {
    char label[DNN_LABEL_BYTES];
    dnnl_status_t status;
    dnn_operation operation; /* owns its attributes and descriptors */
    int args[DNN_ARGS];      /* DNNL_ARG_... that it may have, up to a 0; those without a descriptor are left out */
    int weights;             /* the one of args that is a parameter with a layout, or 0 */
    bool any;                /* take whatever implementation there is, even a reference one */
} dnn_request;

#define DNN_STEP(r, call)                                      \
    do {                                                       \
        if ((r)->status == dnnl_success) (r)->status = (call); \
    } while (0)

#define DNN_SET_ARGS(r, ...) memcpy((r)->args, (int[]){__VA_ARGS__}, sizeof((int[]){__VA_ARGS__}))

/* A request of that label, with attributes to add post-ops to. */
dnn_request fv_dnn_request(const char *format, ...) FV_PRINTF(1, 2);
/* The primitive, NULL if refused. `forward`: whose backward pass it is, or NULL. What the request owns is freed in any
 * case. */
fv_status fv_dnn_make(dnn_request *r, dnn_describe *describe, const fv_prim *forward, fv_prim **out);
/* fv_prim_master(p) is from now on a copy of from's layout of weights. */
fv_status fv_dnn_set_master(fv_prim *p, const fv_prim *from);
/* src to dst. */
dnn_describe fv_dnn_describe_reorder;

#endif
