/* Batch norm's kernels. A map is one block of channels of one image (one channel, in the plain layout); maps of one block
 * follow each other, and the threads share them evenly. Statistics of a block whose maps are all one thread's are made and used
 * at once, while the maps are in its cache; of the others each thread leaves its part, and all meet before they are used. */
#include "kernels/cpu.h"
#include "ops/batch_norm.h"
#include "ops/fused.h"
#include "ops/rooms.h"

#include <math.h>
#include <string.h>

enum { MAX_LANES = 16 };

typedef struct maps {
    int images, channels, lanes, blocks;
    size_t places;
    fv_precision x, y; /* as what maps are stored: x, dx and the skip's; y and dy */
} maps;

/* Images [first, last) of a block. */
typedef struct piece {
    int block, first, last;
} piece;

/* Two sums for each channel of a block: of x and x^2, or of g and g (x - mean). */
typedef struct sums {
    double a[MAX_LANES], b[MAX_LANES];
} sums;

typedef struct job {
    void (*sum)(const fv_step *step, const maps *m, piece p, sums *s);
    void (*apply)(const fv_step *step, const maps *m, piece p, const sums *s);
} job;

static const fv_batch_norm_node_args *args_of(const fv_step *step) { return step->node->args; }

static maps maps_of(const fv_step *step) {
    const int *x = step->node->in[FV_BN_X]->shape.dim;
    int lanes = step->kernel->in == FV_PLAIN ? 1 : fv_block();
    const fv_kernel *kernel = step->kernel;
    bool backward = step->node->op == &fv_batch_norm_backward_op || step->node->op == &fv_batch_norm_skip_backward_op;
    return (maps){.images = x[0],
                  .channels = x[1],
                  .lanes = lanes,
                  .blocks = (x[1] + lanes - 1) / lanes,
                  .places = (size_t)x[2] * (size_t)x[3],
                  .x = fv_layout_precision(backward ? kernel->out : kernel->in),
                  .y = fv_layout_precision(backward ? kernel->in : kernel->out)};
}

/* A map of the tensor that begins at `base`. */
static void *map_of(const maps *m, fv_precision as, void *base, int block, int image) {
    size_t before = ((size_t)image * (size_t)m->blocks + (size_t)block) * m->places * (size_t)m->lanes;
    return (unsigned char *)base + before * (as == FV_BF16 ? sizeof(uint16_t) : sizeof(float));
}

/* How many channels of a block there are. */
static int channels_in(const maps *m, int block) {
    int left = m->channels - block * m->lanes;
    return left < m->lanes ? left : m->lanes;
}

/* ---- Sharing ------------------------------------------------------------------------------------------------------- */

/* What thread t of nthreads has of a block; empty where first == last. */
static piece share_of(const maps *m, int block, int t, int nthreads) {
    int begin, end, low = block * m->images, high = low + m->images;
    fv_share(m->blocks * m->images, t, nthreads, &begin, &end);
    if (begin < low) begin = low;
    if (end > high) end = high;
    return begin < end ? (piece){block, begin - low, end - low} : (piece){block, 0, 0};
}

static bool is_whole(const maps *m, piece p) { return p.first == 0 && p.last == m->images; }

/* A thread has at most two pieces that are not whole: one at its begin, and one that starts a block at its end. */
static sums *part_of(const fv_step *step, piece p, int thread) {
    return (sums *)step->scratch + 2 * thread + (p.first == 0);
}

static sums add_parts(const fv_step *step, const maps *m, int block, int nthreads) {
    sums total = {{0}, {0}};
    for (int t = 0; t < nthreads; t++) {
        piece p = share_of(m, block, t, nthreads);
        if (p.first == p.last) continue;
        const sums *part = part_of(step, p, t);
        for (int j = 0; j < m->lanes; j++) total.a[j] += part->a[j], total.b[j] += part->b[j];
    }
    return total;
}

static void run(const job *j, const fv_step *step, int thread, int nthreads) {
    maps m = maps_of(step);
    int begin, end;
    fv_share(m.blocks * m.images, thread, nthreads, &begin, &end);
    int first = begin / m.images, last = (end + m.images - 1) / m.images;
    for (int block = first; block < last; block++) {
        piece p = share_of(&m, block, thread, nthreads);
        sums s = {{0}, {0}};
        j->sum(step, &m, p, &s);
        if (is_whole(&m, p))
            j->apply(step, &m, p, &s);
        else
            *part_of(step, p, thread) = s;
    }
    fv_team_barrier(step->env->team);
    for (int block = first; block < last; block++) {
        piece p = share_of(&m, block, thread, nthreads);
        if (is_whole(&m, p)) continue;
        sums s = add_parts(step, &m, block, nthreads);
        j->apply(step, &m, p, &s);
    }
}

fv_status fv_batch_norm_plan(fv_step *step) {
    step->scratch_bytes = 2 * (size_t)step->threads * sizeof(sums);
    if (args_of(step)->has_skip && !step->node->forward) step->overwrites = FV_BN_SKIP + 1;
    return FV_OK;
}

