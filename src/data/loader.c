/* The ring of batches. Positions of the epoch's order are handed out in chunks, first to last, to whoever is free: workers,
 * or the caller itself when there are none. Batch b is made in slot b % slots. What a sample becomes depends on its
 * position alone, so who makes it, and when, does not matter. */
#include "data/loader.h"

#include "augment/augment.h"
#include "core/memory.h"
#include "data/dataset.h"
#include "data/order.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

enum { CHUNK = 8, PREFETCH = 6, MOST_WORKERS = 256, MESSAGE_BYTES = 1024 };

typedef struct slot {
    float *x;
    int *labels;
    size_t *index;
    bool *bad;       /* images that cannot be read, to be left out */
    int count, left; /* images of the batch; of these, not made yet */
    fv_status status;
    int failed; /* the first image that failed, so that the message too is the same for any number of workers */
    char message[MESSAGE_BYTES];
} slot;

/* Positions [begin, begin + count) of the order, all in one batch. */
typedef struct chunk {
    size_t begin;
    int count;
} chunk;

struct fv_loader {
    const fv_dataset *dataset;
    fv_loader_args args;
    size_t count, batches, image_floats;
    fv_order order;
    uint64_t epoch;
    fv_augment augment;
    fv_decode_want want;
    const bool *known; /* [count] of fv_loader_recall; NULL: images are read */
    const int *labels;

    int nslots;
    slot *slots;
    float *x; /* [nslots, batch_size, C,H,W], the slots' memory */
    size_t x_bytes;

    pthread_mutex_t lock; /* guards what follows, and the slots' bookkeeping */
    pthread_cond_t work;  /* there may be a chunk to take, or stop is set */
    pthread_cond_t done;  /* a batch is made, or nobody is busy any more */
    size_t taken;         /* positions handed out so far */
    size_t next;          /* the batch that fv_loader_next returns next */
    int busy;             /* chunks being made */
    bool stop;
    int nthreads;
    pthread_t *threads;
};

/* ---- Making chunks ---- */

static slot *slot_of(const fv_loader *l, size_t batch) { return &l->slots[batch % (size_t)l->nslots]; }

/* Takes the next chunk if its batch has a free slot; the slot of the batch that the caller still reads is not free. */
static bool take_chunk(fv_loader *l, chunk *c) {
    size_t size = (size_t)l->args.batch_size, batch = l->taken / size, ahead = (size_t)l->nslots - (l->nthreads > 0);
    if (l->taken >= l->count || batch >= l->next + ahead) return false;
    slot *s = slot_of(l, batch);
    size_t first = batch * size, end = l->count - first < size ? l->count : first + size;
    if (l->taken == first) s->count = s->left = (int)(end - first), s->status = FV_OK;
    c->begin = l->taken;
    c->count = end - c->begin < CHUNK ? (int)(end - c->begin) : CHUNK;
    l->taken += (size_t)c->count;
    l->busy++;
    return true;
}

static fv_status prepare(const fv_loader *l, const fv_image *image, size_t sample, float *x) {
    const fv_loader_args *a = &l->args;
    if (l->augment.n == 0) return fv_prepare(image, &a->preprocess, a->channels, a->height, a->width, x);
    fv_frame frame = {a->width, a->height, image->width, image->height};
    fv_distortion d = fv_augment_draw(&l->augment, a->seed, l->epoch, sample, &frame);
    return fv_prepare_distorted(image, &a->preprocess, a->channels, a->height, a->width, &d, x);
}

/* Image i of the slot's batch, at a position of the order. Files may be anything: one that cannot be read is left out. What
 * is drawn for an image that comes more than once follows from the position. */
