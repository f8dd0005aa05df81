#include "data/order.h"

#include "core/memory.h"
#include "core/random.h"

#include <string.h>

/* ---- Classes ------------------------------------------------------------------------------------------------------- */

static void sort_by_class(fv_order *o, const int *labels) {
    size_t *first = o->first;
    for (size_t i = 0; i < o->count; i++) first[labels[i] + 1]++;
    for (int c = 0; c < o->classes; c++) first[c + 1] += first[c];
    for (size_t i = 0; i < o->count; i++) o->members[first[labels[i]]++] = (uint32_t)i;
    memmove(first + 1, first, (size_t)o->classes * sizeof *first); /* each has become the next one's */
    first[0] = 0;
}

static fv_status find_classes(fv_order *o, const fv_dataset *d) {
    int *labels = FV_NEW_N(int, o->count);
    o->members = FV_NEW_N(uint32_t, o->count);
    o->pool = FV_NEW_N(uint32_t, o->count);
    o->first = FV_NEW_N(size_t, (size_t)o->classes + 1);
    fv_status status = labels && o->members && o->pool && o->first ? FV_OK : FV_NO_MEMORY;
    for (size_t i = 0; i < o->count && status == FV_OK; i++) status = fv_dataset_label(d, i, &labels[i]);
    if (status == FV_OK) sort_by_class(o, labels);
    fv_free(labels);
    return status;
}

fv_status fv_order_init(fv_order *o, const fv_dataset *dataset, bool balanced) {
    *o = (fv_order){.count = dataset->count, .classes = dataset->classes};
    o->at = FV_NEW_N(uint32_t, o->count);
    if (!o->at) return FV_NO_MEMORY;
    return balanced ? find_classes(o, dataset) : FV_OK;
}

void fv_order_free(fv_order *o) {
    fv_free(o->at);
    fv_free(o->members);
    fv_free(o->pool);
    fv_free(o->first);
}

/* ---- Drawing ------------------------------------------------------------------------------------------------------- */

static void swap(uint32_t *a, uint32_t *b) {
    uint32_t kept = *a;
    *a = *b;
    *b = kept;
}

/* Fisher-Yates. */
static void shuffle_all(fv_order *o, fv_random *r) {
    for (uint32_t i = (uint32_t)o->count; i > 1; i--) swap(&o->at[i - 1], &o->at[fv_random_below(r, i)]);
}

/* `wanted` images of a class, pass after pass over all of it. */
static void draw_class(const fv_order *o, int class, size_t wanted, uint32_t *at, fv_random *r) {
    const size_t size = o->first[class + 1] - o->first[class];
    memcpy(o->pool, o->members + o->first[class], size * sizeof *o->pool);
    for (size_t i = 0, left = 0; i < wanted; i++) {
        if (left == 0) left = size;
        uint32_t *pick = &o->pool[fv_random_below(r, (uint32_t)left--)];
        at[i] = *pick;
        swap(pick, &o->pool[left]);
    }
}

static bool has_images(const fv_order *o, int class) { return o->first[class + 1] > o->first[class]; }

/* Which classes come once more is drawn, too: those from a random one on. */
static void draw_balanced(fv_order *o, fv_random *r) {
    size_t met = 0, classes = 0, at = 0;
    for (int c = 0; c < o->classes; c++) classes += has_images(o, c);
    const size_t start = fv_random_below(r, (uint32_t)classes);
    for (int c = 0; c < o->classes; c++) {
        if (!has_images(o, c)) continue;
        size_t turn = (met++ + start) % classes, wanted = o->count / classes + (turn < o->count % classes);
        draw_class(o, c, wanted, o->at + at, r);
        at += wanted;
    }
}

void fv_order_make(fv_order *o, bool shuffle, uint64_t seed, uint64_t epoch) {
    fv_random r = fv_random_stream(seed, epoch, FV_STREAM_SHUFFLE);
    for (size_t i = 0; i < o->count; i++) o->at[i] = (uint32_t)i;
    if (o->first) draw_balanced(o, &r);
    if (shuffle) shuffle_all(o, &r);
}
