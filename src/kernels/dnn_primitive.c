/* oneDNN: the engine, and primitives as such. What they compute is in dnn_ops.c. */
#include "kernels/dnn.h"

#if FOVEA_ONEDNN

#include "core/memory.h"
#include "kernels/dnn_request.h"

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

/* NULL if there is none. */
static dnnl_engine_t the_engine(void) {
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
        {"avx512", dnnl_cpu_isa_avx512_core_bf16},
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
    fv_dnn_layout *weights, *master;
    int count;                 /* arguments */
    const struct role **roles; /* [count] */
    dnnl_exec_arg_t *args;     /* [count]; their memory objects are ours */
};

dnn_request fv_dnn_request(const char *format, ...) {
    dnn_request r = {.operation.engine = the_engine()};
    r.status = r.operation.engine ? dnnl_success : dnnl_runtime_error;
    va_list args;
    va_start(args, format);
    vsnprintf(r.label, sizeof r.label, format, args);
    va_end(args);
    DNN_STEP(&r, dnnl_primitive_attr_create(&r.operation.attr));
    DNN_STEP(&r, dnnl_primitive_attr_set_scratchpad_mode(r.operation.attr, dnnl_scratchpad_mode_user));
    return r;
}

static void release(dnn_operation *o) {
    if (o->attr) dnnl_primitive_attr_destroy(o->attr);
    dnn_desc *descs[] = {o->src, o->weights, o->bias, o->dst};
    for (int i = 0; i < 4; i++) fv_dnn_desc_free(descs[i]);
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

static const dnn_desc *descriptor(const_dnnl_primitive_desc_t desc, int arg) {
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
        p->weights = fv_dnn_layout_of(descriptor(p->desc, r->weights));
        if (!p->weights) return FV_NO_MEMORY;
    }
    dnnl_status_t status = dnnl_primitive_create(&p->primitive, p->desc);
    if (status == dnnl_success) status = add_arguments(p, r);
    return status == dnnl_success ? FV_OK : failure(status, p->label);
}

fv_status fv_dnn_make(dnn_request *r, dnn_describe *describe, const fv_prim *forward, fv_prim **out) {
    *out = NULL;
    dnnl_primitive_desc_t desc = NULL;
    if (forward) r->operation.forward = forward->desc;
    DNN_STEP(r, describe(&r->operation, &desc));
    release(&r->operation);
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

fv_status fv_dnn_set_master(fv_prim *p, const fv_prim *from) {
    p->master = fv_dnn_layout_copy(from->weights);
    return p->master ? FV_OK : FV_NO_MEMORY;
}

dnnl_status_t fv_dnn_describe_reorder(const dnn_operation *o, dnnl_primitive_desc_t *out) {
    return dnnl_reorder_primitive_desc_create(out, o->src, o->engine, o->dst, o->engine, o->attr);
}

void fv_prim_free(fv_prim *p) {
    if (!p) return;
    for (int i = 0; i < p->count; i++) dnnl_memory_destroy(p->args[i].memory);
    if (p->primitive) dnnl_primitive_destroy(p->primitive);
    dnnl_primitive_desc_destroy(p->desc);
    fv_dnn_layout_free(p->weights);
    fv_dnn_layout_free(p->master);
    fv_free(p->args);
    fv_free(p->roles);
    fv_free(p);
}

const char *fv_prim_implementation(const fv_prim *p) { return implementation(p->desc); }
const char *fv_prim_label(const fv_prim *p) { return p->label; }
const fv_dnn_layout *fv_prim_weights(const fv_prim *p) { return p->weights; }
const fv_dnn_layout *fv_prim_master(const fv_prim *p) { return p->master; }
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

#endif
