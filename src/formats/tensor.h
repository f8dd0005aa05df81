/* A tensor as a file holds it: its type, its shape, and bytes that belong to someone else. */
#ifndef FORMATS_TENSOR_H
#define FORMATS_TENSOR_H

#include "core/status.h"

typedef enum fv_dtype {
    FV_DTYPE_BOOL, /* a byte, 0 or 1 */
    FV_DTYPE_U8,
    FV_DTYPE_I8,
    FV_DTYPE_U16,
    FV_DTYPE_I16,
    FV_DTYPE_F16,  /* IEEE 754 half: 1 + 5 + 10 bits */
    FV_DTYPE_BF16, /* the upper half of a float */
    FV_DTYPE_U32,
    FV_DTYPE_I32,
    FV_DTYPE_F32,
    FV_DTYPE_U64,
    FV_DTYPE_I64,
    FV_DTYPE_F64,
    FV_DTYPES,
} fv_dtype;

enum { FV_TENSOR_RANK = 8 }; /* dimensions of a tensor in a file, at most */

typedef struct fv_tensor_view {
    const char *name;
    fv_dtype dtype;
    int rank; /* 0: a single element */
    size_t dims[FV_TENSOR_RANK];
    const void *data; /* row-major, little-endian; may lie at an odd address: read by memcpy or fv_tensor_to_f32 */
    size_t bytes;     /* exactly the elements' size */
} fv_tensor_view;

/* "F32", as safetensors spells it. Static storage. */
const char *fv_dtype_name(fv_dtype dtype);
/* Size of one element in bytes. */
size_t fv_dtype_bytes(fv_dtype dtype);
/* The type of that name; FV_DTYPES if there is none. */
fv_dtype fv_dtype_find(const char *name);

/* *bytes = dims[0] * ... * dims[rank - 1] * element size; false on overflow. */
bool fv_tensor_bytes(fv_dtype dtype, int rank, const size_t *dims, size_t *bytes);

/* Writes all elements to `out` as floats: F32, F16 and BF16 exactly, subnormals and NaN payloads included, whatever the
 * thread's floating-point mode; F64 rounded. FV_UNSUPPORTED for integers. */
fv_status fv_tensor_to_f32(const fv_tensor_view *tensor, float *out);
/* The first element, counted row by row, that is NaN or infinite as a float; the number of elements if all are finite.
 * The tensor must be one that fv_tensor_to_f32 takes. */
size_t fv_tensor_finite(const fv_tensor_view *tensor);

#endif
