#include "data/cache.h"

#include "core/memory.h"

#include <stdatomic.h>

enum { LOOK_EVERY = 64 << 20, LEFT_FOR_OTHERS = 256 << 20 };

/* An image and what it was made for; never changes once it is in the table. */
typedef struct kept {
    fv_image image;
    fv_decode_want want;
} kept;

struct fv_cache {
    size_t count, limit;
    atomic_size_t bytes, misses;
    _Atomic(kept *) *table; /* [count]; NULL: not kept */
};

static const fv_decode_want all_pixels;

fv_cache *fv_cache_new(size_t count, size_t bytes) {
    fv_cache *c = FV_NEW(fv_cache);
    if (!c) return NULL;
    c->count = count;
    c->limit = bytes;
    c->table = fv_alloc(count, sizeof *c->table);
    if (c->table) return c;
    fv_free(c);
    return NULL;
}

static void free_kept(kept *k) {
    fv_image_free(&k->image);
    fv_free(k);
}

void fv_cache_free(fv_cache *c) {
    if (!c) return;
    for (size_t i = 0; i < c->count; i++) {
        kept *k = atomic_load_explicit(&c->table[i], memory_order_relaxed);
        if (k) free_kept(k);
    }
    fv_free((void *)c->table);
    fv_free(c);
}

static bool same(const fv_decode_want *a, const fv_decode_want *b) {
    return a->fast == b->fast && (!a->fast || (a->width == b->width && a->height == b->height));
}

bool fv_cache_get(fv_cache *c, size_t index, const fv_decode_want *want, fv_image *image) {
    const kept *k = atomic_load_explicit(&c->table[index], memory_order_acquire);
    if (!k || !same(&k->want, want ? want : &all_pixels)) {
        atomic_fetch_add_explicit(&c->misses, 1, memory_order_relaxed);
        return false;
    }
    *image = k->image;
    image->owned = NULL;
    return true;
}

/* Room for `bytes` more, or false. The bound was set before anybody knew what the network would take. */
static bool reserve(fv_cache *c, size_t bytes) {
    size_t used = atomic_load_explicit(&c->bytes, memory_order_relaxed);
    do {
        if (bytes > c->limit || used > c->limit - bytes) return false;
        if (used / LOOK_EVERY != (used + bytes) / LOOK_EVERY && fv_memory_available() < LEFT_FOR_OTHERS) return false;
    } while (!atomic_compare_exchange_weak(&c->bytes, &used, used + bytes));
    return true;
}

fv_status fv_cache_put(fv_cache *c, size_t index, const fv_decode_want *want, fv_image *image) {
    size_t bytes = sizeof(kept) + fv_image_samples(image) * (size_t)image->depth / 8;
    if (!image->owned || atomic_load_explicit(&c->table[index], memory_order_relaxed) || !reserve(c, bytes))
        return FV_OK;
    kept *k = FV_NEW(kept), *none = NULL;
    if (!k) return FV_NO_MEMORY;
    *k = (kept){*image, want ? *want : all_pixels};
    if (atomic_compare_exchange_strong(&c->table[index], &none, k)) {
        image->owned = NULL;
    } else { /* somebody else has just made the same one */
        atomic_fetch_sub(&c->bytes, bytes);
        fv_free(k);
    }
    return FV_OK;
}

size_t fv_cache_bytes(const fv_cache *c) { return c ? atomic_load(&c->bytes) : 0; }
size_t fv_cache_misses(const fv_cache *c) { return c ? atomic_load(&c->misses) : 0; }
