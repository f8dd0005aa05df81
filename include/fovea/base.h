/* fovea/base.h: status codes, the error message, and the option-struct idiom that every other header uses.
 *
 * Conventions that hold in all of Fovea's headers:
 *   - A function that can fail returns fv_status, or a pointer that is NULL on failure. The message is then in fv_error().
 *   - A call that is given NULL where an object belongs passes the failure on without overwriting the message:
 *     a chain of calls needs one check at its end.
 *   - In an options struct the zero of a field means "the default", which its comment names. Where a true zero differs
 *     from the default, FV_ZERO says so. Options are copied; the caller keeps what its pointers point to.
 *   - Dimensions are int; byte counts and products of dimensions are size_t.
 *   - Images and activations are [N,C,H,W], row-major, float; pixels are 0..255 before preprocessing. */
#ifndef FOVEA_BASE_H
#define FOVEA_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define FV_API              __attribute__((visibility("default")))
#define FV_PRINTF(fmt, arg) __attribute__((format(printf, fmt, arg)))
#else
#define FV_API
#define FV_PRINTF(fmt, arg)
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fv_status {
    FV_OK = 0,
    FV_BAD_ARGUMENT, /* a value out of its range, a misused call */
    FV_NO_MEMORY,    /* an allocation failed, or the plan would not fit (nothing was started) */
    FV_IO_ERROR,     /* the operating system said no: a missing file, a full disk */
    FV_BAD_DATA,     /* a file or dataset that is not what it claims to be */
    FV_NOT_FINITE,   /* a loss or gradient became NaN or infinite; the last committed state on disk is intact */
    FV_UNSUPPORTED,  /* well-formed, but not something this build can do */
    FV_STOPPED,      /* stopped on request (fv_stop_request), the state is saved */
    FV_BROKEN, /* a prepared kernel did not run: oneDNN without memory, a broken machine, a bug; the state on disk is intact */
} fv_status;

/* In what the products of a network are computed, and its activations and their gradients kept. Parameters, their gradients, optimizers,
 * statistics and losses are f32 in either. */
typedef enum fv_precision {
    FV_F32 = 0,
    FV_BF16, /* the upper half of an f32: its range, 8 bits of its 24. Two products where f32 has one if the processor has
                AVX512_BF16, and FV_UNSUPPORTED elsewhere */
} fv_precision;
FV_API const char *fv_precision_name(int index); /* "f32", "bf16"; NULL past the last */

/* The message of this thread's last failure: one line, without a newline; "" if nothing has failed. Valid until the
 * thread's next failing call. */
FV_API const char *fv_error(void);

/* "fovea 0.1.0 (oneDNN 2.6.3, avx512)": version, kernel library, vector instructions in use. Static storage. */
FV_API const char *fv_version(void);

/* A true zero for a float option whose zero means "the default", e.g. fv_momentum(.momentum = FV_ZERO). */
#define FV_ZERO (-1e-30f)

/* The pieces of the option-struct macros: the first N arguments, and the rest as initialisers. Calls pass a trailing 0
 * so that the variadic part is never empty (C11 6.10.3p4). */
#define FV_HEAD1(a, ...)             a
#define FV_TAIL1(a, ...)             __VA_ARGS__
#define FV_HEAD2(a, b, ...)          a, b
#define FV_TAIL2(a, b, ...)          __VA_ARGS__
#define FV_HEAD3(a, b, c, ...)       a, b, c
#define FV_TAIL3(a, b, c, ...)       __VA_ARGS__
#define FV_HEAD4(a, b, c, d, ...)    a, b, c, d
#define FV_TAIL4(a, b, c, d, ...)    __VA_ARGS__
#define FV_HEAD5(a, b, c, d, e, ...) a, b, c, d, e
#define FV_TAIL5(a, b, c, d, e, ...) __VA_ARGS__

#ifdef __cplusplus
}
#endif

#endif
