#include "data/bad.h"

#include "core/arena.h"
#include "core/memory.h"
#include "data/dataset.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const double STANDARD_SHARE = 0.05;

struct fv_bad {
    pthread_mutex_t lock;
    bool *known;        /* [count of the set]; NULL until the first */
    fv_bad_file *files; /* in the order of being found */
    size_t n, room, told;
    fv_arena texts;
};

fv_bad *fv_bad_new(void) {
    fv_bad *bad = FV_NEW(fv_bad);
    if (bad) pthread_mutex_init(&bad->lock, NULL);
    return bad;
}

void fv_bad_free(fv_bad *bad) {
    if (!bad) return;
    fv_arena_free(&bad->texts);
    fv_free(bad->files);
    fv_free(bad->known);
    pthread_mutex_destroy(&bad->lock);
    fv_free(bad);
}

/* With the lock. */
static fv_status add(fv_bad *bad, size_t index, size_t count, const char *path, const char *reason) {
    if (!bad->known && !(bad->known = FV_NEW_N(bool, count))) return FV_NO_MEMORY;
    if (bad->known[index]) return FV_OK;
    if (bad->n == bad->room) {
        size_t more = bad->room ? 2 * bad->room : 16;
        fv_bad_file *grown = fv_realloc(bad->files, more, sizeof *grown);
        if (!grown) return FV_NO_MEMORY;
        bad->files = grown;
        bad->room = more;
    }
    fv_bad_file file = {index, fv_arena_strdup(&bad->texts, path), fv_arena_strdup(&bad->texts, reason)};
    if (!file.path || !file.reason) return FV_NO_MEMORY;
    bad->files[bad->n++] = file;
    bad->known[index] = true;
    return FV_OK;
}

fv_status fv_bad_note(fv_bad *bad, size_t index, size_t count, const char *path, const char *reason) {
    pthread_mutex_lock(&bad->lock);
    fv_status status = add(bad, index, count, path, reason);
    pthread_mutex_unlock(&bad->lock);
    return status;
}

size_t fv_bad_count(const fv_bad *bad) {
    if (!bad) return 0;
    fv_bad *b = (fv_bad *)bad; /* of which only the lock changes */
    pthread_mutex_lock(&b->lock);
    size_t n = b->n;
    pthread_mutex_unlock(&b->lock);
    return n;
}

fv_bad_file fv_bad_at(const fv_bad *bad, size_t n) {
    fv_bad *b = (fv_bad *)bad;
    pthread_mutex_lock(&b->lock);
    fv_bad_file file = b->files[n];
    pthread_mutex_unlock(&b->lock);
    return file;
}

fv_status fv_bad_limit(const fv_dataset *d, size_t skipped, float most) {
    double share = most == 0 ? STANDARD_SHARE : most < 0 ? 0 : (double)most;
    if (skipped == 0 || (double)skipped <= share * (double)d->count) return FV_OK;
    fv_bad_file first = fv_bad_at(d->bad, 0);
    return fv_fail(FV_BAD_DATA,
                   "%s: %zu of %zu images cannot be read so far, and %g%% may (--max-bad); the first: %s: %s",
                   d->kind->name, skipped, d->count, 100 * share, first.path, first.reason);
}

bool fv_bad_tell(fv_bad *bad, fv_bad_file *file) {
    if (!bad) return false;
    pthread_mutex_lock(&bad->lock);
    bool more = bad->told < bad->n;
    if (more) *file = bad->files[bad->told++];
    pthread_mutex_unlock(&bad->lock);
    return more;
}

static int by_index(const void *a, const void *b) {
    size_t x = ((const fv_bad_file *)a)->index, y = ((const fv_bad_file *)b)->index;
    return (x > y) - (x < y);
}

size_t fv_dataset_bad_files(const fv_dataset *dataset, fv_bad_file *files, size_t room) {
    const fv_bad *bad = dataset ? dataset->bad : NULL;
    size_t n = fv_bad_count(bad), filled = n < room ? n : room;
    for (size_t i = 0; i < filled; i++) files[i] = fv_bad_at(bad, i);
    if (filled) qsort(files, filled, sizeof *files, by_index);
    return n;
}
