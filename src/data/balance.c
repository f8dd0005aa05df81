/* Weights that make up for classes of unequal size. */
#include "core/memory.h"
#include "data/dataset.h"

static fv_status count_classes(const fv_dataset *d, size_t *counts) {
    int label;
    for (size_t i = 0; i < d->count; i++) {
        FV_TRY(fv_dataset_label(d, i, &label));
        counts[label]++;
    }
    return FV_OK;
}

/* scikit-learn's "balanced": n / (k n_c). */
static fv_status fill(const fv_dataset *d, const size_t *counts, float *weights) {
    for (int c = 0; c < d->classes; c++) {
        if (counts[c] == 0)
            return fv_fail(FV_BAD_DATA, "%s: no image of class '%s' to balance by: give the weights as numbers",
                           d->kind->name, d->class_names[c]);
        weights[c] = (float)((double)d->count / ((double)d->classes * (double)counts[c]));
    }
    return FV_OK;
}

fv_status fv_dataset_balanced_weights(const fv_dataset *dataset, float *weights) {
    if (!dataset) return fv_last_status();
    size_t *counts = FV_NEW_N(size_t, (size_t)dataset->classes);
    fv_status status = counts ? count_classes(dataset, counts) : FV_NO_MEMORY;
    if (status == FV_OK) status = fill(dataset, counts, weights);
    fv_free(counts);
    return status;
}