static fv_status make_image(const fv_loader *l, slot *s, int i, size_t position) {
    fv_image image;
    const size_t index = s->index[i] = l->order.at[position];
    if (l->known) {
        s->labels[i] = l->labels[index];
        s->bad[i] = !l->known[index];
        return FV_OK;
    }
    fv_status status = fv_dataset_read(l->dataset, index, &l->want, &image, &s->labels[i]);
    s->bad[i] = status != FV_OK && status != FV_NO_MEMORY && l->dataset->bad;
    if (status != FV_OK) return s->bad[i] ? FV_OK : status;
    status = prepare(l, &image, l->args.balanced ? position : index, s->x + (size_t)i * l->image_floats);
    fv_image_free(&image);
    return status == FV_OK ? FV_OK : fv_fail_in(status, "%s: image %zu", fv_dataset_name(l->dataset), index);
}

/* Without the lock: nobody else touches these images of the slot. *made counts those before the first failure. */
static fv_status make_chunk(const fv_loader *l, const chunk *c, int *made) {
    slot *s = slot_of(l, c->begin / (size_t)l->args.batch_size);
    int first = (int)(c->begin % (size_t)l->args.batch_size);
    for (*made = 0; *made < c->count; ++*made) {
        size_t at = c->begin + (size_t)*made;
        if (l->dataset->kind->prefetch && !l->known && at + PREFETCH < l->count)
            l->dataset->kind->prefetch(l->dataset, l->order.at[at + PREFETCH]);
        FV_TRY(make_image(l, s, first + *made, at));
    }
    return FV_OK;
}

static void finish_chunk(fv_loader *l, const chunk *c, fv_status status, int made) {
    slot *s = slot_of(l, c->begin / (size_t)l->args.batch_size);
    int at = (int)(c->begin % (size_t)l->args.batch_size) + made;
    if (status != FV_OK && (s->status == FV_OK || at < s->failed)) {
        s->status = status;
        s->failed = at;
        strncpy(s->message, fv_error(), sizeof s->message - 1);
    }
    s->left -= c->count;
    l->busy--;
    /* Only what somebody may wait for: a whole batch, or, with nothing left to take, that all are done. */
    if (s->left == 0 || (l->busy == 0 && l->taken == l->count)) pthread_cond_broadcast(&l->done);
}

/* Takes and makes one chunk; called and returns with the lock held. */
static bool do_chunk(fv_loader *l) {
    chunk c;
    int made;
    if (!take_chunk(l, &c)) return false;
    pthread_mutex_unlock(&l->lock);
    fv_status status = make_chunk(l, &c, &made);
    pthread_mutex_lock(&l->lock);
    finish_chunk(l, &c, status, made);
    return true;
}

/* All that there is to do, by one thread of a team. */
static void help(void *loader, int thread, int nthreads) {
    (void)thread, (void)nthreads;
    fv_loader *l = loader;
    pthread_mutex_lock(&l->lock);
    while (do_chunk(l)) {}
    pthread_mutex_unlock(&l->lock);
}

