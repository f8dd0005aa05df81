/* The cyclic Jacobi method (Golub and Van Loan, "Matrix computations", section 8.5): a rotation of two rows and columns makes
 * one entry zero; sweep by sweep what is off the diagonal shrinks, in the end quadratically. */
#include "core/eigen.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

enum { SWEEPS = 60 /* six to ten are enough; this is for matrices that no one has met */ };

/* Rows p and q, `stride` between a row's numbers. */
static void rotate(double *p, double *q, size_t stride, int n, double c, double s) {
    for (int k = 0; k < n; k++, p += stride, q += stride) {
        double x = *p, y = *q;
        *p = c * x - s * y;
        *q = s * x + c * y;
    }
}

static void annihilate(double *a, double *vectors, int n, int p, int q) {
    size_t N = (size_t)n, P = (size_t)p, Q = (size_t)q;
    double theta = (a[Q * N + Q] - a[P * N + P]) / (2 * a[P * N + Q]);
    double t = copysign(1, theta) / (fabs(theta) + sqrt(theta * theta + 1)); /* the smaller angle's tangent */
    double c = 1 / sqrt(t * t + 1), s = t * c;
    rotate(a + P, a + Q, N, n, c, s);
    rotate(a + P * N, a + Q * N, 1, n, c, s);
    rotate(vectors + P * N, vectors + Q * N, 1, n, c, s);
}

/* The share of the matrix, by length, that is off the diagonal. */
static double off_diagonal(const double *a, size_t n) {
    double off = 0, all = 0;
    for (size_t i = 0; i < n * n; i++) {
        all += a[i] * a[i];
        if (i % (n + 1)) off += a[i] * a[i];
    }
    return all > 0 ? sqrt(off / all) : 0;
}

static void swap(double *a, double *b) {
    double t = *a;
    *a = *b;
    *b = t;
}

static void sort(int n, double *values, double *vectors) {
    for (int i = 0; i < n; i++) {
        int largest = i;
        for (int j = i + 1; j < n; j++)
            if (values[j] > values[largest]) largest = j;
        if (largest == i) continue;
        swap(&values[i], &values[largest]);
        for (int k = 0; k < n; k++)
            swap(&vectors[(size_t)i * (size_t)n + (size_t)k], &vectors[(size_t)largest * (size_t)n + (size_t)k]);
    }
}

void fv_eigen_symmetric(double *a, int n, double *values, double *vectors) {
    size_t N = (size_t)n;
    for (size_t i = 0; i < N * N; i++) vectors[i] = i % (N + 1) == 0;
    for (int sweep = 0; sweep < SWEEPS && off_diagonal(a, N) > DBL_EPSILON; sweep++)
        for (int p = 0; p < n; p++)
            for (int q = p + 1; q < n; q++)
                if (a[(size_t)p * N + (size_t)q] != 0) annihilate(a, vectors, n, p, q);
    for (size_t i = 0; i < N; i++) values[i] = a[i * N + i];
    sort(n, values, vectors);
}
