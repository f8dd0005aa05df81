#include "train/features.h"

#include "core/memory.h"

#include <string.h>

size_t fv_features_size(const fv_value *cut, size_t count) {
    size_t bytes; /* the cut is that of one image: models' graphs have batch size 1 */
    return fv_size_mul(fv_shape_count(&cut->shape) * sizeof(float), count, &bytes) ? bytes : SIZE_MAX;
}

void fv_features_start(fv_features *features, fv_session *below, const fv_value *cut, int batch_size) {
    *features = (fv_features){.below = below, .batch_size = batch_size, .floats = fv_shape_count(&cut->shape)};
}

fv_status fv_features_keep(fv_features *features, const fv_value *cut, size_t count) {
    features->bytes = fv_features_size(cut, count);
    bool done = (features->known = FV_NEW_N(bool, count)) && (features->labels = FV_NEW_N(int, count)) &&
                (features->batch = fv_alloc((size_t)features->batch_size, features->floats * sizeof(float))) &&
                (features->rows = fv_reserve(features->bytes));
    return done ? FV_OK : FV_NO_MEMORY;
}

void fv_features_free(fv_features *features) {
    fv_unmap(features->rows, features->bytes);
    fv_free(features->known);
    fv_free(features->labels);
    fv_free(features->batch);
    *features = (fv_features){0};
}

static float *row(const fv_features *f, size_t index) { return f->rows + index * f->floats; }

/* The batch's images pass below the cut; a loader's x has room for whole batches, and what lies there else is not looked at. */
static fv_status compute(fv_features *f, const fv_batch *batch, const float **x) {
    fv_plan *plan = fv_session_plan(f->below, f->batch_size);
    if (!plan) return fv_last_status();
    FV_TRY(fv_plan_run(plan, &(fv_plan_input){.x = batch->x}));
    *x = fv_plan_logits(plan);
    for (int i = 0; f->rows && i < batch->count; i++) {
        memcpy(row(f, batch->index[i]), *x + (size_t)i * f->floats, f->floats * sizeof(float));
        f->labels[batch->index[i]] = batch->labels[i];
        f->known[batch->index[i]] = true;
    }
    return FV_OK;
}

fv_status fv_features_of(fv_features *f, const fv_batch *batch, const float **x) {
    if (!f->complete) return compute(f, batch, x);
    for (int i = 0; i < batch->count; i++)
        memcpy(f->batch + (size_t)i * f->floats, row(f, batch->index[i]), f->floats * sizeof(float));
    *x = f->batch;
    return FV_OK;
}

void fv_features_end_pass(fv_features *f) { f->complete = f->rows != NULL; }

void fv_features_recall(const fv_features *f, fv_loader *loader) {
    if (f->complete) fv_loader_recall(loader, f->known, f->labels);
}
