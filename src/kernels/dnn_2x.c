/* oneDNN 2.6: the engine, primitives as such, and layouts of parameters. The operators are in dnn_2x_ops.c. */
#include "kernels/dnn.h"

#if FOVEA_ONEDNN

#include "core/memory.h"
#include "kernels/dnn_2x.h"

#include <oneapi/dnnl/dnnl_debug.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- The process's engine and stream ---- */

/* On a CPU a stream has no state of its own: all threads share one. */

static pthread_once_t started = PTHREAD_ONCE_INIT;
static dnnl_engine_t engine;
static dnnl_stream_t stream;

static void start(void) {
    if (dnnl_engine_create(&engine, dnnl_cpu, 0) != dnnl_success) return;
    if (dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) == dnnl_success) return;
    dnnl_engine_destroy(engine);
    engine = NULL;
}

dnnl_engine_t fv_dnn_engine(void) {
    pthread_once(&started, start);
    return engine;
}

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

const char *fv_dnn_version(void) {
    return "oneDNN " TEXT(DNNL_VERSION_MAJOR) "." TEXT(DNNL_VERSION_MINOR) "." TEXT(DNNL_VERSION_PATCH);
}

fv_status fv_dnn_max_isa(const char *isa) {
    static const struct {
        const char *name;
        dnnl_cpu_isa_t isa;
    } isas[] = {
        {"sse41", dnnl_cpu_isa_sse41},
        {"avx2", dnnl_cpu_isa_avx2},
        {"avx512", dnnl_cpu_isa_avx512_core},
    };
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++) {
        if (strcmp(isa, isas[i].name) != 0) continue;
        if (dnnl_set_max_cpu_isa(isas[i].isa) == dnnl_success) return FV_OK;
        return fv_fail(FV_UNSUPPORTED, "instruction set %s: too late, oneDNN is in use already", isa);
    }
    return fv_fail(FV_BAD_ARGUMENT, "instruction set %s: must be sse41, avx2 or avx512", isa);
}

/* ---- Making a primitive ---- */

/* Where fv_prim_args has what oneDNN calls by number. */
static const struct role {
    int arg;
    size_t offset;
    const char *name;
} roles[] = {
    {DNNL_ARG_SRC, offsetof(fv_prim_args, src), "src"},
    {DNNL_ARG_DST, offsetof(fv_prim_args, dst), "dst"},
    {DNNL_ARG_WEIGHTS, offsetof(fv_prim_args, weights), "weights"},
    {DNNL_ARG_BIAS, offsetof(fv_prim_args, bias), "bias"},
    {DNNL_ARG_DIFF_SRC, offsetof(fv_prim_args, diff_src), "diff_src"},
    {DNNL_ARG_DIFF_DST, offsetof(fv_prim_args, diff_dst), "diff_dst"},
    {DNNL_ARG_DIFF_WEIGHTS, offsetof(fv_prim_args, diff_weights), "diff_weights"},
    {DNNL_ARG_DIFF_BIAS, offsetof(fv_prim_args, diff_bias), "diff_bias"},
    {DNNL_ARG_WORKSPACE, offsetof(fv_prim_args, workspace), "workspace"},
    {DNNL_ARG_SCRATCHPAD, offsetof(fv_prim_args, scratch), "scratch"},
};

static const struct role *role_of(int arg) {
    const struct role *role = roles;
    while (role->arg != arg) role++;
    return role;
}

struct fv_prim {
    char label[DNN_LABEL_BYTES];
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t primitive;
    fv_dnn_layout *weights;
    int count;                 /* arguments */
    const struct role **roles; /* [count] */
    dnnl_exec_arg_t *args;     /* [count]; their memory objects are ours */
};

dnn_request fv_dnn_request(const char *format, ...) {
    dnn_request r = {.status = fv_dnn_engine() ? dnnl_success : dnnl_runtime_error};
    va_list args;
    va_start(args, format);
    vsnprintf(r.label, sizeof r.label, format, args);
    va_end(args);
    DNN_STEP(&r, dnnl_primitive_attr_create(&r.attr));
    DNN_STEP(&r, dnnl_primitive_attr_set_scratchpad_mode(r.attr, dnnl_scratchpad_mode_user));
    return r;
}

