/* The vectors that the kernels are written over: FV_WIDTH floats, the width of the ISA's registers, by the compiler's
 * vector extensions. A group of sixteen images is sixteen floats: 16 / FV_WIDTH vectors.
 *
 * Each source here is compiled once per ISA with -DFV_ISA=avx512|avx2|generic and that ISA's flags. */
#ifndef KERNELS_SIMD_VECTOR_H
#define KERNELS_SIMD_VECTOR_H

#include "kernels/simd.h"

#include <string.h>

#if defined(__AVX512F__)
#include <immintrin.h>
#define FV_WIDTH 16
typedef __mmask16 mask; /* one truth value per lane */
#elif defined(__AVX2__)
#include <immintrin.h>
#define FV_WIDTH 8
typedef __m256i mask;
#else
#define FV_WIDTH 4
typedef int32_t mask __attribute__((vector_size(4 * FV_WIDTH)));
#endif

typedef float vf __attribute__((vector_size(4 * FV_WIDTH)));
typedef int32_t vi __attribute__((vector_size(4 * FV_WIDTH)));
typedef uint32_t vu __attribute__((vector_size(4 * FV_WIDTH)));
typedef uint16_t vh __attribute__((vector_size(2 * FV_WIDTH)));

/* The same in memory, where nothing is known of alignment or of the type they were written as. */
typedef vf vf_memory __attribute__((aligned(4), may_alias));
typedef vh vh_memory __attribute__((aligned(2), may_alias));

enum { LANES = FV_BATCH_WIDTH, WIDTH = FV_WIDTH };

#define FV_INLINE                 static inline __attribute__((always_inline, unused))
#define FV_JOIN_(a, b, c)         a##b##_##c
#define FV_JOIN(a, b, c)          FV_JOIN_(a, b, c)
#define SIMD(name)                FV_JOIN(fv_, name, FV_ISA) /* the name of a table's function in this ISA's objects */

#define FV_SIMD(type, name, args) type SIMD(name) args;
#include "kernels/simd/functions.def"
#undef FV_SIMD

FV_INLINE vf load(const float *p) { return *(const vf_memory *)p; }
FV_INLINE void store(float *p, vf v) { *(vf_memory *)p = v; }
FV_INLINE vf splat(float s) { return s - (vf){0}; }
FV_INLINE vi load_index(const uint16_t *p) { return __builtin_convertvector(*(const vh_memory *)p, vi); }
FV_INLINE void store_index(uint16_t *p, vi v) { *(vh_memory *)p = __builtin_convertvector(v, vh); }

/* The first `count` < FV_WIDTH floats, the rest zero; and their storing. */
FV_INLINE vf load_some(const float *p, size_t count) {
    vf v = {0};
    memcpy(&v, p, count * sizeof *p);
    return v;
}
FV_INLINE void store_some(float *p, vf v, size_t count) { memcpy(p, &v, count * sizeof *p); }

/* Comparison and choice: the compilers' extensions for C have no ?: on vectors. */
#if defined(__AVX512F__)
FV_INLINE mask greater(vf a, vf b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GT_OQ); }
FV_INLINE mask unordered(vf a) { return _mm512_cmp_ps_mask((__m512)a, (__m512)a, _CMP_UNORD_Q); }
FV_INLINE mask equal(vi a, vi b) { return _mm512_cmpeq_epi32_mask((__m512i)a, (__m512i)b); }
FV_INLINE mask either(mask a, mask b) { return a | b; }
FV_INLINE vf choose(mask m, vf a, vf b) { return (vf)_mm512_mask_blend_ps(m, (__m512)b, (__m512)a); }
FV_INLINE vi choose_int(mask m, vi a, vi b) { return (vi)_mm512_mask_blend_epi32(m, (__m512i)b, (__m512i)a); }
#elif defined(__AVX2__)
FV_INLINE mask greater(vf a, vf b) { return (mask)(a > b); }
FV_INLINE mask unordered(vf a) { return (mask)(a != a); }
FV_INLINE mask equal(vi a, vi b) { return (mask)(a == b); }
FV_INLINE mask either(mask a, mask b) { return a | b; }
FV_INLINE vf choose(mask m, vf a, vf b) { return (vf)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)m); }
FV_INLINE vi choose_int(mask m, vi a, vi b) { return (vi)_mm256_blendv_epi8((__m256i)b, (__m256i)a, m); }
#else
FV_INLINE mask greater(vf a, vf b) { return a > b; }
FV_INLINE mask unordered(vf a) { return a != a; }
FV_INLINE mask equal(vi a, vi b) { return a == b; }
FV_INLINE mask either(mask a, mask b) { return a | b; }
FV_INLINE vi choose_int(mask m, vi a, vi b) { return (m & a) | (~m & b); }
FV_INLINE vf choose(mask m, vf a, vf b) { return (vf)choose_int(m, (vi)a, (vi)b); }
#endif

/* The sum of a vector's lanes, by halves. */
FV_INLINE float sum_lanes(vf v) {
    float part[WIDTH];
    store(part, v);
    for (int half = WIDTH / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) part[i] += part[i + half];
    return part[0];
}

#endif
