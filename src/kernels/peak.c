#include "kernels/peak.h"

#include "core/clock.h"
#include "core/memory.h"
#include "kernels/cpu.h"

/* A round is a few milliseconds: far longer than the team's start, short enough to be left alone by other work. */
enum { ROUNDS = 30, TURNS = 1 << 18 };
static const size_t floats = (size_t)32 << 20;

typedef struct probe {
    const fv_simd *simd;
    float *memory; /* [floats]; each thread's results go to the first of its share */
    double done;   /* operations or bytes of a round */
} probe;

static float *share_of(const probe *p, int thread, int nthreads, size_t *count) {
    size_t begin, end;
    fv_share_size(floats, thread, nthreads, &begin, &end);
    *count = end - begin;
    return p->memory + begin;
}

static void touch(void *context, int thread, int nthreads) {
    size_t count;
    float *own = share_of(context, thread, nthreads, &count);
    for (size_t i = 0; i < count; i++) own[i] = 1;
}

static void compute(void *context, int thread, int nthreads) {
    probe *p = context;
    size_t count, done = p->simd->multiply_adds(TURNS, share_of(p, thread, nthreads, &count));
    if (thread == 0) p->done = (double)done * nthreads;
}

static void read_all(void *context, int thread, int nthreads) {
    probe *p = context;
    size_t count;
    float *own = share_of(p, thread, nthreads, &count);
    *own = p->simd->sum_of(count, own);
    if (thread == 0) p->done = (double)(floats * sizeof *own);
}

static double best_rate(fv_team *team, probe *p, void (*round)(void *context, int thread, int nthreads)) {
    double best = 0;
    for (int i = 0; i < ROUNDS; i++) {
        double begin = fv_seconds();
        fv_team_run(team, round, p);
        double rate = p->done / (fv_seconds() - begin);
        if (rate > best) best = rate;
    }
    return best;
}

fv_status fv_peak_measure(fv_team *team, fv_peak *peak) {
    probe p = {.simd = fv_simd_pick(), .memory = fv_map(floats * sizeof *p.memory)};
    if (!p.memory) return FV_NO_MEMORY;
    fv_team_run(team, touch, &p);
    *peak = (fv_peak){.flops = best_rate(team, &p, compute), .bytes = best_rate(team, &p, read_all)};
    fv_unmap(p.memory, floats * sizeof *p.memory);
    return FV_OK;
}
