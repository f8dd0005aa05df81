/* The transforms of Winograd's convolution: along the columns of a patch, then along its rows.
 *
 * Values at p and -p are E + O and E - O, with E the sum over even powers, O over odd ones; the transposes take sum and difference
 * of the two first. So a vector of eight takes 32 multiply-adds at most, where a full matrix would take 64. */
#include "kernels/simd/winograd2d.h"

enum { MOST = FV_WINOGRAD_MOST };

typedef const float (*rows)[MOST];

/* v = C x: N values from K, of a polynomial with coefficients x. */
FV_INLINE void evaluate(const int N, const int K, rows c, const vf *x, vf *v) {
    const int last = N / 2;
    v[0] = c[0][0] * x[0];
    v[N - 1] = c[last][K - 1] * x[K - 1];
#pragma GCC unroll 4
    for (int i = 1; i < last; i++) {
        vf part[2] = {{0}, {0}};
#pragma GCC unroll 8
        for (int j = 0; j < K; j++) part[j % 2] += c[i][j] * x[j];
        v[2 * i - 1] = part[0] + part[1];
        v[2 * i] = part[0] - part[1];
    }
}

/* y = C' v: its transpose. */
FV_INLINE void evaluate_back(const int N, const int K, rows c, const vf *v, vf *y) {
    const int last = N / 2;
    vf part[2][MOST];
#pragma GCC unroll 4
    for (int i = 1; i < last; i++) {
        part[0][i] = v[2 * i - 1] + v[2 * i];
        part[1][i] = v[2 * i - 1] - v[2 * i];
    }
#pragma GCC unroll 8
    for (int j = 0; j < K; j++) {
        y[j] = j == 0 ? c[0][0] * v[0] : j == K - 1 ? c[last][j] * v[N - 1] : (vf){0};
#pragma GCC unroll 4
        for (int i = 1; i < last; i++) y[j] += c[i][j] * part[j % 2][i];
    }
}

/* v = B' x: N from N. A finite point's row is a multiple of x - 0 but for 0's own, which like infinity's has one parity. */
FV_INLINE void interpolate(const int N, rows c, const vf *x, vf *v) {
    const int last = N / 2;
    v[0] = v[N - 1] = (vf){0};
#pragma GCC unroll 4
    for (int j = 0; j < N; j += 2) {
        v[0] += c[0][j] * x[j];
        v[N - 1] += c[last][j + 1] * x[j + 1];
    }
#pragma GCC unroll 4
    for (int i = 1; i < last; i++) {
        vf part[2] = {{0}, {0}};
#pragma GCC unroll 8
        for (int j = 1; j < N - 1; j++) part[j % 2] += c[i][j] * x[j];
        v[2 * i - 1] = part[0] + part[1];
        v[2 * i] = part[0] - part[1];
    }
}

/* K = N stands for the input's transform. */
FV_INLINE void spread_one(const int N, const int K, rows c, const vf *x, vf *v) {
    if (K == N)
        interpolate(N, c, x, v);
    else
        evaluate(N, K, c, x, v);
}

FV_INLINE void spread(const int N, const int K, rows c, const float *patch, ptrdiff_t row, ptrdiff_t column, float *to,
                      ptrdiff_t point) {
    vf half[MOST][MOST];
    for (int j = 0; j < K; j++) {
        vf x[MOST], v[MOST];
#pragma GCC unroll 8
        for (int i = 0; i < K; i++) x[i] = load(patch + i * row + j * column);
        spread_one(N, K, c, x, v);
#pragma GCC unroll 8
        for (int i = 0; i < N; i++) half[i][j] = v[i];
    }
    for (int i = 0; i < N; i++, to += N * point) {
        vf v[MOST];
        spread_one(N, K, c, half[i], v);
#pragma GCC unroll 8
        for (int j = 0; j < N; j++) store(to + j * point, v[j]);
    }
}

FV_INLINE void gather(const int N, const int K, rows c, const float *from, ptrdiff_t point, vf *patch) {
    vf half[MOST][MOST];
    for (int j = 0; j < N; j++) {
        vf v[MOST], y[MOST];
#pragma GCC unroll 8
        for (int i = 0; i < N; i++) v[i] = load(from + (i * N + j) * point);
        evaluate_back(N, K, c, v, y);
#pragma GCC unroll 8
        for (int i = 0; i < K; i++) half[i][j] = y[i];
    }
    for (int i = 0; i < K; i++) evaluate_back(N, K, c, half[i], patch + i * K);
}

#define SPREAD(name, N, K, matrix)                                                                              \
    static void name(const fv_winograd_tile *t, const float *patch, ptrdiff_t row, ptrdiff_t column, float *to, \
                     ptrdiff_t point) {                                                                         \
        spread(N, K, t->matrix, patch, row, column, to, point);                                                 \
    }
#define GATHER(name, N, K, matrix)                                                               \
    static void name(const fv_winograd_tile *t, const float *from, ptrdiff_t point, vf *patch) { \
        gather(N, K, t->matrix, from, point, patch);                                             \
    }
#define TRANSFORMS(M, R)                                 \
    SPREAD(input_##M##_##R, M + R - 1, M + R - 1, input) \
    SPREAD(gradient_##M##_##R, M + R - 1, M, output)     \
    SPREAD(weights_##M##_##R, M + R - 1, R, weights)     \
    GATHER(output_##M##_##R, M + R - 1, M, output)       \
    GATHER(weights_back_##M##_##R, M + R - 1, R, weights)
#define ROW(M, R) {input_##M##_##R, gradient_##M##_##R, weights_##M##_##R, output_##M##_##R, weights_back_##M##_##R},

FV_WINOGRAD_TILES(TRANSFORMS)
const transforms SIMD(winograd2d_transforms)[] = {FV_WINOGRAD_TILES(ROW)};
