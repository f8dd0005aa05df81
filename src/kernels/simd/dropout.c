/* Dropout with a mask that is a pure function of (stream, plain index): the same in every layout and on every ISA. */
#include "kernels/simd/vector.h"

/* Philox4x32-10 (core/random.h) over vectors of counters, one to a 64-bit lane. */
typedef uint64_t vq __attribute__((vector_size(4 * FV_WIDTH)));
enum { BLOCKS = FV_WIDTH / 2, CHUNK = 4 * BLOCKS * 4 }; /* counters to a vector; elements decided at once */

/* The words of counter blocks `first` .. first + BLOCKS - 1, in stream order. */
static void philox_blocks(const fv_random *stream, uint32_t first, uint32_t word[4 * BLOCKS]) {
    const vq low = 0xFFFFFFFFu - (vq){0};
    uint32_t k0 = (uint32_t)stream->key, k1 = (uint32_t)(stream->key >> 32);
    vq c0, c1 = stream->counter[1] - (vq){0}, c2 = stream->counter[2] - (vq){0}, c3 = stream->counter[3] - (vq){0};
    for (uint32_t i = 0; i < BLOCKS; i++) c0[i] = first + i;
    for (int round = 0; round < 10; round++) {
        vq p0 = c0 * 0xD2511F53u, p1 = c2 * 0xCD9E8D57u;
        c0 = (p1 >> 32) ^ c1 ^ k0;
        c1 = p1 & low;
        c2 = (p0 >> 32) ^ c3 ^ k1;
        c3 = p0 & low;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    for (int i = 0; i < BLOCKS; i++) {
        word[4 * i + 0] = (uint32_t)c0[i], word[4 * i + 1] = (uint32_t)c1[i];
        word[4 * i + 2] = (uint32_t)c2[i], word[4 * i + 3] = (uint32_t)c3[i];
    }
}

/* A word below this drops its element. */
static uint32_t drop_below(float p) { return (uint32_t)((double)p * 4294967296.0); }

/* keep[i] = 1 if element begin + i of the plain tensor stays, for i < count <= CHUNK. */
static void decide(const fv_random *stream, float p, size_t begin, size_t count, uint8_t *keep) {
    const uint32_t limit = drop_below(p);
    uint32_t word[CHUNK + 8 * BLOCKS];
    size_t skip = begin % 4;
    for (size_t i = 0; i < skip + count; i += 4 * BLOCKS) philox_blocks(stream, (uint32_t)((begin + i) / 4), word + i);
    for (size_t i = 0; i < count; i++) keep[i] = word[skip + i] >= limit;
}

static void apply(size_t count, float factor, const uint8_t *keep, const float *x, float *y) {
    for (size_t i = 0; i < count; i++) y[i] = keep[i] ? x[i] * factor : 0;
}

void SIMD(dropout_plain)(const fv_random *stream, float p, size_t begin, size_t end, const float *x, float *y,
                         uint8_t *mask_out) {
    for (size_t i = begin; i < end; i += CHUNK) {
        size_t count = end - i < CHUNK ? end - i : CHUNK;
        decide(stream, p, i, count, mask_out + i);
        apply(count, 1 / (1 - p), mask_out + i, x + i, y + i);
    }
}

void SIMD(dropout_batch)(const fv_random *stream, float p, size_t size, int g0, int g1, const float *x, float *y,
                         uint8_t *mask_out) {
    uint8_t keep[LANES][CHUNK];
    for (int g = g0; g < g1; g++)
        for (size_t e = 0; e < size; e += CHUNK) {
            size_t count = size - e < CHUNK ? size - e : CHUNK, at = ((size_t)g * size + e) * LANES;
            for (int lane = 0; lane < LANES; lane++)
                decide(stream, p, ((size_t)g * LANES + (size_t)lane) * size + e, count, keep[lane]);
            for (size_t i = 0; i < count; i++)
                for (size_t lane = 0; lane < LANES; lane++) mask_out[at + i * LANES + lane] = keep[lane][i];
            apply(count * LANES, 1 / (1 - p), mask_out + at, x + at, y + at);
        }
}

void SIMD(dropout_backward)(size_t count, float p, const float *dy, const uint8_t *mask_in, float *dx) {
    apply(count, 1 / (1 - p), mask_in, dy, dx);
}