static void *worker(void *loader) {
    fv_loader *l = loader;
    pthread_mutex_lock(&l->lock);
    while (!l->stop)
        if (!do_chunk(l)) pthread_cond_wait(&l->work, &l->lock);
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

/* ---- Construction ---- */

static fv_status check_args(const fv_dataset *d, const fv_loader_args *a) {
    if (a->batch_size < 1) return fv_fail(FV_BAD_ARGUMENT, "--batch-size %d: must be at least 1", a->batch_size);
    if (d->count == 0) return fv_fail(FV_BAD_DATA, "%s: the dataset is empty", d->kind->name);
    if (d->count > UINT32_MAX)
        return fv_fail(FV_UNSUPPORTED, "%s: %zu images, at most 2^32-1", d->kind->name, d->count);
    if ((size_t)a->batch_size > d->count)
        return fv_fail(FV_BAD_ARGUMENT, "--batch-size %d: the dataset %s has only %zu images", a->batch_size,
                       d->kind->name, d->count);
    if (a->workers < 0 || a->workers > MOST_WORKERS)
        return fv_fail(FV_BAD_ARGUMENT, "--workers %d: must be 0..%d", a->workers, MOST_WORKERS);
    return fv_prepare_check(&a->preprocess, a->channels, a->height, a->width);
}

/* One slot that the caller reads, and enough ahead of it to keep every worker busy with a chunk and one more waiting. */
static int count_slots(const fv_loader_args *a) {
    if (a->workers == 0) return 1;
    int chunk_size = a->batch_size < CHUNK ? a->batch_size : CHUNK;
    int ahead = (2 * a->workers * chunk_size + a->batch_size - 1) / a->batch_size;
    return 1 + (ahead < 2 ? 2 : ahead);
}

static fv_status make_slots(fv_loader *l) {
    size_t size = (size_t)l->args.batch_size, floats;
    l->nslots = count_slots(&l->args);
    l->image_floats = (size_t)l->args.channels * (size_t)l->args.height * (size_t)l->args.width;
    if (!fv_size_mul(l->image_floats, size, &floats) ||
        !fv_size_mul(floats, (size_t)l->nslots * sizeof(float), &l->x_bytes))
        return fv_fail(FV_NO_MEMORY, "--batch-size %zu: the batches would not fit into memory", size);
    FV_TRY(fv_order_init(&l->order, l->dataset, l->args.balanced));
    if (!(l->slots = FV_NEW_N(slot, (size_t)l->nslots)) || !(l->x = fv_reserve(l->x_bytes))) return FV_NO_MEMORY;
    for (int i = 0; i < l->nslots; i++) {
        slot *s = &l->slots[i];
        s->x = l->x + (size_t)i * floats;
        if (!(s->labels = FV_NEW_N(int, size)) || !(s->index = FV_NEW_N(size_t, size)) ||
            !(s->bad = FV_NEW_N(bool, size)))
            return FV_NO_MEMORY;
    }
    return FV_OK;
}

/* Signals go to the program's own threads. */
static fv_status start_threads(fv_loader *l) {
    if (l->args.workers == 0) return FV_OK;
    if (!(l->threads = FV_NEW_N(pthread_t, (size_t)l->args.workers))) return FV_NO_MEMORY;
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = 0;
    pthread_mutex_lock(&l->lock); /* workers look at nthreads */
    while (l->nthreads < l->args.workers && !(error = pthread_create(&l->threads[l->nthreads], NULL, worker, l)))
        l->nthreads++;
    pthread_mutex_unlock(&l->lock);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error)
        return fv_fail(FV_NO_MEMORY, "--workers %d: thread %d cannot be started: %s", l->args.workers, l->nthreads + 1,
                       strerror(error));
    return FV_OK;
}

static fv_status set_augment(fv_loader *l) {
    fv_status status = fv_augment_parse(l->args.augment, &l->augment);
    if (status != FV_OK) return fv_fail_in(status, "augment");
    l->want = fv_prepare_want(&l->args.preprocess, l->args.height, l->args.width, fv_augment_zoom(&l->augment));
    return FV_OK;
}

fv_loader *fv_loader_new(const fv_dataset *dataset, const fv_loader_args *args) {
    if (!dataset || check_args(dataset, args) != FV_OK) return NULL;
    fv_loader *l = FV_NEW(fv_loader);
    if (!l) return NULL;
    l->dataset = dataset;
    l->args = *args;
    l->count = l->taken = dataset->count; /* nothing to take before the start */
    l->batches = (l->count - 1) / (size_t)args->batch_size + 1;
    l->next = l->batches;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->work, NULL);
    pthread_cond_init(&l->done, NULL);
    if (set_augment(l) == FV_OK && make_slots(l) == FV_OK && start_threads(l) == FV_OK) return l;
    fv_loader_free(l);
    return NULL;
}

