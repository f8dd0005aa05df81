/* A team of threads that run the same function, and the barrier inside it. The only place that knows OpenMP.
 *
 * Two backends, chosen at build time: OpenMP (gcc + libgomp, the runtime that Debian's oneDNN uses, so that both share
 * one set of threads) and pthreads (clang, TSan). libgomp's idle threads spin for long; an application that shares its
 * processors with others sets GOMP_SPINCOUNT=1000 in its environment, as the program does (cli/processors.c). */
#ifndef CORE_THREADS_H
#define CORE_THREADS_H

#include "core/status.h"

typedef struct fv_team fv_team;

/* How many threads this process can use: CPU affinity and the cgroup's quota, at least 1. */
int fv_threads_available(void);

/* A team of n threads (0: fv_threads_available()), the caller being thread 0. NULL on failure. */
fv_team *fv_team_new(int n);
void fv_team_free(fv_team *team);
int fv_team_size(const fv_team *team);

/* Runs fn(context, thread, nthreads) on every thread of the team and returns when all are done. Flush-to-zero is set in
 * each thread for the duration and restored. One run at a time for a team, none inside a run, and only from the thread
 * that made the team. `nthreads` is the team's size, or less where OpenMP gives less (OMP_THREAD_LIMIT): share by it. */
void fv_team_run(fv_team *team, void (*fn)(void *context, int thread, int nthreads), void *context);

/* Around calls into a library that brings its own parallel loops (oneDNN): from enter to leave they run on as many
 * threads as the team has and flush to zero, as far as they are OpenMP's and this build is. Runs may lie between, other
 * enters may not. */
void fv_team_enter(fv_team *team);
void fv_team_leave(fv_team *team);

/* Inside a run: waits until all threads of the team are here. Spins, then yields. */
void fv_team_barrier(fv_team *team);

/* The share of `count` items of one thread: [*begin, *end). Shares differ by at most one item. */
static inline void fv_share(int count, int thread, int nthreads, int *begin, int *end) {
    *begin = (int)((int64_t)count * thread / nthreads);
    *end = (int)((int64_t)count * (thread + 1) / nthreads);
}
static inline void fv_share_size(size_t count, int thread, int nthreads, size_t *begin, size_t *end) {
    *begin = count / (size_t)nthreads * (size_t)thread + count % (size_t)nthreads * (size_t)thread / (size_t)nthreads;
    thread++;
    *end = count / (size_t)nthreads * (size_t)thread + count % (size_t)nthreads * (size_t)thread / (size_t)nthreads;
}

#endif
