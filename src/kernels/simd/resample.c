/* Resampling of bytes by weights. Along a row every output has its own inputs and weights, so rows are worked on sixteen at
 * a time, turned on their side: sixteen rows to a vector, each lane doing the same. Down a column all of a row shares them. */
#include "kernels/simd/vector.h"

typedef uint8_t bytes __attribute__((vector_size(16)));
typedef bytes bytes_memory __attribute__((aligned(1), may_alias));

enum { ROWS = 16, SLICES = ROWS / WIDTH };

/* WIDTH bytes to integers, and integers from 0 on to bytes, 255 for what is larger (below 2^15). */
#if defined(__AVX512F__)
FV_INLINE vi load_bytes(const uint8_t *p) { return (vi)_mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)p)); }
FV_INLINE void store_bytes(uint8_t *p, vi v) { _mm_storeu_si128((void *)p, _mm512_cvtusepi32_epi8((__m512i)v)); }
#elif defined(__AVX2__)
FV_INLINE vi load_bytes(const uint8_t *p) { return (vi)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)p)); }
FV_INLINE void store_bytes(uint8_t *p, vi v) {
    __m128i words = _mm_packus_epi32(_mm256_castsi256_si128((__m256i)v), _mm256_extracti128_si256((__m256i)v, 1));
    _mm_storel_epi64((void *)p, _mm_packus_epi16(words, words));
}
#else
typedef uint8_t vb __attribute__((vector_size(WIDTH), aligned(1), may_alias));
FV_INLINE vi load_bytes(const uint8_t *p) { return __builtin_convertvector(*(const vb *)p, vi); }
FV_INLINE void store_bytes(uint8_t *p, vi v) { *(vb *)p = __builtin_convertvector((v | (v > 255)) & 255, vb); }
#endif

/* A sum of pixels begins at half a unit. */
static const int32_t half = 1 << (FV_FILTER_BITS - 1);

/* ---- Along rows -------------------------------------------------------------------------------------------------- */

/* Interleaves rows 0..7 with rows 8..15. A byte's address is (row, column), 4 bits each: this rotates it left by one bit, so
 * that four times exchange row and column. */
FV_INLINE void shuffle_rows(bytes row[ROWS]) {
    bytes next[ROWS];
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) {
        bytes a = row[i], b = row[i + 8];
        next[2 * i] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        next[2 * i + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    memcpy(row, next, sizeof next);
}
FV_INLINE void transpose(bytes row[ROWS]) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) shuffle_rows(row);
}

/* Columns [at, at + 16) of rows `stride` apart; where fewer than 16 rows or columns are left, others fill in. */
FV_INLINE void load_square(const uint8_t *from, size_t stride, int rows, size_t columns, bytes row[ROWS]) {
#pragma GCC unroll 16
    for (int i = 0; i < ROWS; i++) {
        const uint8_t *p = from + (size_t)(i < rows ? i : rows - 1) * stride;
        if (columns >= ROWS)
            row[i] = *(const bytes_memory *)p;
        else
            row[i] = (bytes){0}, memcpy(&row[i], p, columns);
    }
}

FV_INLINE void store_square(uint8_t *to, size_t stride, int rows, size_t columns, const bytes row[ROWS]) {
    for (int i = 0; i < rows; i++, to += stride) memcpy(to, &row[i], columns < ROWS ? columns : ROWS);
}

/* [rows][length] to [length][16] and back. `side` has room for whole squares. */
static void lay_down(const uint8_t *from, size_t stride, int rows, size_t length, uint8_t *side) {
    for (size_t at = 0; at < length; at += ROWS) {
        bytes square[ROWS];
        load_square(from + at, stride, rows, length - at, square);
        transpose(square);
        memcpy(side + at * ROWS, square, sizeof square);
    }
}
static void set_up(const uint8_t *side, int rows, size_t length, uint8_t *to) {
    for (size_t at = 0; at < length; at += ROWS) {
        bytes square[ROWS];
        memcpy(square, side + at * ROWS, sizeof square);
        transpose(square);
        if (rows == ROWS && length - at >= ROWS)
            store_square(to + at, length, ROWS, ROWS, square);
        else
            store_square(to + at, length, rows, length - at, square);
    }
}

/* One sample of an output pixel: from its first input, `step` bytes to the next. */
FV_INLINE void sum_taps(const uint8_t *from, size_t step, const int32_t *weight, int count, uint8_t *to) {
    vi sum[SLICES];
    for (int s = 0; s < SLICES; s++) sum[s] = (vi){0} + half;
    for (int k = 0; k < count; k++, from += step)
        for (int s = 0; s < SLICES; s++) sum[s] += load_bytes(from + s * WIDTH) * weight[k];
    for (int s = 0; s < SLICES; s++) store_bytes(to + s * WIDTH, sum[s] >> FV_FILTER_BITS);
}

static size_t squares(size_t length) { return (length + ROWS - 1) / ROWS * ROWS * ROWS; }

size_t SIMD(resample_scratch)(const fv_filter *f, int channels) {
    return squares((size_t)f->span * (size_t)channels) + squares((size_t)f->n * (size_t)channels);
}

void SIMD(resample_columns)(const fv_filter *f, int channels, int rows, const uint8_t *from, size_t stride, uint8_t *to,
                            void *scratch) {
    const size_t c = (size_t)channels, in = (size_t)f->span * c, out = (size_t)f->n * c;
    uint8_t *before = scratch, *after = before + squares(in);
    for (int y = 0; y < rows; y += ROWS, from += ROWS * stride, to += ROWS * out) {
        int n = rows - y < ROWS ? rows - y : ROWS;
        lay_down(from, stride, n, in, before);
        for (size_t i = 0; i < (size_t)f->n; i++)
            for (size_t k = 0; k < c; k++)
                sum_taps(before + ((size_t)f->first[i] * c + k) * ROWS, c * ROWS, f->weight + i * (size_t)f->most,
                         f->count[i], after + (i * c + k) * ROWS);
        set_up(after, n, out, to);
    }
}

/* ---- Down columns ------------------------------------------------------------------------------------------------ */

/* `n` vectors of a row at once, so that their sums do not wait for one another. */
FV_INLINE void sum_rows(const uint8_t *from, size_t length, const int32_t *weight, int count, int n, uint8_t *to) {
    vi sum[4];
    for (int v = 0; v < n; v++) sum[v] = (vi){0} + half;
    for (int k = 0; k < count; k++, from += length)
        for (int v = 0; v < n; v++) sum[v] += load_bytes(from + v * WIDTH) * weight[k];
    for (int v = 0; v < n; v++) store_bytes(to + v * WIDTH, sum[v] >> FV_FILTER_BITS);
}

void SIMD(resample_row)(const fv_filter *f, int i, size_t length, const uint8_t *from, uint8_t *to) {
    const int32_t *weight = f->weight + (size_t)i * (size_t)f->most;
    const int count = f->count[i];
    size_t x = 0;
    from += (size_t)f->first[i] * length;
    for (; x + 4 * WIDTH <= length; x += 4 * WIDTH) sum_rows(from + x, length, weight, count, 4, to + x);
    for (; x + WIDTH <= length; x += WIDTH) sum_rows(from + x, length, weight, count, 1, to + x);
    for (; x < length; x++) {
        int32_t sum = half;
        for (int k = 0; k < count; k++) sum += from[(size_t)k * length + x] * weight[k];
        sum >>= FV_FILTER_BITS;
        to[x] = (uint8_t)(sum > 255 ? 255 : sum);
    }
}
