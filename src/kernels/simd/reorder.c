/* Between FV_PLAIN [n][size] and FV_BATCH [groups][size][16]: transposes of squares of WIDTH x WIDTH in registers. */
#include "kernels/simd/vector.h"

/* Eklundh's transposition: stage `d` swaps, in every pair of rows d apart, the upper row's odd runs of d lanes with the
 * lower row's even runs. Below are lane j's sources in the concatenation of the two rows. */
#define UPPER(d, j) ((j) & (d) ? WIDTH + (j) - (d) : (j))
#define LOWER(d, j) ((j) & (d) ? WIDTH + (j) : (j) + (d))
#if FV_WIDTH == 16
#define SOURCES(which, d)                                                                                   \
    which(d, 0), which(d, 1), which(d, 2), which(d, 3), which(d, 4), which(d, 5), which(d, 6), which(d, 7), \
        which(d, 8), which(d, 9), which(d, 10), which(d, 11), which(d, 12), which(d, 13), which(d, 14), which(d, 15)
#elif FV_WIDTH == 8
#define SOURCES(which, d) \
    which(d, 0), which(d, 1), which(d, 2), which(d, 3), which(d, 4), which(d, 5), which(d, 6), which(d, 7)
#else
#define SOURCES(which, d) which(d, 0), which(d, 1), which(d, 2), which(d, 3)
#endif

#define STAGE(d)                                                                 \
    _Pragma("GCC unroll 16") for (int i = 0; i < WIDTH; i++) if (!(i & (d))) {   \
        vf upper = row[i], lower = row[i + (d)];                                 \
        row[i] = __builtin_shufflevector(upper, lower, SOURCES(UPPER, d));       \
        row[i + (d)] = __builtin_shufflevector(upper, lower, SOURCES(LOWER, d)); \
    }

FV_INLINE void transpose(vf row[WIDTH]) {
    STAGE(1)
    STAGE(2)
#if FV_WIDTH >= 8
    STAGE(4)
#endif
#if FV_WIDTH >= 16
    STAGE(8)
#endif
}

/* The square whose corner is (image, element). `images` and `elements` of it exist, 1 to WIDTH of each. */
FV_INLINE void gather_square(size_t size, int images, size_t elements, const float *plain, float *batch) {
    vf row[WIDTH];
#pragma GCC unroll 16
    for (int i = 0; i < WIDTH; i++) {
        if (i >= images)
            row[i] = (vf){0};
        else if (elements == WIDTH)
            row[i] = load(plain + (size_t)i * size);
        else
            row[i] = load_some(plain + (size_t)i * size, elements);
    }
    transpose(row);
#pragma GCC unroll 16
    for (int e = 0; e < WIDTH; e++)
        if ((size_t)e < elements) store(batch + e * LANES, row[e]);
}

FV_INLINE void scatter_square(size_t size, int images, size_t elements, const float *batch, float *plain) {
    vf row[WIDTH];
#pragma GCC unroll 16
    for (int e = 0; e < WIDTH; e++) row[e] = (size_t)e < elements ? load(batch + e * LANES) : (vf){0};
    transpose(row);
#pragma GCC unroll 16
    for (int i = 0; i < WIDTH; i++) {
        if (i >= images) break;
        if (elements == WIDTH)
            store(plain + (size_t)i * size, row[i]);
        else
            store_some(plain + (size_t)i * size, row[i], elements);
    }
}

/* How many of the WIDTH images from `first` on exist. */
static int images_in(int n, int first) { return n - first < 0 ? 0 : n - first < WIDTH ? n - first : WIDTH; }
static size_t elements_in(size_t size, size_t e) { return size - e < WIDTH ? size - e : WIDTH; }

void SIMD(plain_to_batch)(int n, size_t size, int g0, int g1, const float *plain, float *batch) {
    for (int g = g0; g < g1; g++)
        for (size_t e = 0; e < size; e += WIDTH)
            for (int slice = 0; slice < LANES; slice += WIDTH) {
                int first = g * LANES + slice, images = images_in(n, first);
                const float *from = images ? plain + (size_t)first * size + e : plain;
                float *to = batch + ((size_t)g * size + e) * LANES + slice;
                if (images == WIDTH && elements_in(size, e) == WIDTH)
                    gather_square(size, WIDTH, WIDTH, from, to);
                else
                    gather_square(size, images, elements_in(size, e), from, to);
            }
}

void SIMD(batch_to_plain)(int n, size_t size, int g0, int g1, const float *batch, float *plain) {
    for (int g = g0; g < g1; g++)
        for (size_t e = 0; e < size; e += WIDTH)
            for (int slice = 0; slice < LANES; slice += WIDTH) {
                int first = g * LANES + slice, images = images_in(n, first);
                if (images == 0) continue;
                const float *from = batch + ((size_t)g * size + e) * LANES + slice;
                float *to = plain + (size_t)first * size + e;
                if (images == WIDTH && elements_in(size, e) == WIDTH)
                    scatter_square(size, WIDTH, WIDTH, from, to);
                else
                    scatter_square(size, images, elements_in(size, e), from, to);
            }
}