dnnl_primitive_desc_t fv_dnn_describe(dnn_request *r, const void *operation, const fv_prim *forward) {
    dnnl_primitive_desc_t desc = NULL;
    DNN_STEP(r, dnnl_primitive_desc_create(&desc, operation, r->attr, engine, forward ? forward->desc : NULL));
    return desc;
}

static fv_status failure(dnnl_status_t status, const char *label) {
    fv_status code = status == dnnl_out_of_memory       ? FV_NO_MEMORY
                     : status == dnnl_invalid_arguments ? FV_BAD_ARGUMENT
                                                        : FV_UNSUPPORTED;
    return fv_fail(code, "oneDNN refused %s: %s", label, dnnl_status2str(status));
}

static const char *implementation(const_dnnl_primitive_desc_t desc) {
    const char *name = "";
    dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, &name);
    return name;
}

static const dnnl_memory_desc_t *descriptor(const_dnnl_primitive_desc_t desc, int arg) {
    return dnnl_primitive_desc_query_md(desc, dnnl_query_exec_arg_md, arg);
}

static dnnl_status_t add_argument(fv_prim *p, int arg) {
    dnnl_memory_t memory;
    dnnl_status_t status = dnnl_memory_create(&memory, descriptor(p->desc, arg), engine, DNNL_MEMORY_NONE);
    if (status == dnnl_success) p->args[p->count++] = (dnnl_exec_arg_t){arg, memory};
    return status;
}

static dnnl_status_t add_arguments(fv_prim *p, const dnn_request *r) {
    dnnl_status_t status = dnnl_success;
    for (int i = 0; r->args[i] && status == dnnl_success; i++) {
        if (dnnl_memory_desc_get_size(descriptor(p->desc, r->args[i])) == 0) continue;
        p->roles[p->count] = role_of(r->args[i]);
        status = add_argument(p, r->args[i]);
    }
    return status;
}

static fv_status build(fv_prim *p, const dnn_request *r) {
    memcpy(p->label, r->label, sizeof p->label);
    p->roles = FV_NEW_N(const struct role *, DNN_ARGS);
    p->args = FV_NEW_N(dnnl_exec_arg_t, DNN_ARGS);
    if (!p->roles || !p->args) return FV_NO_MEMORY;
    if (r->weights) {
        p->weights = fv_dnn_layout_copy(&(fv_dnn_layout){*descriptor(p->desc, r->weights)});
        if (!p->weights) return FV_NO_MEMORY;
    }
    dnnl_status_t status = dnnl_primitive_create(&p->primitive, p->desc);
    if (status == dnnl_success) status = add_arguments(p, r);
    return status == dnnl_success ? FV_OK : failure(status, p->label);
}

fv_status fv_dnn_make(dnn_request *r, dnnl_primitive_desc_t desc, fv_prim **out) {
    *out = NULL;
    dnnl_primitive_attr_destroy(r->attr);
    bool refused = r->status == dnnl_unimplemented || (desc && !r->any && strstr(implementation(desc), "ref"));
    fv_prim *p = desc && !refused ? FV_NEW(fv_prim) : NULL;
    if (!p) {
        if (desc) dnnl_primitive_desc_destroy(desc);
        return refused ? FV_OK : desc ? FV_NO_MEMORY : failure(r->status, r->label);
    }
    p->desc = desc;
    fv_status status = build(p, r);
    if (status == FV_OK)
        *out = p;
    else
        fv_prim_free(p);
    return status;
}

void fv_prim_free(fv_prim *p) {
    if (!p) return;
    for (int i = 0; i < p->count; i++) dnnl_memory_destroy(p->args[i].memory);
    if (p->primitive) dnnl_primitive_destroy(p->primitive);
    dnnl_primitive_desc_destroy(p->desc);
    fv_dnn_layout_free(p->weights);
    fv_free(p->args);
    fv_free(p->roles);
    fv_free(p);
}

