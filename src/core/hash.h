/* FNV-1a, 64 bits (Fowler, Noll and Vo; RFC 9923): the same on every machine, and no secret. */
#ifndef CORE_HASH_H
#define CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define FV_FNV1A_START UINT64_C(0xcbf29ce484222325)

/* `hash` with the bytes mixed in; FV_FNV1A_START of none. */
static inline uint64_t fv_fnv1a(uint64_t hash, const void *bytes, size_t count) {
    for (const uint8_t *at = bytes; count > 0; count--) hash = (hash ^ *at++) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
