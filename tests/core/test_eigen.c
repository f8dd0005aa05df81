/* Eigenvalues and eigenvectors: known ones, and what defines them. */
#include "core/eigen.h"
#include "core/random.h"
#include "support/unit.h"

#include <math.h>

enum { MOST = 48 };

static void assert_near(double a, double b, double most) {
    if (!(fabs(a - b) <= most)) fail_msg("%.17g is not %.17g", a, b);
}

static void knows_two_by_two(void **state) {
    (void)state;
    double a[] = {2, 1, 1, 2}, values[2], vectors[4];
    fv_eigen_symmetric(a, 2, values, vectors);
    assert_near(values[0], 3, 1e-14);
    assert_near(values[1], 1, 1e-14);
    assert_near(fabs(vectors[0] + vectors[1]), sqrt(2), 1e-14);
    assert_near(vectors[2] + vectors[3], 0, 1e-14);
}

static double dot(const double *a, const double *b, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* A v = value v, v of length 1 and at right angles to the others, values falling. */
static void check(const double *a, int n) {
    double used[MOST * MOST], values[MOST], vectors[MOST * MOST];
    for (int i = 0; i < n * n; i++) used[i] = a[i];
    fv_eigen_symmetric(used, n, values, vectors);
    for (int v = 0; v < n; v++) {
        const double *vector = vectors + v * n;
        if (v) assert_true(values[v] <= values[v - 1]);
        for (int i = 0; i < n; i++) assert_near(dot(a + i * n, vector, n), values[v] * vector[i], 1e-12 * n);
        for (int other = 0; other <= v; other++)
            assert_near(dot(vector, vectors + other * n, n), other == v, 1e-13 * n);
    }
}

static void solves_any(void **state) {
    (void)state;
    static const int sizes[] = {1, 2, 3, 12, MOST};
    fv_random random = fv_random_stream(1, 2, 3);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        double a[MOST * MOST];
        int n = sizes[s];
        for (int i = 0; i < n; i++)
            for (int j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = (double)fv_random_normal(&random);
        check(a, n);
    }
}

/* Equal eigenvalues, none but zero, and one direction alone. */
static void solves_the_degenerate(void **state) {
    (void)state;
    double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, zero[9] = {0}, ones[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    check(identity, 3);
    check(zero, 3);
    check(ones, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_two_by_two),
        cmocka_unit_test(solves_any),
        cmocka_unit_test(solves_the_degenerate),
    };
    return cmocka_run_group_tests_name("core/eigen", tests, NULL, NULL);
}
