/* The build without oneDNN: every creation is refused, so that no primitive ever exists. */
#include "kernels/dnn.h"

#if !FOVEA_ONEDNN

const char *fv_dnn_version(void) { return "no oneDNN"; }

fv_status fv_dnn_max_isa(const char *isa) {
    return fv_fail(FV_UNSUPPORTED, "instruction set %s: this build has no oneDNN to cap", isa);
}

static fv_status refused(fv_prim **out) {
    *out = NULL;
    return FV_OK;
}

#define REFUSE_PASSES(operator)                                                                                \
    fv_status fv_dnn_##operator##_new(const fv_dnn_##operator* what, fv_dnn_pass pass, const fv_prim *forward, \
                                      fv_prim **out) {                                                         \
        (void)what, (void)pass, (void)forward;                                                                 \
        return refused(out);                                                                                   \
    }
REFUSE_PASSES(conv)
REFUSE_PASSES(linear)
REFUSE_PASSES(pool)

fv_status fv_dnn_relayout_new(const fv_dnn_relayout *what, fv_prim **out) {
    (void)what;
    return refused(out);
}

fv_status fv_dnn_reorder_new(const fv_dnn_layout *from, const fv_dnn_layout *to, fv_prim **out) {
    (void)from, (void)to;
    return refused(out);
}

void fv_prim_free(fv_prim *p) { (void)p; }

const char *fv_prim_implementation(const fv_prim *p) {
    (void)p;
    return "";
}

const char *fv_prim_label(const fv_prim *p) {
    (void)p;
    return "";
}

const fv_dnn_layout *fv_prim_weights(const fv_prim *p) {
    (void)p;
    return NULL;
}

const fv_dnn_layout *fv_prim_master(const fv_prim *p) {
    (void)p;
    return NULL;
}

size_t fv_prim_workspace(const fv_prim *p) {
    (void)p;
    return 0;
}

size_t fv_prim_scratch(const fv_prim *p) {
    (void)p;
    return 0;
}

fv_status fv_prim_run(fv_prim *p, const fv_prim_args *args) {
    (void)p, (void)args;
    return fv_fail(FV_UNSUPPORTED, "this build has no oneDNN to run a primitive with");
}

fv_dnn_layout *fv_dnn_layout_copy(const fv_dnn_layout *layout) {
    (void)layout;
    return NULL;
}

void fv_dnn_layout_free(fv_dnn_layout *layout) { (void)layout; }

bool fv_dnn_layout_equal(const fv_dnn_layout *a, const fv_dnn_layout *b) { return a == b; }

bool fv_dnn_layout_is_plain(const fv_dnn_layout *layout) {
    (void)layout;
    return true;
}

bool fv_dnn_layout_is_bf16(const fv_dnn_layout *layout) {
    (void)layout;
    return false;
}

size_t fv_dnn_layout_bytes(const fv_dnn_layout *layout) {
    (void)layout;
    return 0;
}

fv_status fv_dnn_reorder(const fv_dnn_layout *from, const void *src, const fv_dnn_layout *to, void *dst) {
    (void)from, (void)src, (void)to, (void)dst;
    return fv_fail(FV_UNSUPPORTED, "this build has no oneDNN to reorder a parameter with");
}

#endif