/* ---- Terms --------------------------------------------------------------------------------------------------------- */

/* From parameters and statistics of `count` channels; lanes beyond are zero and stay so. */
static fv_norm_terms terms_of(const fv_step *step, int count, const float *gamma, const float *beta, const float *mean,
                              const float *variance) {
    fv_norm_terms t = {0};
    for (int j = 0; j < count; j++) {
        t.mean[j] = mean[j];
        t.scale[j] = (float)(gamma[j] / sqrt((double)variance[j] + (double)args_of(step)->epsilon));
        t.beta[j] = beta[j];
    }
    return t;
}

/* ---- Training, forward --------------------------------------------------------------------------------------------- */

/* Sums are of x less this, the first pixel of the batch: small where the mean is large beside the deviation. */
static void shift_of(const fv_step *step, const maps *m, int block, float shift[MAX_LANES]) {
    const void *first = map_of(m, m->x, step->in[FV_BN_X], block, 0);
    if (m->x == FV_BF16)
        fv_simd_pick()->widen((size_t)m->lanes, first, shift);
    else
        memcpy(shift, first, (size_t)m->lanes * sizeof *shift);
}

static void sum_forward(const fv_step *step, const maps *m, piece p, sums *s) {
    float shift[MAX_LANES];
    shift_of(step, m, p.block, shift);
    for (int n = p.first; n < p.last; n++)
        fv_simd_pick()->norm_sums(m->x, m->places, m->lanes, map_of(m, m->x, step->in[FV_BN_X], p.block, n), shift,
                                  s->a, s->b);
}

/* Mean and variance; by the thread that has image 0 also the running ones. */
static void set_statistics(const fv_step *step, const maps *m, piece p, const sums *s, float *mean, float *variance) {
    float shift[MAX_LANES], *const out[] = {step->out[FV_BN_MEAN], step->out[FV_BN_VARIANCE]};
    float *const running[] = {step->in[FV_BN_RUNNING_MEAN], step->in[FV_BN_RUNNING_VAR]};
    double count = (double)m->images * (double)m->places, unbias = count > 1 ? count / (count - 1) : 1;
    float kept = args_of(step)->momentum;
    shift_of(step, m, p.block, shift);
    for (int j = 0, c = p.block * m->lanes; j < channels_in(m, p.block); j++, c++) {
        double average = s->a[j] / count, square = s->b[j] / count - average * average;
        mean[j] = (float)(shift[j] + average);
        variance[j] = square > 0 || isnan(square) ? (float)square : 0;
        if (p.first) continue;
        out[0][c] = mean[j];
        out[1][c] = variance[j];
        running[0][c] = kept * running[0][c] + (1 - kept) * mean[j];
        running[1][c] = kept * running[1][c] + (1 - kept) * (float)(variance[j] * unbias);
    }
}

/* From the last map on: those that the sums have just read are in the cache. */
static void normalise(const fv_step *step, const maps *m, piece p, const fv_norm_terms *t) {
    void *x = step->in[FV_BN_X], *skip = args_of(step)->has_skip ? step->in[FV_BN_SKIP] : NULL, *y = step->out[FV_BN_Y];
    fv_activation f = (fv_activation)args_of(step)->activation;
    for (int n = p.last; n-- > p.first;) {
        const void *from = map_of(m, m->x, x, p.block, n);
        void *to = map_of(m, m->y, y, p.block, n);
        if (skip)
            fv_simd_pick()->norm_skip_forward(m->x, m->y, m->places, m->lanes, f, t, from,
                                              map_of(m, m->x, skip, p.block, n), to);
        else
            fv_simd_pick()->norm_forward(m->x, m->y, m->places, m->lanes, f, t, from, to);
    }
}

static void apply_forward(const fv_step *step, const maps *m, piece p, const sums *s) {
    const float *gamma = step->in[FV_BN_GAMMA], *beta = step->in[FV_BN_BETA];
    float mean[MAX_LANES], variance[MAX_LANES];
    int c = p.block * m->lanes;
    set_statistics(step, m, p, s, mean, variance);
    fv_norm_terms t = terms_of(step, channels_in(m, p.block), gamma + c, beta + c, mean, variance);
    normalise(step, m, p, &t);
}

void fv_batch_norm_run(const fv_step *step, int thread, int nthreads) {
    run(&(job){sum_forward, apply_forward}, step, thread, nthreads);
}

/* ---- Training, backward -------------------------------------------------------------------------------------------- */

static fv_norm_terms backward_terms(const fv_step *step, const maps *m, int block) {
    const float *gamma = step->in[FV_BNB_GAMMA], *beta = step->in[FV_BNB_BETA], *mean = step->in[FV_BNB_MEAN];
    const float *variance = step->in[FV_BNB_VARIANCE];
    int c = block * m->lanes;
    return terms_of(step, channels_in(m, block), gamma + c, beta + c, mean + c, variance + c);
}

