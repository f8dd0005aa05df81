/* The rule for readers of foreign bytes: what one file can make the program allocate is bounded by its own size. */
#ifndef CORE_FOREIGN_H
#define CORE_FOREIGN_H

#include "core/memory.h"

/* 32 times the file's size + 64 MiB (DESIGN 6), the file's own bytes included; saturating. */
static inline size_t fv_foreign_limit(size_t file_bytes) {
    size_t bytes;
    return fv_size_mul(file_bytes, 32, &bytes) && fv_size_add(bytes, (size_t)64 << 20, &bytes) ? bytes : SIZE_MAX;
}

#endif