void fv_loader_free(fv_loader *l) {
    if (!l) return;
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->lock);
    for (int i = 0; i < l->nthreads; i++) pthread_join(l->threads[i], NULL);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->work);
    pthread_cond_destroy(&l->done);
    for (int i = 0; l->slots && i < l->nslots; i++) {
        fv_free(l->slots[i].labels);
        fv_free(l->slots[i].index);
        fv_free(l->slots[i].bad);
    }
    fv_unmap(l->x, l->x_bytes);
    fv_free(l->slots);
    fv_order_free(&l->order);
    fv_free(l->threads);
    fv_free(l);
}

size_t fv_loader_batches(const fv_loader *l) { return l ? l->batches : 0; }
size_t fv_loader_bytes(const fv_loader *l) { return l ? l->x_bytes : 0; }

/* ---- Use ---- */

/* Nobody is busy: what is under way is dropped, as at a start. */
static void settle(fv_loader *l) {
    l->taken = l->count;
    while (l->busy) pthread_cond_wait(&l->done, &l->lock);
}

void fv_loader_recall(fv_loader *l, const bool *known, const int *labels) {
    pthread_mutex_lock(&l->lock);
    settle(l);
    l->next = l->batches;
    l->known = known;
    l->labels = labels;
    pthread_mutex_unlock(&l->lock);
}

fv_status fv_loader_start(fv_loader *l, uint64_t epoch, size_t first) {
    if (!l) return fv_last_status();
    if (first > l->batches) return fv_fail(FV_BAD_ARGUMENT, "batch %zu: an epoch has %zu batches", first, l->batches);
    pthread_mutex_lock(&l->lock);
    settle(l);
    l->epoch = epoch;
    fv_order_make(&l->order, l->args.shuffle, l->args.seed, epoch);
    l->next = first;
    l->taken = first * (size_t)l->args.batch_size;
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->lock);
    return FV_OK;
}

/* The next batch of the epoch, whole; NULL at its end. */
static fv_status next_slot(fv_loader *l, slot **next) {
    *next = NULL;
    pthread_mutex_lock(&l->lock);
    if (l->next == l->batches) {
        pthread_mutex_unlock(&l->lock);
        return FV_OK;
    }
    slot *s = *next = slot_of(l, l->next);
    size_t end = (l->next + 1) * (size_t)l->args.batch_size;
    if (l->nthreads == 0) {
        pthread_mutex_unlock(&l->lock);
        if (l->args.team)
            fv_team_run(l->args.team, help, l);
        else
            help(l, 0, 1);
        pthread_mutex_lock(&l->lock);
    }
    while (l->taken < (end < l->count ? end : l->count) || s->left > 0) pthread_cond_wait(&l->done, &l->lock);
    l->next++;
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->lock);
    return s->status == FV_OK ? FV_OK : fv_fail(s->status, "%s", s->message);
}

/* Closes the gaps of the images that are bad; returns how many there were. */
static int leave_out(const fv_loader *l, slot *s) {
    int kept = 0, all = s->count;
    for (int i = 0; i < all; i++) {
        if (s->bad[i]) continue;
        if (kept != i) {
            memcpy(s->x + (size_t)kept * l->image_floats, s->x + (size_t)i * l->image_floats,
                   l->image_floats * sizeof(float));
            s->labels[kept] = s->labels[i];
            s->index[kept] = s->index[i];
        }
        kept++;
    }
    s->count = kept;
    return all - kept;
}

fv_status fv_loader_next(fv_loader *l, fv_batch *batch) {
    *batch = (fv_batch){0};
    if (!l) return fv_last_status();
    slot *s;
    int skipped = 0;
    do {
        FV_TRY(next_slot(l, &s));
        if (s) skipped += leave_out(l, s);
    } while (s && s->count == 0);
    if (s) *batch = (fv_batch){.count = s->count, .x = s->x, .labels = s->labels, .index = s->index};
    batch->skipped = skipped;
    batch->next = l->next;
    return FV_OK;
}