static void sum_backward(const fv_step *step, const maps *m, piece p, sums *s) {
    fv_norm_terms t = backward_terms(step, m, p.block);
    for (int n = p.first; n < p.last; n++)
        fv_simd_pick()->norm_backward_sums(m->x, m->y, m->places, m->lanes, (fv_activation)args_of(step)->activation,
                                           &t, map_of(m, m->x, step->in[FV_BNB_X], p.block, n),
                                           map_of(m, m->y, step->in[FV_BNB_DY], p.block, n), s->a, s->b);
}

/* With i = 1 / sqrt(variance + epsilon), the sums a of g and b of g (x - mean) over M values, and s = gamma i:
 *
 *     dx = s g + along (x - mean) + offset,   along = -s i^2 b / M,   offset = -s a / M,   dgamma = i b,   dbeta = a */
/* dy is stored as `as` says. */
static void apply(const fv_step *step, const maps *m, piece p, const sums *s, fv_activation f, fv_precision as,
                  void *dy) {
    const float *variance = step->in[FV_BNB_VARIANCE];
    float *dgamma = step->out[FV_BNB_DGAMMA], *dbeta = step->out[FV_BNB_DBETA];
    double count = (double)m->images * (double)m->places;
    fv_norm_terms t = backward_terms(step, m, p.block);
    for (int j = 0, c = p.block * m->lanes; j < channels_in(m, p.block); j++, c++) {
        double square = 1 / ((double)variance[c] + (double)args_of(step)->epsilon);
        t.along[j] = (float)(-(double)t.scale[j] * square * s->b[j] / count);
        t.offset[j] = (float)(-(double)t.scale[j] * s->a[j] / count);
        if (p.first) continue;
        dgamma[c] = (float)(sqrt(square) * s->b[j]);
        dbeta[c] = (float)s->a[j];
    }
    for (int n = p.last; n-- > p.first;) /* as in normalise */
        fv_simd_pick()->norm_backward(m->x, as, m->places, m->lanes, f, &t,
                                      map_of(m, m->x, step->in[FV_BNB_X], p.block, n), map_of(m, as, dy, p.block, n),
                                      map_of(m, m->x, step->out[FV_BNB_DX], p.block, n));
}

static void apply_backward(const fv_step *step, const maps *m, piece p, const sums *s) {
    apply(step, m, p, s, (fv_activation)args_of(step)->activation, m->y, step->in[FV_BNB_DY]);
}

void fv_batch_norm_run_backward(const fv_step *step, int thread, int nthreads) {
    run(&(job){sum_backward, apply_backward}, step, thread, nthreads);
}

/* With a skip: the sums leave g behind, which is the skip's gradient and all that dx has to be made of. */
static void sum_skip_backward(const fv_step *step, const maps *m, piece p, sums *s) {
    fv_norm_terms t = backward_terms(step, m, p.block);
    for (int n = p.first; n < p.last; n++)
        fv_simd_pick()->norm_skip_backward_sums(
            m->x, m->y, m->places, m->lanes, &t, map_of(m, m->x, step->in[FV_BNB_X], p.block, n),
            map_of(m, m->y, step->in[FV_BNB_Y], p.block, n), map_of(m, m->y, step->in[FV_BNB_DY], p.block, n),
            map_of(m, m->x, step->out[FV_BNB_DSKIP], p.block, n), s->a, s->b);
}

static void apply_skip_backward(const fv_step *step, const maps *m, piece p, const sums *s) {
    apply(step, m, p, s, FV_ACTIVATION_NONE, m->x, step->out[FV_BNB_DSKIP]);
}

void fv_batch_norm_run_skip_backward(const fv_step *step, int thread, int nthreads) {
    run(&(job){sum_skip_backward, apply_skip_backward}, step, thread, nthreads);
}

/* ---- Inference: a thread its own images ------------------------------------------------------------------------------ */

void fv_batch_norm_run_inference(const fv_step *step, int thread, int nthreads) {
    const float *gamma = step->in[FV_BN_GAMMA], *beta = step->in[FV_BN_BETA], *mean = step->in[FV_BN_RUNNING_MEAN];
    const float *variance = step->in[FV_BN_RUNNING_VAR];
    maps m = maps_of(step);
    piece own = {0, 0, 0};
    fv_share(m.images, thread, nthreads, &own.first, &own.last);
    for (; own.block < m.blocks; own.block++) {
        int c = own.block * m.lanes;
        fv_norm_terms t = terms_of(step, channels_in(&m, own.block), gamma + c, beta + c, mean + c, variance + c);
        normalise(step, &m, own, &t);
    }
}

/* The same map without its offsets. */
void fv_batch_norm_run_inference_backward(const fv_step *step, int thread, int nthreads) {
    static const float none[MAX_LANES];
    const float *gamma = step->in[FV_BNI_GAMMA], *variance = step->in[FV_BNI_VARIANCE];
    maps m = maps_of(step);
    piece own = {0, 0, 0};
    fv_share(m.images, thread, nthreads, &own.first, &own.last);
    for (; own.block < m.blocks; own.block++) {
        int c = own.block * m.lanes;
        fv_norm_terms t = terms_of(step, channels_in(&m, own.block), gamma + c, none, none, variance + c);
        normalise(step, &m, own, &t);
    }
}
