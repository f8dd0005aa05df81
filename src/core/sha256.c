#include "core/sha256.h"

#include "core/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 64, LENGTH_AT = 56, PIECE = 1 << 16 };

/* The first 32 bits of the fractions of the square roots of the first 8 primes, and of the cube roots of the first 64. */
static const uint32_t start_state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turn(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void expand(const uint8_t *block, uint32_t w[64]) {
    for (int i = 0; i < 16; i++, block += 4)
        w[i] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 | block[3];
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + w[i - 7] + (turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3) +
               (turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10);
}

static void compress(uint32_t state[8], const uint8_t *block) {
    uint32_t w[64];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    expand(block, w);
    for (int i = 0; i < 64; i++) {
        uint32_t one = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + round_constants[i] + w[i];
        uint32_t two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + one;
        d = c, c = b, b = a, a = one + two;
    }
    const uint32_t mixed[8] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; i++) state[i] += mixed[i];
}

void fv_sha256_start(fv_sha256 *hash) {
    *hash = (fv_sha256){0};
    memcpy(hash->state, start_state, sizeof start_state);
}

void fv_sha256_add(fv_sha256 *hash, const void *bytes, size_t count) {
    for (const uint8_t *from = bytes; count;) {
        size_t used = hash->bytes % BLOCK, n = BLOCK - used < count ? BLOCK - used : count;
        memcpy(hash->block + used, from, n);
        hash->bytes += n, from += n, count -= n;
        if (hash->bytes % BLOCK == 0) compress(hash->state, hash->block);
    }
}

/* The end is marked by a bit, zeros, and the number of bits. */
void fv_sha256_end(fv_sha256 *hash, char text[FV_SHA256_TEXT]) {
    uint64_t bits = hash->bytes * 8;
    uint8_t length[8];
    for (int i = 0; i < 8; i++) length[i] = (uint8_t)(bits >> (56 - 8 * i));
    fv_sha256_add(hash, "\x80", 1);
    while (hash->bytes % BLOCK != LENGTH_AT) fv_sha256_add(hash, "", 1);
    fv_sha256_add(hash, length, sizeof length);
    for (int i = 0; i < 8; i++) snprintf(text + 8 * i, 9, "%08x", (unsigned)hash->state[i]);
}

fv_status fv_sha256_file(const char *path, char text[FV_SHA256_TEXT]) {
    fv_sha256 hash;
    uint8_t piece[PIECE];
    if (!fv_is_file(path)) return fv_fail(FV_IO_ERROR, "%s: not a regular file", path);
    FILE *file = fopen(path, "rbe");
    if (!file) return fv_system_failure(path, "read", errno);
    fv_sha256_start(&hash);
    for (size_t n; (n = fread(piece, 1, sizeof piece, file)) > 0;) fv_sha256_add(&hash, piece, n);
    fv_status status = ferror(file) ? fv_system_failure(path, "read", errno) : FV_OK;
    fclose(file);
    fv_sha256_end(&hash, text);
    return status;
}
