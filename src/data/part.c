/* A part of another dataset, dealt out by deal.c; both parts keep the parent's order. */
#include "core/memory.h"
#include "data/deal.h"

typedef struct part_set {
    fv_dataset base;
    const fv_dataset *parent;
    size_t *index; /* [count] position in the parent */
    int *groups;   /* [count]; NULL: the parent has none */
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

static const char *path_of(const fv_dataset *d, size_t index) {
    const part_set *p = (const part_set *)d;
    return fv_dataset_path(p->parent, p->index[index]);
}

static void close_part(fv_dataset *d) {
    fv_free(((part_set *)d)->index);
    fv_free(((part_set *)d)->groups);
}

static const fv_dataset_kind part_kind = {"part", false, read_image, read_label, prefetch_image, path_of, close_part};

/* ---- Making ----------------------------------------------------------------------------------------------------------- */

static fv_status fill(part_set *p, const fv_deal *deal) {
    const fv_dataset *parent = p->parent;
    bool *chosen = FV_NEW_N(bool, parent->count);
    p->index = FV_NEW_N(size_t, parent->count);
    fv_status status = chosen && p->index ? fv_deal_images(parent, deal, chosen) : FV_NO_MEMORY;
    for (size_t i = 0; status == FV_OK && i < parent->count; i++)
        if (chosen[i] == (p->base.split == FV_VAL)) p->index[p->base.count++] = i;
    fv_free(chosen);
    return status;
}

static fv_status take_groups(part_set *p) {
    if (!p->parent->groups) return FV_OK;
    p->base.groups = p->groups = FV_NEW_N(int, p->base.count);
    if (!p->groups) return FV_NO_MEMORY;
    p->base.n_groups = p->parent->n_groups;
    for (size_t i = 0; i < p->base.count; i++) p->groups[i] = p->parent->groups[p->index[i]];
    return FV_OK;
}

static fv_dataset *make_part(const fv_dataset *parent, fv_split part, const fv_deal *deal) {
    part_set *p = fv_dataset_new(&part_kind, sizeof *p, parent->classes, (const char *const *)parent->class_names);
    if (!p) return NULL;
    p->parent = parent;
    p->base.split = part;
    p->base.positive = parent->positive;
    p->base.numbered = parent->numbered;
    p->base.bad = parent->bad;
    if (fill(p, deal) == FV_OK && take_groups(p) == FV_OK) {
        p->base.channels = parent->channels;
        p->base.height = parent->height;
        p->base.width = parent->width;
        p->base.preprocess = parent->preprocess;
        return &p->base;
    }
    fv_dataset_free(&p->base);
    return NULL;
}

static bool can_be_dealt(const fv_dataset *d, fv_split part) {
    return (part == FV_TRAIN || part == FV_VAL) && d->count <= UINT32_MAX;
}

fv_dataset *fv_dataset_part(const fv_dataset *dataset, fv_split part, float fraction, uint64_t seed) {
    if (!dataset) return NULL;
    if (!(fraction > 0.0f && fraction < 1.0f) || !can_be_dealt(dataset, part)) {
        fv_fail(FV_BAD_ARGUMENT, "--val-split %g: must be above 0 and below 1, and the part train or val",
                (double)fraction);
        return NULL;
    }
    fv_dataset *made = make_part(dataset, part, &(fv_deal){.fraction = fraction, .seed = seed});
    if (!made || made->count > 0) return made;
    fv_dataset_free(made);
    fv_fail(FV_BAD_ARGUMENT, "--val-split %g of %zu images%s leaves the %s part empty", (double)fraction,
            dataset->count, dataset->groups ? " in groups" : "", part == FV_VAL ? "validation" : "training");
    return NULL;
}

fv_dataset *fv_dataset_fold(const fv_dataset *dataset, fv_split part, int fold, int folds, uint64_t seed) {
    if (!dataset) return NULL;
    size_t most = dataset->groups ? (size_t)dataset->n_groups : dataset->count;
    if (folds < 2 || (size_t)folds > most)
        fv_fail(FV_BAD_ARGUMENT, "--folds %d: must be from 2 to the number of %s, %zu", folds,
                dataset->groups ? "groups" : "images", most);
    else if (fold < 1 || fold > folds || !can_be_dealt(dataset, part))
        fv_fail(FV_BAD_ARGUMENT, "--fold %d: must be from 1 to %d, and the part train or val", fold, folds);
    else
        return make_part(dataset, part, &(fv_deal){.fold = fold - 1, .folds = folds, .seed = seed});
    return NULL;
}
