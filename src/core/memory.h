/* Every allocation of the library goes through here: overflow is checked, failure is a recorded message, and tests can
 * make the n-th allocation fail. What is allocated here is freed with fv_free; NULL is fine there. */
#ifndef CORE_MEMORY_H
#define CORE_MEMORY_H

#include "core/status.h"

/* *out = a * b, or false on overflow. */
static inline bool fv_size_mul(size_t a, size_t b, size_t *out) { return !__builtin_mul_overflow(a, b, out); }
static inline bool fv_size_add(size_t a, size_t b, size_t *out) { return !__builtin_add_overflow(a, b, out); }

/* count * size zeroed bytes, aligned to 16. NULL with FV_NO_MEMORY recorded on failure or overflow; never NULL for 0. */
void *fv_alloc(size_t count, size_t size) __attribute__((malloc));
/* As realloc, in items; the old block stays valid on failure. Grown bytes are not zeroed. */
void *fv_realloc(void *block, size_t count, size_t size);
void fv_free(void *block);

char *fv_strdup(const char *text) __attribute__((malloc));
/* A formatted string of its own. */
char *fv_format(const char *format, ...) FV_PRINTF(1, 2) __attribute__((malloc));

/* Large, page-aligned, zeroed blocks straight from the system, with huge pages asked for: arenas, parameters, datasets.
 * fv_unmap takes the same size. */
void *fv_map(size_t bytes);
/* The same, but of any size: only addresses are taken. For what is planned first, summed up, and checked against
 * fv_memory_available before any of it is touched. */
void *fv_reserve(size_t bytes);
void fv_unmap(void *block, size_t bytes);

/* Tests: the allocation after `passes` more (of any kind above) fails once; negative: none does.
 * Counts over all threads. Returns how many allocations were made since the last call. */
long fv_memory_fail_after(long passes);

/* Bytes that this process may still get: the smaller of free memory and the cgroup's limit. SIZE_MAX if unknown. */
size_t fv_memory_available(void);
/* Tests: that it answers this instead, until told SIZE_MAX. */
void fv_memory_pretend(size_t available);

#define FV_NEW(type)          ((type *)fv_alloc(1, sizeof(type)))
#define FV_NEW_N(type, count) ((type *)fv_alloc((count), sizeof(type)))

#endif
