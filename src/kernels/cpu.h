/* Which vector instructions this CPU has, and so which of the compiled kernel tables run. */
#ifndef KERNELS_CPU_H
#define KERNELS_CPU_H

#include "core/status.h"
#include "kernels/simd.h"

/* The best table this CPU can run, within fv_isa_limit's. Never NULL; the same on every call and in every thread. */
const fv_simd *fv_simd_pick(void);

/* Neither own kernels nor oneDNN's use more than this ISA from now on: a slower processor, for measuring. For the whole
 * process, once, before its first plan. FV_UNSUPPORTED if the CPU lacks it, or oneDNN has been told or used already. */
fv_status fv_isa_limit(const char *isa);

/* The table of one ISA, "avx512", "avx2" or "generic"; NULL if it is not compiled in or this CPU lacks it. */
const fv_simd *fv_simd_named(const char *isa);

/* FV_UNSUPPORTED where this CPU, within fv_isa_limit's, has no instructions for it. */
fv_status fv_precision_check(fv_precision precision);

/* Channels to a block in FV_BLOCKED: 16 with AVX-512, else 8. */
int fv_block(void);

/* The name of fv_simd_pick()'s ISA. */
const char *fv_isa_name(void);

#endif
