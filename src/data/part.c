/* A stratified part of another dataset. In every class a permutation drawn from (seed, class) decides which images
 * validate; both parts keep the parent's order. */
#include "core/memory.h"
#include "core/random.h"
#include "data/dataset.h"

typedef struct part_set {
    fv_dataset base;
    const fv_dataset *parent;
    size_t *index; /* [count] position in the parent */
} part_set;

static fv_status read_image(const fv_dataset *d, size_t index, const fv_decode_want *want, fv_image *image,
                            int *label) {
    const part_set *p = (const part_set *)d;
    return fv_dataset_read(p->parent, p->index[index], want, image, label);
}

static fv_status read_label(const fv_dataset *d, size_t index, int *label) {
    const part_set *p = (const part_set *)d;
    return fv_dataset_label(p->parent, p->index[index], label);
}

static void prefetch_image(const fv_dataset *d, size_t index) {
    const part_set *p = (const part_set *)d;
    if (p->parent->kind->prefetch) p->parent->kind->prefetch(p->parent, p->index[index]);
}

static void close_part(fv_dataset *d) { fv_free(((part_set *)d)->index); }

static const fv_dataset_kind part_kind = {"part", false, read_image, read_label, prefetch_image, close_part};

/* Marks round(fraction * members) members of one class, `members` being overwritten. */
static void mark_class(uint32_t *members, size_t count, float fraction, fv_random r, bool *chosen) {
    size_t wanted = (size_t)((double)count * (double)fraction + 0.5);
    for (size_t i = 0; i < wanted; i++) {
        size_t j = i + fv_random_below(&r, (uint32_t)(count - i));
        uint32_t pick = members[j];
        members[j] = members[i];
        chosen[pick] = true;
    }
}

/* chosen[i]: image i validates. */
static fv_status choose(const fv_dataset *parent, float fraction, uint64_t seed, bool *chosen) {
    int *labels = FV_NEW_N(int, parent->count);
    uint32_t *members = FV_NEW_N(uint32_t, parent->count);
    fv_status status = labels && members ? FV_OK : FV_NO_MEMORY;
    for (size_t i = 0; status == FV_OK && i < parent->count; i++) status = fv_dataset_label(parent, i, &labels[i]);
    for (int c = 0; status == FV_OK && c < parent->classes; c++) {
        size_t count = 0;
        for (size_t i = 0; i < parent->count; i++)
            if (labels[i] == c) members[count++] = (uint32_t)i;
        mark_class(members, count, fraction, fv_random_stream(seed, (uint64_t)c, FV_STREAM_SPLIT), chosen);
    }
    fv_free(labels);
    fv_free(members);
    return status;
}

static fv_status fill(part_set *p, float fraction, uint64_t seed) {
    const fv_dataset *parent = p->parent;
    bool *chosen = FV_NEW_N(bool, parent->count);
    p->index = FV_NEW_N(size_t, parent->count);
    fv_status status = chosen && p->index ? choose(parent, fraction, seed, chosen) : FV_NO_MEMORY;
    for (size_t i = 0; status == FV_OK && i < parent->count; i++)
        if (chosen[i] == (p->base.split == FV_VAL)) p->index[p->base.count++] = i;
    fv_free(chosen);
    if (status == FV_OK && p->base.count == 0)
        return fv_fail(FV_BAD_ARGUMENT, "--val-split %g of %zu images leaves the %s part empty", (double)fraction,
                       parent->count, p->base.split == FV_VAL ? "validation" : "training");
    return status;
}

fv_dataset *fv_dataset_part(const fv_dataset *dataset, fv_split part, float fraction, uint64_t seed) {
    if (!dataset) return NULL;
    if (!(fraction > 0.0f && fraction < 1.0f) || (part != FV_TRAIN && part != FV_VAL) || dataset->count > UINT32_MAX) {
        fv_fail(FV_BAD_ARGUMENT, "--val-split %g: must be above 0 and below 1, and the part train or val",
                (double)fraction);
        return NULL;
    }
    part_set *p = fv_dataset_new(&part_kind, sizeof *p, dataset->classes, (const char *const *)dataset->class_names);
    if (!p) return NULL;
    p->parent = dataset;
    p->base.split = part;
    p->base.positive = dataset->positive;
    p->base.numbered = dataset->numbered;
    p->base.bad = dataset->bad;
    if (fill(p, fraction, seed) == FV_OK) {
        p->base.channels = dataset->channels;
        p->base.height = dataset->height;
        p->base.width = dataset->width;
        p->base.preprocess = dataset->preprocess;
        return &p->base;
    }
    fv_dataset_free(&p->base);
    return NULL;
}
