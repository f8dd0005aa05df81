#include "models/formula.h"

#include "core/memory.h"
#include "support/unit.h"

#include <math.h>
#include <string.h>

static uint32_t hash_name(const char *name) { /* FNV-1a */
    uint32_t hash = 0x811c9dc5u;
    for (; *name; name++) hash = (hash ^ (unsigned char)*name) * 0x01000193u;
    return hash;
}

void formula_uniform(const char *name, size_t count, float *out) {
    const uint32_t key = hash_name(name);
    for (size_t i = 0; i < count; i++) {
        uint32_t x = (uint32_t)i * 0x9e3779b9u + key;
        x = (x ^ x >> 16) * 0x7feb352du;
        x = (x ^ x >> 15) * 0x846ca68bu;
        x ^= x >> 16;
        out[i] = (float)((int32_t)(x >> 8) - (1 << 23)) * 0x1p-23f;
    }
}

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* A batch norm's entries are weight, bias, running_mean, running_var. */
static bool is_shift(const fv_model *model, int i) {
    return i + 1 < model->n_params && ends_with(model->params[i + 1].name, "running_mean");
}

/* value = middle + spread * uniform. */
static void scale_of(const fv_model *model, int i, float *middle, float *spread) {
    const fv_param *param = &model->params[i];
    const fv_shape *shape = &param->info.shape;
    bool positive = is_shift(model, i) || ends_with(param->name, "weight") || ends_with(param->name, "running_var");
    double fan_in = (double)fv_shape_count(shape) / shape->dim[0];
    *middle = shape->rank == 1 && positive ? 0.75f : 0;
    *spread = shape->rank > 1 ? (float)sqrt(6 / fan_in) : positive ? 0.25f : 0.125f;
}

void formula_fill(fv_model *model) {
    for (int i = 0; i < model->n_params; i++) {
        fv_param *param = &model->params[i];
        size_t count = fv_shape_count(&param->info.shape);
        float middle, spread, *values = fv_alloc(count, sizeof(float));
        assert_non_null(values);
        scale_of(model, i, &middle, &spread);
        formula_uniform(param->name, count, values);
        for (size_t k = 0; k < count; k++) values[k] = middle + values[k] * spread;
        assert_int_equal(fv_param_write(param, values), FV_OK);
        fv_free(values);
    }
}
