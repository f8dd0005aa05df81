/* SHA-256 (FIPS 180-4), by which a file is known to be the one that was meant. */
#ifndef CORE_SHA256_H
#define CORE_SHA256_H

#include "core/status.h"

enum { FV_SHA256_TEXT = 65 /* 64 hexadecimal digits and a NUL */ };

typedef struct fv_sha256 {
    uint32_t state[8];
    uint64_t bytes; /* so far */
    uint8_t block[64];
} fv_sha256;

void fv_sha256_start(fv_sha256 *hash);
void fv_sha256_add(fv_sha256 *hash, const void *bytes, size_t count);
/* Lower-case digits; the hash is used up. */
void fv_sha256_end(fv_sha256 *hash, char text[FV_SHA256_TEXT]);
/* Of a regular file, which is read in pieces. */
fv_status fv_sha256_file(const char *path, char text[FV_SHA256_TEXT]);

#endif
