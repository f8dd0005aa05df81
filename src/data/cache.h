/* Images that were costly to make, kept for the next epoch as long as there is room. Nothing is ever thrown out: when every
 * image comes once an epoch, the first to come are as good as any, and what is kept can be lent without counting who
 * holds it. */
#ifndef DATA_CACHE_H
#define DATA_CACHE_H

#include "image/decode.h"

typedef struct fv_cache fv_cache;

/* For a set of `count` images; `bytes`: of pixels and bookkeeping together, at most. It also stops where the memory left to
 * the process falls below 256 MiB, looking every 64 MiB. NULL on failure. */
fv_cache *fv_cache_new(size_t count, size_t bytes);
void fv_cache_free(fv_cache *cache);

/* Both from any thread. */

/* Lends image `index` as it was made for this `want` (NULL: all pixels). False if it is not there. */
bool fv_cache_get(fv_cache *cache, size_t index, const fv_decode_want *want, fv_image *image);
/* Offers the image just made: where there is room the cache takes its pixels over and lends them. */
fv_status fv_cache_put(fv_cache *cache, size_t index, const fv_decode_want *want, fv_image *image);

size_t fv_cache_bytes(const fv_cache *cache);  /* in use; NULL: 0 */
size_t fv_cache_misses(const fv_cache *cache); /* gets that found nothing, so far: images made */

#endif
