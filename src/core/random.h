/* Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011).
 * A number is a pure function of (key, counter), so that any thread can make any part of any stream, and a resumed run
 * needs no generator state. */
#ifndef CORE_RANDOM_H
#define CORE_RANDOM_H

#include <stdint.h>

/* Four independent 32-bit numbers for counter (c0..c3) under the 64-bit key. */
static inline void fv_philox(uint64_t key, const uint32_t counter[4], uint32_t out[4]) {
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

/* A sequential view of one stream: cheap to make, on the stack, one owner. Streams with different (seed, stream,
 * substream) are independent. */
typedef struct fv_random {
    uint64_t key;
    uint32_t counter[4];
    uint32_t block[4];
    int left; /* unused words in block */
} fv_random;

fv_random fv_random_stream(uint64_t seed, uint64_t stream, uint32_t substream);
uint32_t fv_random_u32(fv_random *r);
/* Uniform in [0, 1), 24 bits. */
float fv_random_float(fv_random *r);
/* Uniform in [0, n), n > 0, without bias (Lemire 2019). */
uint32_t fv_random_below(fv_random *r, uint32_t n);
/* Standard normal (Box-Muller in double; uses libm). */
float fv_random_normal(fv_random *r);

/* Beta(a, a), a > 0: the share of one of two equal parts (uses libm). */
double fv_random_beta(fv_random *r, double a);

/* What a stream is for: the `substream` of each use, so that no two uses share numbers. */
enum {
    FV_STREAM_INIT = 1,
    FV_STREAM_SHUFFLE,
    FV_STREAM_DROPOUT,
    FV_STREAM_SAMPLE,
    FV_STREAM_SPLIT,
    FV_STREAM_DATA,
    FV_STREAM_MIX,
    FV_STREAM_TURN
};

#endif
