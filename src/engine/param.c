/* Storage of parameters: initialisation, layout, reading and writing by way of the plain layout. */
#include "core/hash.h"
#include "core/memory.h"
#include "core/random.h"
#include "engine/model.h"
#include "kernels/dnn.h"

#include <math.h>
#include <string.h>

/* ---- Initialisation --------------------------------------------------------------------------------------------- */

typedef enum spread { CONSTANT, NORMAL, UNIFORM } spread;

/* What the schemes come down to: a distribution and its scale (value, deviation, or bound). */
static void resolve(const fv_parameter *info, spread *how, double *scale) {
    double in = info->fan_in > 0 ? info->fan_in : 1, out = info->fan_out > 0 ? info->fan_out : 1;
    const struct {
        spread how;
        double scale;
    } schemes[] = {
        [FV_INIT_DEFAULT] = {CONSTANT, 0}, /* operators resolve their defaults before */
        [FV_INIT_ZERO] = {CONSTANT, 0},
        [FV_INIT_ONE] = {CONSTANT, 1},
        [FV_INIT_NORMAL] = {NORMAL, info->init.scale},
        [FV_INIT_UNIFORM] = {UNIFORM, info->init.scale},
        [FV_INIT_KAIMING_NORMAL] = {NORMAL, sqrt(2 / in)},
        [FV_INIT_KAIMING_UNIFORM] = {UNIFORM, sqrt(6 / in)},
        [FV_INIT_KAIMING_FAN_OUT] = {NORMAL, sqrt(2 / out)},
        [FV_INIT_XAVIER_NORMAL] = {NORMAL, sqrt(2 / (in + out))},
        [FV_INIT_XAVIER_UNIFORM] = {UNIFORM, sqrt(6 / (in + out))},
        [FV_INIT_FAN_IN_UNIFORM] = {UNIFORM, sqrt(1 / in)},
        [FV_INIT_DIRAC] = {UNIFORM, sqrt(1 / in)},
    };
    *how = schemes[info->init.kind].how;
    *scale = schemes[info->init.kind].scale;
}

/* The stream of a parameter follows from its name, not from its place in the network. */
static uint64_t hash_name(const char *name) { return fv_fnv1a(FV_FNV1A_START, name, strlen(name)); }

/* weight [O,I,H,W] or [O,I]: output i, up to I, becomes input i, seen by the middle of its filter. */
static void pass_on(float *data, const fv_shape *weight) {
    if (weight->rank < 2) return;
    int h = weight->rank == 4 ? weight->dim[2] : 1, w = weight->rank == 4 ? weight->dim[3] : 1;
    size_t inputs = (size_t)weight->dim[1], area = (size_t)h * (size_t)w, middle = (size_t)(h / 2 * w + w / 2);
    for (size_t i = 0; i < inputs && i < (size_t)weight->dim[0]; i++) {
        float *filter = data + i * inputs * area;
        memset(filter, 0, inputs * area * sizeof *filter);
        filter[i * area + middle] = 1;
    }
}

static void fill(float *data, size_t count, const char *name, const fv_parameter *info, uint64_t seed) {
    spread how;
    double scale;
    resolve(info, &how, &scale);
    if (how == CONSTANT && scale == 0)
        return; /* as the memory is already, and stays untouched: weights from a file follow */
    fv_random random = fv_random_stream(seed, hash_name(name), FV_STREAM_INIT);
    for (size_t i = 0; i < count; i++) {
        if (how == CONSTANT) data[i] = (float)scale;
        if (how == NORMAL) data[i] = (float)scale * fv_random_normal(&random);
        if (how == UNIFORM) data[i] = (float)scale * (2 * fv_random_float(&random) - 1);
    }
    if (info->init.kind == FV_INIT_DIRAC) pass_on(data, &info->shape);
}

fv_status fv_param_init(fv_param *param, const char *name, const fv_parameter *info, uint64_t seed) {
    size_t count = fv_shape_count(&info->shape);
    *param = (fv_param){.info = *info, .bytes = count * sizeof(float)};
    param->name = fv_strdup(name);
    param->data = param->name ? fv_reserve(param->bytes) : NULL;
    if (!param->data) {
        fv_param_free(param);
        return FV_NO_MEMORY;
    }
    fill(param->data, count, name, info, seed);
    return FV_OK;
}

void fv_param_free(fv_param *param) {
    fv_unmap(param->data, param->bytes);
    fv_dnn_layout_free(param->layout);
    fv_free(param->name);
    *param = (fv_param){0};
}

/* ---- Layout ------------------------------------------------------------------------------------------------------- */

fv_status fv_param_relayout(fv_param *param, const fv_dnn_layout *layout) {
    if (layout && fv_dnn_layout_is_plain(layout)) layout = NULL;
    if (fv_dnn_layout_equal(param->layout, layout)) return FV_OK;
    size_t bytes = layout ? fv_dnn_layout_bytes(layout) : fv_shape_count(&param->info.shape) * sizeof(float);
    fv_dnn_layout *copy = layout ? fv_dnn_layout_copy(layout) : NULL;
    float *data = layout && !copy ? NULL : fv_map(bytes);
    fv_status status = data ? fv_dnn_reorder(param->layout, param->data, layout, data) : FV_NO_MEMORY;
    if (status != FV_OK) {
        fv_unmap(data, bytes);
        fv_dnn_layout_free(copy);
        return status;
    }
    fv_unmap(param->data, param->bytes);
    fv_dnn_layout_free(param->layout);
    param->data = data;
    param->bytes = bytes;
    param->layout = copy;
    param->version++;
    return FV_OK;
}

fv_status fv_param_read(const fv_param *param, float *plain) {
    if (param->layout) return fv_dnn_reorder(param->layout, param->data, NULL, plain);
    memcpy(plain, param->data, param->bytes);
    return FV_OK;
}

fv_status fv_param_write(fv_param *param, const float *plain) {
    if (param->layout)
        FV_TRY(fv_dnn_reorder(NULL, plain, param->layout, param->data));
    else
        memcpy(param->data, plain, param->bytes);
    param->version++;
    return FV_OK;
}
