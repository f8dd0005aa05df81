/* This ISA's table. */
#include "kernels/simd/vector.h"

#define FV_NAME_(isa) #isa
#define FV_NAME(isa)  FV_NAME_(isa)

const fv_simd FV_JOIN(fv_, simd, FV_ISA) = {
    .name = FV_NAME(FV_ISA),
    .width = WIDTH,
#define FV_SIMD(type, name, args) .name = SIMD(name),
#include "kernels/simd/functions.def"
#undef FV_SIMD
};
