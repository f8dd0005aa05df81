/* fovea/tuning.h: kernels chosen by measurement. Where a layer can be run by several kernels, a rule decides by its shape; it
 * is a good one, and the same on every machine. A tuning lets them compete instead, once for a layer's shape, and remembers:
 *
 *     fv_tuning *tuning = fv_tuning_new();
 *     fv_tuning_load(tuning, "tuning.json");       what was measured before; a file that is not there has nothing
 *     fv_fit(net, train, val, .tuning = tuning);
 *     fv_tuning_save(tuning, "tuning.json");
 *     fv_tuning_free(tuning);
 *
 * What competes is kernels of one layer for the same layouts of its input and output: oneDNN's convolution and each of our
 * Winograd's tiles, in the forward pass and in each backward pass by itself. Results differ by rounding. A layer is known by
 * its operator, passes, shapes, arguments and layouts, and what was measured holds for this version of the library and of
 * oneDNN, these vector instructions and as many threads. A contest takes some runs of each kernel on memory of its own; a
 * layer for which that is not free keeps what the rule chose. */
#ifndef FOVEA_TUNING_H
#define FOVEA_TUNING_H

#include "fovea/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Serves one thread at a time. Plans ask it while they are made: it must outlive what it is given to. */
typedef struct fv_tuning fv_tuning;

FV_API fv_tuning *fv_tuning_new(void);
FV_API void fv_tuning_free(fv_tuning *tuning);

/* Adds what the file holds, of which what is there already stays. FV_BAD_DATA for a file that is no such table: nothing is taken
 * from it. A name in it that is no kernel here is as if it were missing. */
FV_API fv_status fv_tuning_load(fv_tuning *tuning, const char *path);
/* Writes what it holds, and what somebody else has added to the file meanwhile: beside it, and renamed, so that a reader sees
 * the old file or the new. A file that is no such table is replaced; folders that are missing are made. */
FV_API fv_status fv_tuning_save(const fv_tuning *tuning, const char *path);

/* Contests so far, not counting those that were loaded; seconds that they took. */
FV_API int fv_tuning_contests(const fv_tuning *tuning);
FV_API double fv_tuning_seconds(const fv_tuning *tuning);

#ifdef __cplusplus
}
#endif

#endif
