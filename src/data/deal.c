/* Without groups, in every class a permutation drawn from (seed, class) decides: its first images make up the share, or its
 * images go to the folds in turn. With groups, which may hold several classes, each goes as a whole to the side that is
 * emptiest in its classes, the largest groups first and equals in a random order: close to stratified where groups are
 * small. */
#include "data/deal.h"

#include "core/memory.h"
#include "core/random.h"

#include <math.h>
#include <stdlib.h>

/* ---- Image by image -------------------------------------------------------------------------------------------------- */

/* The first `wanted` of a permutation. */
static void shuffle(uint32_t *members, size_t count, size_t wanted, fv_random r) {
    for (size_t i = 0; i < wanted; i++) {
        size_t j = i + fv_random_below(&r, (uint32_t)(count - i));
        uint32_t pick = members[j];
        members[j] = members[i];
        members[i] = pick;
    }
}

/* `dealt` images of other classes went round before, so that folds are of one size. */
static void deal_class(uint32_t *members, size_t count, size_t dealt, const fv_deal *deal, fv_random r, bool *chosen) {
    size_t wanted = deal->folds ? count : (size_t)((double)count * (double)deal->fraction + 0.5);
    shuffle(members, count, wanted, r);
    for (size_t i = 0; i < wanted; i++)
        chosen[members[i]] = !deal->folds || (dealt + i) % (size_t)deal->folds == (size_t)deal->fold;
}

static fv_status deal_classes(const fv_dataset *d, const int *labels, const fv_deal *deal, bool *chosen) {
    uint32_t *members = FV_NEW_N(uint32_t, d->count);
    size_t dealt = 0;
    if (!members) return FV_NO_MEMORY;
    for (int c = 0; c < d->classes; c++) {
        size_t count = 0;
        for (size_t i = 0; i < d->count; i++)
            if (labels[i] == c) members[count++] = (uint32_t)i;
        deal_class(members, count, dealt, deal, fv_random_stream(deal->seed, (uint64_t)c, FV_STREAM_SPLIT), chosen);
        dealt += count;
    }
    fv_free(members);
    return FV_OK;
}

/* ---- Group by group -------------------------------------------------------------------------------------------------- */

typedef struct group {
    size_t begin, count; /* its images in members */
    uint32_t order;      /* random, among groups of one size */
} group;

typedef struct table {
    const int *labels;
    size_t classes, sides;
    uint32_t *members; /* [count] images, those of a group together */
    group *groups;     /* [n_groups] */
    size_t *totals;    /* [classes] images of each */
    size_t *counts;    /* [sides, classes] dealt so far */
    size_t *dealt;     /* [sides] */
} table;

static fv_status make_table(const fv_dataset *d, const int *labels, const fv_deal *deal, table *t) {
    *t = (table){.labels = labels, .classes = (size_t)d->classes, .sides = deal->folds ? (size_t)deal->folds : 2};
    t->members = FV_NEW_N(uint32_t, d->count);
    t->groups = t->members ? FV_NEW_N(group, (size_t)d->n_groups) : NULL;
    t->totals = t->groups ? FV_NEW_N(size_t, t->classes) : NULL;
    t->counts = t->totals ? fv_alloc(t->sides, t->classes * sizeof *t->counts) : NULL;
    t->dealt = t->counts ? FV_NEW_N(size_t, t->sides) : NULL;
    return t->dealt ? FV_OK : FV_NO_MEMORY;
}

static void free_table(table *t) {
    fv_free(t->members);
    fv_free(t->groups);
    fv_free(t->totals);
    fv_free(t->counts);
    fv_free(t->dealt);
}

static int largest_first(const void *a, const void *b) {
    const group *x = a, *y = b;
    if (x->count != y->count) return x->count < y->count ? 1 : -1;
    if (x->order != y->order) return x->order < y->order ? -1 : 1;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

static void sort_groups(const fv_dataset *d, uint64_t seed, table *t) {
    fv_random r = fv_random_stream(seed, 0, FV_STREAM_SPLIT);
    size_t n = (size_t)d->n_groups, begin = 0;
    for (size_t i = 0; i < d->count; i++) t->groups[d->groups[i]].count++;
    for (size_t g = 0; g < n; g++) {
        size_t count = t->groups[g].count;
        t->groups[g] = (group){.begin = begin, .order = fv_random_u32(&r)};
        begin += count;
    }
    for (size_t i = 0; i < d->count; i++) {
        group *own = &t->groups[d->groups[i]];
        t->members[own->begin + own->count++] = (uint32_t)i;
        t->totals[t->labels[i]]++;
    }
    qsort(t->groups, n, sizeof *t->groups, largest_first);
}

/* What part of the images goes to a side: of a share, side 0 validates. */
static double share_of(const fv_deal *deal, size_t side) {
    if (deal->folds) return 1.0 / deal->folds;
    return side == 0 ? (double)deal->fraction : 1 - (double)deal->fraction;
}

/* Puts the group's images on a side, or takes them back (step -1); how full the side gets in their classes, summed. */
static double put(table *t, const group *g, size_t side, double share, size_t step) {
    double fullness = 0;
    for (size_t i = g->begin; i < g->begin + g->count; i++) {
        size_t label = (size_t)t->labels[t->members[i]], *count = &t->counts[side * t->classes + label];
        *count += step;
        fullness += (double)*count / (share * (double)t->totals[label]);
    }
    t->dealt[side] += g->count * step;
    return fullness;
}

static size_t emptiest_side(table *t, const group *g, const fv_deal *deal) {
    size_t best = 0;
    double least = INFINITY, least_dealt = INFINITY;
    for (size_t side = 0; side < t->sides; side++) {
        double share = share_of(deal, side), fullness = put(t, g, side, share, 1);
        double dealt = (double)t->dealt[side] / share;
        put(t, g, side, share, (size_t)-1);
        if (fullness > least || (fullness == least && dealt >= least_dealt)) continue;
        best = side;
        least = fullness;
        least_dealt = dealt;
    }
    return best;
}

static fv_status deal_groups(const fv_dataset *d, const int *labels, const fv_deal *deal, bool *chosen) {
    table t;
    fv_status status = make_table(d, labels, deal, &t);
    if (status == FV_OK) sort_groups(d, deal->seed, &t);
    for (int i = 0; i < d->n_groups && status == FV_OK; i++) {
        const group *g = &t.groups[i];
        size_t side = emptiest_side(&t, g, deal);
        put(&t, g, side, share_of(deal, side), 1);
        for (size_t j = g->begin; j < g->begin + g->count; j++) chosen[t.members[j]] = side == (size_t)deal->fold;
    }
    free_table(&t);
    return status;
}

fv_status fv_deal_images(const fv_dataset *d, const fv_deal *deal, bool *chosen) {
    int *labels = FV_NEW_N(int, d->count);
    fv_status status = labels ? FV_OK : FV_NO_MEMORY;
    for (size_t i = 0; status == FV_OK && i < d->count; i++) status = fv_dataset_label(d, i, &labels[i]);
    if (status == FV_OK) status = (d->groups ? deal_groups : deal_classes)(d, labels, deal, chosen);
    fv_free(labels);
    return status;
}