const char *fv_prim_implementation(const fv_prim *p) { return implementation(p->desc); }
const char *fv_prim_label(const fv_prim *p) { return p->label; }
const fv_dnn_layout *fv_prim_weights(const fv_prim *p) { return p->weights; }
size_t fv_prim_workspace(const fv_prim *p) {
    return dnnl_memory_desc_get_size(descriptor(p->desc, DNNL_ARG_WORKSPACE));
}
size_t fv_prim_scratch(const fv_prim *p) { return dnnl_memory_desc_get_size(descriptor(p->desc, DNNL_ARG_SCRATCHPAD)); }

/* ---- Running one ---- */

fv_status fv_prim_run(fv_prim *p, const fv_prim_args *args) {
    for (int i = 0; i < p->count; i++) {
        void *where;
        memcpy(&where, (const char *)args + p->roles[i]->offset, sizeof where);
        if (!where) return fv_fail(FV_BAD_ARGUMENT, "%s: %s is missing", p->label, p->roles[i]->name);
        dnnl_memory_set_data_handle(p->args[i].memory, where);
    }
    dnnl_status_t status = dnnl_primitive_execute(p->primitive, stream, p->count, p->args);
    return status == dnnl_success ? FV_OK : failure(status, p->label);
}

/* ---- Layouts of parameters ---- */

fv_dnn_layout *fv_dnn_layout_copy(const fv_dnn_layout *layout) {
    fv_dnn_layout *copy = layout ? FV_NEW(fv_dnn_layout) : NULL;
    if (copy) *copy = *layout;
    return copy;
}

void fv_dnn_layout_free(fv_dnn_layout *layout) { fv_free(layout); }

bool fv_dnn_layout_equal(const fv_dnn_layout *a, const fv_dnn_layout *b) {
    return a == b || (a && b && dnnl_memory_desc_equal(&a->desc, &b->desc));
}

size_t fv_dnn_layout_bytes(const fv_dnn_layout *layout) { return dnnl_memory_desc_get_size(&layout->desc); }

/* The row-major layout of the same shape. */
static fv_dnn_layout plain_of(const fv_dnn_layout *layout) {
    static const dnnl_format_tag_t tags[] = {[2] = dnnl_ab, [4] = dnnl_abcd, [5] = dnnl_abcde};
    fv_dnn_layout plain;
    dnnl_memory_desc_init_by_tag(&plain.desc, layout->desc.ndims, layout->desc.dims, dnnl_f32,
                                 tags[layout->desc.ndims]);
    return plain;
}

bool fv_dnn_layout_is_plain(const fv_dnn_layout *layout) {
    fv_dnn_layout plain = plain_of(layout);
    return fv_dnn_layout_equal(layout, &plain);
}

/* Two descriptors of another rank or shape are refused here, before oneDNN calls them invalid. */
static bool same_shape(const dnnl_memory_desc_t *a, const dnnl_memory_desc_t *b) {
    return a->ndims == b->ndims && memcmp(a->dims, b->dims, (size_t)a->ndims * sizeof *a->dims) == 0;
}

fv_status fv_dnn_reorder_new(const fv_dnn_layout *from, const fv_dnn_layout *to, fv_prim **out) {
    *out = NULL;
    if (!from && !to) return fv_fail(FV_BAD_ARGUMENT, "reorder of a parameter: both layouts plain, of unknown shape");
    fv_dnn_layout plain = plain_of(from ? from : to);
    const dnnl_memory_desc_t *source = from ? &from->desc : &plain.desc, *target = to ? &to->desc : &plain.desc;
    if (!same_shape(source, target)) return FV_OK;

    const dnnl_dim_t *d = plain.desc.dims;
    dnn_request r = fv_dnn_request("reorder of a parameter [%ld,%ld,...]", (long)d[0], (long)d[1]);
    r.any = true;
    memcpy(r.args, (int[]){DNNL_ARG_SRC, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD}, 3 * sizeof(int));
    dnnl_primitive_desc_t desc = NULL;
    DNN_STEP(&r, dnnl_reorder_primitive_desc_create(&desc, source, engine, target, engine, r.attr));
    return fv_dnn_make(&r, desc, out);
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
