/* The safetensors file: a length N of 8 little-endian bytes, N bytes of JSON, then the tensors' bytes, back to back.
 *
 *     {"__metadata__":{"key":"text"},"fc.weight":{"dtype":"F32","shape":[10,64],"data_offsets":[0,2560]}}
 *
 * Format: github.com/huggingface/safetensors. Read as strictly as by the reference implementation: the tensors cover
 * the data section exactly, without overlap or hole, and an entry holds its three fields once. Refused besides: a key
 * twice anywhere, control characters in names, NUL in text, unknown fields, more than FV_TENSOR_RANK dimensions. */
#ifndef FORMATS_SAFETENSORS_H
#define FORMATS_SAFETENSORS_H

#include "formats/tensor.h"

enum { FV_SAFETENSORS_HEADER = 100000000 }; /* the longest header, in bytes: the reference implementation's limit */

typedef struct fv_safetensors fv_safetensors;

/* Opens a regular file and checks all of its header; NULL on failure. The tensors are mapped, not read: what nobody
 * looks at costs nothing. A file that is replaced meanwhile (as fv_file_commit does) stays as it was; if another
 * program shortens it in place, touching what it lost raises SIGBUS. */
fv_safetensors *fv_safetensors_open(const char *path);
/* The same on bytes in memory, which must outlive the result; `name` stands before messages. */
fv_safetensors *fv_safetensors_parse(const void *bytes, size_t count, const char *name);
void fv_safetensors_free(fv_safetensors *st);

/* Tensors in the order of the header. Views live as long as `st`. */
size_t fv_safetensors_count(const fv_safetensors *st);
const fv_tensor_view *fv_safetensors_at(const fv_safetensors *st, size_t i);
/* NULL, with nothing recorded, if there is none. */
const fv_tensor_view *fv_safetensors_find(const fv_safetensors *st, const char *name);
const char *fv_safetensors_metadata(const fv_safetensors *st, const char *key);

typedef struct fv_keyval {
    const char *key, *value; /* UTF-8; keys without control characters */
} fv_keyval;

typedef struct fv_tensor_entry {
    const char *name; /* UTF-8 without control characters */
    fv_dtype dtype;
    int rank;
    size_t dims[FV_TENSOR_RANK];
    const void *data; /* row-major; or NULL, and then: */
    /* Writes the bytes of entries[index] to `buffer`, which is aligned to a page and holds anything. If it fails, so
     * does the whole, with its status and message, and the file is untouched. */
    fv_status (*fill)(void *context, size_t index, void *buffer);
    void *context;
} fv_tensor_entry;

/* Writes a file atomically (core/file.h): metadata and tensors in the order given, the header padded with spaces so
 * that the data begin at a multiple of 8; the same arguments give the same bytes. Besides the header it allocates only
 * the largest tensor that is filled by callback. */
fv_status fv_safetensors_write(const char *path, const fv_tensor_entry *entries, size_t count,
                               const fv_keyval *metadata, size_t metadata_count);

#endif
