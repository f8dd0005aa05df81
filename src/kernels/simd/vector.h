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

/* The first `count` < FV_WIDTH floats, the rest zero; and their storing. */
FV_INLINE vf load_some(const float *p, size_t count) {
    vf v = {0};
    memcpy(&v, p, count * sizeof *p);
    return v;
}
FV_INLINE void store_some(float *p, vf v, size_t count) { memcpy(p, &v, count * sizeof *p); }

/* Window taps (max_pool_forward's index), comparison and choice: what the compilers' extensions for C lack (?: on
 * vectors) or do badly (16-bit conversions). bit_of: whether `bit` is set;
 * pick: each lane takes the table's lane at[i], 0 <= at[i] < WIDTH. */
#if defined(__AVX512F__)
FV_INLINE vi load_index(const uint16_t *p) { return (vi)_mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)p)); }
FV_INLINE void store_index(uint16_t *p, vi v) { _mm256_storeu_si256((void *)p, _mm512_cvtepi32_epi16((__m512i)v)); }
FV_INLINE mask greater(vf a, vf b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GT_OQ); }
FV_INLINE mask unordered(vf a) { return _mm512_cmp_ps_mask((__m512)a, (__m512)a, _CMP_UNORD_Q); }
FV_INLINE mask equal(vi a, vi b) { return _mm512_cmpeq_epi32_mask((__m512i)a, (__m512i)b); }
FV_INLINE mask bit_of(vi v, int bit) { return _mm512_test_epi32_mask((__m512i)v, _mm512_set1_epi32(bit)); }
FV_INLINE mask either(mask a, mask b) { return a | b; }
FV_INLINE vf choose(mask m, vf a, vf b) { return (vf)_mm512_mask_blend_ps(m, (__m512)b, (__m512)a); }
FV_INLINE vi choose_int(mask m, vi a, vi b) { return (vi)_mm512_mask_blend_epi32(m, (__m512i)b, (__m512i)a); }
FV_INLINE vf pick(vf table, vi at) { return (vf)_mm512_permutexvar_ps((__m512i)at, (__m512)table); }
#elif defined(__AVX2__)
FV_INLINE vi load_index(const uint16_t *p) { return (vi)_mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)p)); }
FV_INLINE void store_index(uint16_t *p, vi v) { *(vh_memory *)p = __builtin_convertvector(v, vh); }
FV_INLINE mask greater(vf a, vf b) { return (mask)(a > b); }
FV_INLINE mask unordered(vf a) { return (mask)(a != a); }
FV_INLINE mask equal(vi a, vi b) { return (mask)(a == b); }
FV_INLINE mask bit_of(vi v, int bit) { return (mask)((v & bit) == bit); }
FV_INLINE mask either(mask a, mask b) { return a | b; }
FV_INLINE vf choose(mask m, vf a, vf b) { return (vf)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)m); }
FV_INLINE vi choose_int(mask m, vi a, vi b) { return (vi)_mm256_blendv_epi8((__m256i)b, (__m256i)a, m); }
FV_INLINE vf pick(vf table, vi at) { return (vf)_mm256_permutevar8x32_ps((__m256)table, (__m256i)at); }
#else
FV_INLINE vi load_index(const uint16_t *p) { return __builtin_convertvector(*(const vh_memory *)p, vi); }
FV_INLINE void store_index(uint16_t *p, vi v) { *(vh_memory *)p = __builtin_convertvector(v, vh); }
FV_INLINE mask greater(vf a, vf b) { return a > b; }
FV_INLINE mask unordered(vf a) { return a != a; }
FV_INLINE mask equal(vi a, vi b) { return a == b; }
FV_INLINE mask either(mask a, mask b) { return a | b; }
FV_INLINE vi choose_int(mask m, vi a, vi b) { return (m & a) | (~m & b); }
FV_INLINE vf choose(mask m, vf a, vf b) { return (vf)choose_int(m, (vi)a, (vi)b); }
FV_INLINE mask bit_of(vi v, int bit) { return (v & bit) == bit; }
FV_INLINE vf pick(vf table, vi at) {
    return (vf){table[at[0] % 4], table[at[1] % 4], table[at[2] % 4], table[at[3] % 4]};
}
#endif

/* bf16 is the upper half of a float, rounded to nearest, ties to even; a NaN stays one. */
FV_INLINE vf load_bf16(const uint16_t *p) { return (vf)((vu)load_index(p) << 16); }
FV_INLINE void store_bf16(uint16_t *p, vf v) {
    vu bits = (vu)v, rounded = bits + 0x7fff + (bits >> 16 & 1);
    store_index(p, (vi)((vu)choose_int(unordered(v), (vi)(bits | 0x400000), (vi)rounded) >> 16));
}

/* Values i, i + 1, ... of what is stored in a precision, which is a constant where these are inlined. */
FV_INLINE vf load_as(const fv_precision P, const void *p, size_t i) {
    return P == FV_BF16 ? load_bf16((const uint16_t *)p + i) : load((const float *)p + i);
}
FV_INLINE void store_as(const fv_precision P, void *p, size_t i, vf v) {
    if (P == FV_BF16)
        store_bf16((uint16_t *)p + i, v);
    else
        store((float *)p + i, v);
}

/* The sum of a vector's lanes, by halves. */
typedef float v4 __attribute__((vector_size(16)));
typedef float v8 __attribute__((vector_size(32)));
FV_INLINE float sum_lanes_4(v4 v) {
    v4 half = v + __builtin_shufflevector(v, v, 2, 3, 0, 1);
    return half[0] + half[1];
}
FV_INLINE float sum_lanes_8(v8 v) {
    return sum_lanes_4(__builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7));
}
#if FV_WIDTH == 16
FV_INLINE float sum_lanes(vf v) {
    return sum_lanes_8(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                       __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15));
}
#elif FV_WIDTH == 8
FV_INLINE float sum_lanes(vf v) { return sum_lanes_8(v); }
#else
FV_INLINE float sum_lanes(vf v) { return sum_lanes_4(v); }
#endif

/* Keeps a value in its register: without it, compilers load x once per use, since there are so many operands. */
#if FV_WIDTH >= 8
#define HOLD(v) __asm__("" : "+x"(v))
#else
#define HOLD(v) (void)(v)
#endif

/* Keeps the compiler from knowing where a pointer points: else it carries what the next pixel will load again in registers
 * that the sums need. */
#define FORGET(p) __asm__("" : "+r"(p))

#endif
