/* The team, its barrier and its two backends: the only file that knows OpenMP, and that makes threads for computing. */
#include "core/threads.h"

#include "core/cgroup.h"
#include "core/memory.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#if FOVEA_OPENMP
#include <omp.h>
#endif
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

enum {
    CACHE_LINE = 64,
    SPINS = 4000,       /* pauses before giving way: some 100 microseconds, longer than a balanced step's last share */
    SPINS_CROWDED = 20, /* where threads outnumber processors, the one waited for may need this one's */
    MAX_THREADS = 4096,
};

struct fv_team {
    int size;
    int spins;
    void (*fn)(void *context, int thread, int nthreads); /* what is run; NULL tells pthread workers to end */
    void *context;

    /* The barrier: the last of `crew` threads to arrive turns the page, which the others watch from a cache line that
     * arriving does not touch. */
    atomic_int crew; /* threads in this run */
    atomic_int arrived;
    char apart[CACHE_LINE];
    atomic_uint page;

#if FOVEA_OPENMP
    int saved_threads; /* enter's, for leave */
#else
    atomic_uint runs; /* counts runs; workers watch it, first awake, then asleep on `posted` */
    pthread_mutex_t lock;
    pthread_cond_t posted;
    struct worker {
        fv_team *team;
        pthread_t id;
        int thread;
    } * workers; /* of threads 1 .. size-1, at [thread] */
#endif
    unsigned saved_modes[]; /* enter's, one a thread, for leave */
};

/* Processors. */

#if FOVEA_OPENMP
/* As it was when libgomp was loaded: where OMP_PROC_BIND is set, it has bound the asking thread to one of them since. */
static int affinity_count(void) { return omp_get_num_procs(); }
#else
static int affinity_count(void) {
    union {
        cpu_set_t set;
        unsigned char bytes[8192]; /* 65,536 processors; cpu_set_t stops at 1,024, and the call then fails */
    } mask;
    memset(&mask, 0, sizeof mask);
    if (sched_getaffinity(0, sizeof mask, &mask.set) != 0) return 1;
    return CPU_COUNT_S(sizeof mask, &mask.set);
}
#endif

int fv_threads_available(void) {
    /* A quota of 1.5 gives two threads: both rest for a quarter of the time, but one would leave a third unused. */
    double count = fmin(affinity_count(), ceil(fv_cgroup_cpus("")));
    return count < 1 ? 1 : count > MAX_THREADS ? MAX_THREADS : (int)count;
}

/* Flush-to-zero: a denormal operand costs some hundred cycles and changes no result that training can see. */

#if defined(__SSE__)
enum { FLUSH = 0x8040 }; /* MXCSR: results to zero, operands as zero */
static unsigned float_mode(void) { return _mm_getcsr(); }
static void set_float_mode(unsigned mode) { _mm_setcsr(mode); }
#elif defined(__aarch64__)
enum { FLUSH = 1 << 24 }; /* FPCR.FZ: both */
static unsigned float_mode(void) {
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return (unsigned)mode;
}
static void set_float_mode(unsigned mode) { __asm__ volatile("msr fpcr, %0" ::"r"((uint64_t)mode)); }
#else
enum { FLUSH = 0 };
static unsigned float_mode(void) { return 0; }
static void set_float_mode(unsigned mode) { (void)mode; }
#endif

static unsigned flush_to_zero(void) {
    unsigned mode = float_mode();
    set_float_mode(mode | FLUSH);
    return mode;
}

/* Waiting. */

static void pause_briefly(void) {
#if defined(__SSE__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Watches *word for `spins` pauses; true as soon as it is no longer `old`. */
static bool changes_soon(const atomic_uint *word, unsigned old, int spins) {
    for (int spin = 0; spin < spins; spin++) {
        if (atomic_load_explicit(word, memory_order_acquire) != old) return true;
        pause_briefly();
    }
    return false;
}

void fv_team_barrier(fv_team *team) {
    /* Nobody can turn this page before this thread has arrived, so the number read is the one to wait on. */
    unsigned page = atomic_load_explicit(&team->page, memory_order_relaxed);
    int crew = atomic_load_explicit(&team->crew, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&team->arrived, 1, memory_order_acq_rel) == crew - 1) {
        atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
        atomic_store_explicit(&team->page, page + 1, memory_order_release);
    } else {
        while (!changes_soon(&team->page, page, team->spins)) sched_yield();
    }
}

/* One thread's part of a run. */
static void take_part(fv_team *team, int thread, int nthreads) {
    unsigned mode = flush_to_zero();
    team->fn(team->context, thread, nthreads);
    set_float_mode(mode);
}

/* The backends. Each has start, stop, run_all, lend and take_back. */

