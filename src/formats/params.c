#include "formats/params.h"

#include "core/memory.h"
#include "kernels/dnn.h"

#include <stdio.h>
#include <string.h>

static fv_status fill(void *context, size_t index, void *buffer) {
    (void)index;
    return fv_param_read(context, buffer);
}

fv_status fv_param_entry(const fv_param *param, const char *prefix, fv_tensor_entry *entry) {
    *entry = (fv_tensor_entry){.dtype = FV_DTYPE_F32, .rank = param->info.shape.rank, .fill = fill};
    union {
        const fv_param *in;
        void *out; /* handed back to fill() above, which only reads */
    } context = {.in = param};
    entry->context = context.out;
    for (int i = 0; i < entry->rank; i++) entry->dims[i] = (size_t)param->info.shape.dim[i];
    entry->name = fv_format("%s%s", prefix, param->name);
    return entry->name ? FV_OK : FV_NO_MEMORY;
}

static const fv_tensor_view *find(const char *name, const char *prefix, const fv_safetensors *file) {
    char full[1024]; /* a node's name is shorter than 512 */
    if (snprintf(full, sizeof full, "%s%s", prefix, name) >= (int)sizeof full) return NULL;
    return fv_safetensors_find(file, full);
}

bool fv_param_same_shape(const fv_tensor_view *tensor, const fv_shape *shape) {
    bool same = tensor->rank == shape->rank;
    for (int i = 0; i < shape->rank && same; i++) same = tensor->dims[i] == (size_t)shape->dim[i];
    return same;
}

static const char *dims_text(const fv_tensor_view *tensor, char text[128]) {
    int at = snprintf(text, 128, "[");
    for (int i = 0; i < tensor->rank && at < 100; i++)
        at += snprintf(text + at, 128 - (size_t)at, "%s%zu", i ? "," : "", tensor->dims[i]);
    snprintf(text + at, 128 - (size_t)at, "]");
    return text;
}

fv_status fv_param_check(const char *name, const fv_shape *shape, const char *prefix, const fv_safetensors *file,
                         const char *where) {
    const fv_tensor_view *tensor = find(name, prefix, file);
    char has[128], wants[64];
    if (!tensor)
        return fv_fail(FV_BAD_DATA, "%s: no tensor \"%s%s\": these are another network's weights", where, prefix, name);
    if (!fv_param_same_shape(tensor, shape))
        return fv_fail(FV_BAD_DATA,
                       "%s: tensor \"%s\" is %s where the network has %s: these are another network's weights", where,
                       tensor->name, dims_text(tensor, has), fv_shape_text(shape, false, wants));
    if (tensor->dtype != FV_DTYPE_F32 && tensor->dtype != FV_DTYPE_F16 && tensor->dtype != FV_DTYPE_BF16 &&
        tensor->dtype != FV_DTYPE_F64)
        return fv_fail(FV_UNSUPPORTED, "%s: tensor \"%s\" holds %s: weights are F32, F16, BF16 or F64", where,
                       tensor->name, fv_dtype_name(tensor->dtype));
    return FV_OK;
}

/* The tensor's values into `data`, which is laid out as the parameter is. */
static fv_status read_values(const fv_param *param, const char *prefix, const fv_safetensors *file, float *data) {
    const fv_tensor_view *tensor = find(param->name, prefix, file);
    if (!param->layout) return fv_tensor_to_f32(tensor, data);
    float *plain = fv_alloc(fv_shape_count(&param->info.shape), sizeof(float));
    if (!plain) return FV_NO_MEMORY;
    fv_status status = fv_tensor_to_f32(tensor, plain);
    if (status == FV_OK) status = fv_dnn_reorder(NULL, plain, param->layout, data);
    fv_free(plain);
    return status;
}

fv_status fv_param_take(fv_param *param, const char *prefix, const fv_safetensors *file) {
    param->version++;
    return read_values(param, prefix, file, param->data);
}

static fv_status stage(const fv_param *params, int n, const char *prefix, const fv_safetensors *file, const bool *skip,
                       float **staged) {
    for (int i = 0; i < n; i++) {
        if (skip && skip[i]) continue;
        if (!(staged[i] = fv_map(params[i].bytes))) return FV_NO_MEMORY;
        FV_TRY(read_values(&params[i], prefix, file, staged[i]));
    }
    return FV_OK;
}

fv_status fv_params_replace(fv_param *params, int n, const char *prefix, const fv_safetensors *file, const bool *skip) {
    float **staged = FV_NEW_N(float *, (size_t)n);
    if (!staged) return FV_NO_MEMORY;
    fv_status status = stage(params, n, prefix, file, skip, staged);
    for (int i = 0; i < n; i++) {
        if (!staged[i]) continue;
        if (status == FV_OK) {
            memcpy(params[i].data, staged[i], params[i].bytes);
            params[i].version++;
        }
        fv_unmap(staged[i], params[i].bytes);
    }
    fv_free(staged);
    return status;
}
