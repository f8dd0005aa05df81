/* The IDX format of MNIST: magic 0 0 TYPE RANK, RANK big-endian sizes, the numbers. Plain or gzipped. */
#ifndef DATA_IDX_H
#define DATA_IDX_H

#include "core/status.h"

enum { FV_IDX_MAX_RANK = 4 };

typedef struct fv_idx {
    int rank;
    size_t dims[FV_IDX_MAX_RANK];
    size_t bytes; /* the product of dims */
    uint8_t *data;
} fv_idx;

/* Reads unsigned bytes of the given rank. Refuses (FV_BAD_DATA) another type or rank, no numbers at all, fewer numbers
 * than the header claims, more of them, and a claim that the memory rule forbids, before allocating for it. */
fv_status fv_idx_read(const char *path, int rank, fv_idx *idx);
/* The same for a file's bytes; `name` goes into messages. */
fv_status fv_idx_parse(const void *bytes, size_t count, const char *name, int rank, fv_idx *idx);
void fv_idx_free(fv_idx *idx);

#endif