#if FOVEA_OPENMP

static fv_status start(fv_team *team) {
    (void)team;
    return FV_OK;
}

static void stop(fv_team *team) { (void)team; }

static void run_all(fv_team *team) {
#pragma omp parallel num_threads(team->size)
    {
        int nthreads = omp_get_num_threads();
        atomic_store_explicit(&team->crew, nthreads, memory_order_relaxed); /* by all, the same: no barrier is needed */
        take_part(team, omp_get_thread_num(), nthreads);
    }
}

/* libgomp keeps its threads from one loop to the next, and with them their float modes. */
static void lend(fv_team *team) {
    team->saved_threads = omp_get_max_threads();
    omp_set_num_threads(team->size);
#pragma omp parallel num_threads(team->size)
    team->saved_modes[omp_get_thread_num()] = flush_to_zero();
}

static void take_back(fv_team *team) {
#pragma omp parallel num_threads(team->size)
    set_float_mode(team->saved_modes[omp_get_thread_num()]);
    omp_set_num_threads(team->saved_threads);
}

#else

static void *work(void *argument) {
    const struct worker *self = argument;
    fv_team *team = self->team;
    for (unsigned run = 0;; run++) {
        if (!changes_soon(&team->runs, run, team->spins)) {
            pthread_mutex_lock(&team->lock);
            while (atomic_load(&team->runs) == run) pthread_cond_wait(&team->posted, &team->lock);
            pthread_mutex_unlock(&team->lock);
        }
        if (!team->fn) return NULL;
        take_part(team, self->thread, team->size);
        fv_team_barrier(team);
    }
}

/* Lets the workers at the next run. */
static void post(fv_team *team) {
    pthread_mutex_lock(&team->lock);
    atomic_fetch_add(&team->runs, 1);
    pthread_cond_broadcast(&team->posted);
    pthread_mutex_unlock(&team->lock);
}

/* Ends the `count` workers that have started, and frees them. */
static void stop_workers(fv_team *team, int count) {
    team->fn = NULL;
    post(team);
    for (int thread = 1; thread <= count; thread++) pthread_join(team->workers[thread].id, NULL);
    pthread_cond_destroy(&team->posted);
    pthread_mutex_destroy(&team->lock);
    fv_free(team->workers);
}

static fv_status start(fv_team *team) {
    team->workers = FV_NEW_N(struct worker, (size_t)team->size);
    if (!team->workers) return FV_NO_MEMORY;
    pthread_mutex_init(&team->lock, NULL);
    pthread_cond_init(&team->posted, NULL);
    for (int thread = 1; thread < team->size; thread++) {
        struct worker *w = &team->workers[thread];
        *w = (struct worker){.team = team, .thread = thread};
        int error = pthread_create(&w->id, NULL, work, w);
        if (error) {
            stop_workers(team, thread - 1);
            return fv_fail(FV_NO_MEMORY, "cannot start thread %d of %d: %s (ask for fewer threads)", thread + 1,
                           team->size, strerror(error));
        }
    }
    return FV_OK;
}

static void stop(fv_team *team) { stop_workers(team, team->size - 1); }

static void run_all(fv_team *team) {
    atomic_store_explicit(&team->crew, team->size, memory_order_relaxed);
    if (team->size > 1) post(team);
    take_part(team, 0, team->size);
    fv_team_barrier(team);
}

static void lend(fv_team *team) { team->saved_modes[0] = flush_to_zero(); }
static void take_back(fv_team *team) { set_float_mode(team->saved_modes[0]); }

#endif

/* What the header offers. */

fv_team *fv_team_new(int n) {
    int available = fv_threads_available();
    if (n == 0) n = available;
    if (n < 1 || n > MAX_THREADS) {
        fv_fail(FV_BAD_ARGUMENT, "%d threads: must be 1 to %d, or 0 for what the machine has", n, MAX_THREADS);
        return NULL;
    }
    fv_team *team = fv_alloc(1, sizeof *team + (size_t)n * sizeof *team->saved_modes);
    if (!team) return NULL;
    team->size = n;
    team->spins = n > available ? SPINS_CROWDED : SPINS;
    if (start(team) != FV_OK) {
        fv_free(team);
        return NULL;
    }
    return team;
}

void fv_team_free(fv_team *team) {
    if (!team) return;
    stop(team);
    fv_free(team);
}

int fv_team_size(const fv_team *team) { return team->size; }

void fv_team_run(fv_team *team, void (*fn)(void *context, int thread, int nthreads), void *context) {
    team->fn = fn;
    team->context = context;
    run_all(team);
}

void fv_team_enter(fv_team *team) { lend(team); }

void fv_team_leave(fv_team *team) { take_back(team); }
