/* What this machine can do at most, as measured here and now: what kernels are compared with. */
#ifndef KERNELS_PEAK_H
#define KERNELS_PEAK_H

#include "core/threads.h"

typedef struct fv_peak {
    double flops; /* operations a second: multiply-adds between registers, two each, by fv_simd_pick()'s instructions */
    double bytes; /* a second, from memory that no cache holds: reading, which is faster than writing */
} fv_peak;

/* Of all threads of the team together, the best of many short rounds: less than a second in all. FV_NO_MEMORY where the
 * 128 MiB to be read are not to be had. */
fv_status fv_peak_measure(fv_team *team, fv_peak *peak);

#endif
