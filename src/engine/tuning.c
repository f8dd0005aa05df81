#include "engine/tuning.h"

#include "core/memory.h"
#include "engine/contest.h"

#include <string.h>

static fv_pick *find(const fv_tuning *tuning, const char *layer) {
    for (int i = 0; i < tuning->n; i++)
        if (strcmp(tuning->picks[i].layer, layer) == 0) return &tuning->picks[i];
    return NULL;
}

const char *fv_tuning_find(const fv_tuning *tuning, const char *layer) {
    const fv_pick *pick = find(tuning, layer);
    return pick ? pick->kernels : NULL;
}

static fv_status add(fv_tuning *tuning, char *layer, char *kernels) {
    if (tuning->n == FV_PICKS) return fv_fail(FV_BAD_DATA, "kernels of more than %d layers", FV_PICKS);
    if (tuning->n == tuning->capacity) {
        int wanted = tuning->capacity ? 2 * tuning->capacity : 64;
        fv_pick *picks = fv_realloc(tuning->picks, (size_t)wanted, sizeof *picks);
        if (!picks) return FV_NO_MEMORY;
        tuning->picks = picks;
        tuning->capacity = wanted;
    }
    tuning->picks[tuning->n++] = (fv_pick){layer, kernels};
    return FV_OK;
}

fv_status fv_tuning_put(fv_tuning *tuning, const char *layer, const char *kernels) {
    fv_pick *old = find(tuning, layer);
    char *name = old ? NULL : fv_strdup(layer), *value = fv_strdup(kernels);
    fv_status status = !value || (!old && !name) ? FV_NO_MEMORY : old ? FV_OK : add(tuning, name, value);
    if (status != FV_OK) {
        fv_free(name);
        fv_free(value);
    } else if (old) {
        fv_free(old->kernels);
        old->kernels = value;
    }
    return status;
}

void fv_tuning_clear(fv_tuning *tuning) {
    for (int i = 0; i < tuning->n; i++) {
        fv_free(tuning->picks[i].layer);
        fv_free(tuning->picks[i].kernels);
    }
    fv_free(tuning->picks);
    tuning->picks = NULL;
    tuning->n = tuning->capacity = 0;
}

fv_tuning *fv_tuning_new(void) {
    fv_tuning *tuning = FV_NEW(fv_tuning);
    if (tuning) tuning->time = fv_time_runs;
    return tuning;
}

void fv_tuning_free(fv_tuning *tuning) {
    if (tuning) fv_tuning_clear(tuning);
    fv_free(tuning);
}

int fv_tuning_contests(const fv_tuning *tuning) { return tuning ? tuning->contests : 0; }
double fv_tuning_seconds(const fv_tuning *tuning) { return tuning ? tuning->seconds : 0; }
