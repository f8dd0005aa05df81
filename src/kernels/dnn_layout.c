/* oneDNN: layouts of parameters, and the way from one to another. */
#include "kernels/dnn.h"

#if FOVEA_ONEDNN

#include "core/memory.h"
#include "kernels/dnn_request.h"

#include <string.h>

dnnl_format_tag_t fv_dnn_plain_tag(int rank) {
    static const dnnl_format_tag_t tags[] = {[1] = dnnl_a, [2] = dnnl_ab, [4] = dnnl_abcd, [5] = dnnl_abcde};
    return tags[rank];
}

static dnnl_status_t fill(fv_dnn_layout *layout, const dnn_desc *desc) {
    const dnnl_dim_t *dims;
    int rank = fv_dnn_desc_shape(desc, &dims);
    dnnl_status_t status = fv_dnn_desc_copy(&layout->desc, desc);
    return status == dnnl_success ? fv_dnn_desc_new(&layout->plain, rank, dims, dnnl_f32, fv_dnn_plain_tag(rank))
                                  : status;
}

fv_dnn_layout *fv_dnn_layout_of(const dnn_desc *desc) {
    fv_dnn_layout *layout = FV_NEW(fv_dnn_layout);
    if (!layout || fill(layout, desc) == dnnl_success) return layout;
    fv_dnn_layout_free(layout);
    fv_fail(FV_NO_MEMORY, "out of memory: oneDNN has none for the layout of a parameter");
    return NULL;
}

fv_dnn_layout *fv_dnn_layout_copy(const fv_dnn_layout *layout) {
    return layout ? fv_dnn_layout_of(layout->desc) : NULL;
}

void fv_dnn_layout_free(fv_dnn_layout *layout) {
    if (!layout) return;
    fv_dnn_desc_free(layout->desc);
    fv_dnn_desc_free(layout->plain);
    fv_free(layout);
}

bool fv_dnn_layout_equal(const fv_dnn_layout *a, const fv_dnn_layout *b) {
    return a == b || (a && b && dnnl_memory_desc_equal(a->desc, b->desc));
}

bool fv_dnn_layout_is_plain(const fv_dnn_layout *layout) { return dnnl_memory_desc_equal(layout->desc, layout->plain); }

bool fv_dnn_layout_is_bf16(const fv_dnn_layout *layout) { return fv_dnn_desc_type(layout->desc) == dnnl_bf16; }

size_t fv_dnn_layout_bytes(const fv_dnn_layout *layout) { return dnnl_memory_desc_get_size(layout->desc); }

/* Layouts of another rank or shape are refused here, before oneDNN calls them invalid. */
static bool same_shape(const fv_dnn_layout *a, const fv_dnn_layout *b) {
    return !a || !b || dnnl_memory_desc_equal(a->plain, b->plain);
}

fv_status fv_dnn_reorder_new(const fv_dnn_layout *from, const fv_dnn_layout *to, fv_prim **out) {
    *out = NULL;
    if (!from && !to) return fv_fail(FV_BAD_ARGUMENT, "reorder of a parameter: both layouts plain, of unknown shape");
    if (!same_shape(from, to)) return FV_OK;

    const dnnl_dim_t *dims;
    fv_dnn_desc_shape(from ? from->desc : to->desc, &dims);
    dnn_request r = fv_dnn_request("reorder of a parameter [%ld,%ld,...]", (long)dims[0], (long)dims[1]);
    r.any = true;
    DNN_SET_ARGS(&r, DNNL_ARG_SRC, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD);
    DNN_STEP(&r, fv_dnn_desc_copy(&r.operation.src, from ? from->desc : to->plain));
    DNN_STEP(&r, fv_dnn_desc_copy(&r.operation.dst, to ? to->desc : from->plain));
    return fv_dnn_make(&r, fv_dnn_describe_reorder, NULL, out);
}

fv_status fv_dnn_reorder(const fv_dnn_layout *from, const void *src, const fv_dnn_layout *to, void *dst) {
    fv_prim *p;
    FV_TRY(fv_dnn_reorder_new(from, to, &p));
    if (!p)
        return fv_fail(FV_UNSUPPORTED, "reorder of a parameter: oneDNN has no way from its layout to the one wanted");
    void *scratch = fv_alloc(fv_prim_scratch(p), 1);
    fv_status status =
        scratch ? fv_prim_run(p, &(fv_prim_args){.src = src, .dst = dst, .scratch = scratch}) : FV_NO_MEMORY;
    fv_free(scratch);
    fv_prim_free(p);
    return status;
}

#endif
