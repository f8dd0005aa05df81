/* IDX files for tests: made in memory, gzipped or not. */
#ifndef DATA_IDX_FILES_H
#define DATA_IDX_FILES_H

#include <stddef.h>
#include <stdint.h>

/* A header and then `data` bytes counting up from 0 (modulo `modulus`). Returns the length; out must have the room. */
size_t make_idx(uint8_t *out, int rank, const uint32_t *dims, size_t data, int modulus);
/* Returns the length. */
size_t gzip(const void *bytes, size_t count, uint8_t *out, size_t room);
/* A folder with `count` images of 28x28 and labels 0..9 in turn, as train files, plain. */
void make_mnist_folder(const char *folder, uint32_t count);

#endif
