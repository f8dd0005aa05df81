/* Axes with round ticks, and lines that keep their shape and their gaps. */
#include "report/plot.h"
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void ticks_are_round(void **s) {
    (void)s;
    static const struct {
        double low, high;
        int most;
        bool whole, widen;
        fv_axis_range expected;
    } cases[] = {
        {1.21, 2.06, 5, false, true, {1.2, 2.2, 0.2}},
        {0, 0.97, 5, false, true, {0, 1, 0.2}},
        {1, 4, 6, true, false, {1, 4, 1}},
        {1, 10000, 6, true, false, {1, 10000, 2000}},
        {1, 1, 6, true, false, {0.5, 1.5, 1}},
        {0.0005, 0.0005, 5, false, true, {0.0002, 0.0008, 0.0001}},
        {-3e-7, 8e-7, 5, false, true, {-5e-7, 1e-6, 5e-7}},
        {0, 0, 5, false, true, {-0.6, 0.6, 0.2}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fv_axis_range a = fv_axis_round(cases[i].low, cases[i].high, cases[i].most, cases[i].whole, cases[i].widen),
                      e = cases[i].expected;
        double near = 1e-6 * (e.high - e.low);
        if (!(fabs(a.low - e.low) < near && fabs(a.high - e.high) < near) || a.step <= 0)
            fail_msg("case %zu: %g to %g by %g", i, a.low, a.high, a.step);
        if (fabs(a.step - e.step) > near) fail_msg("case %zu: steps of %g, expected %g", i, a.step, e.step);
    }
}

static void labels_are_short(void **s) {
    (void)s;
    char text[32];
    fv_axis_range a = {0, 1, 0.1};
    assert_string_equal(fv_axis_label(&a, 0.1 + 0.2, text), "0.3");
    assert_string_equal(fv_axis_label(&a, -1e-17, text), "0");
    a.step = 1e-5;
    assert_string_equal(fv_axis_label(&a, 5e-5, text), "5e-05");
}

/* The path of the only line of a plot of y over 0, 1, 2, ...; free it. */
static char *path_of(const double *y, size_t n) {
    double *x = malloc(n * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++) x[i] = (double)i;
    fv_plot p = {.id = "p",
                 .title = "t",
                 .x_title = "x",
                 .description = "<d>",
                 .width = 160,
                 .height = 154,
                 .right = 14,
                 .x = {0, (double)(n - 1), 0},
                 .y = {0, 1, 0},
                 .n = 1,
                 .mark = {.x = NAN}};
    p.series[0] = (fv_series){NULL, "a", x, y, n, 1};
    fv_text t = {0};
    fv_plot_put(&t, &p);
    fv_text_add(&t, "");
    assert_int_equal(t.status, FV_OK);
    char *text = malloc(t.length + 1);
    assert_non_null(text);
    memcpy(text, t.at, t.length);
    text[t.length] = '\0';
    assert_contains(text, "<desc id=\"p-d\">&lt;d&gt;</desc>");
    char *from = strstr(text, "class=\"line a");
    assert_non_null(from);
    from = strstr(from, " d=\"") + strlen(" d=\"");
    char *path = strndup(from, strcspn(from, "\""));
    fv_text_free(&t);
    free(text);
    free(x);
    return path;
}

static void points_lie_where_they_belong(void **s) {
    (void)s;
    char *path = path_of((double[]){0, 1, 0.5}, 3); /* 100 units wide and high, from (46, 114) */
    assert_string_equal(path, "M46.0 114.0L96.0 14.0 146.0 64.0");
    free(path);
}

static void a_gap_parts_the_line(void **s) {
    (void)s;
    char *path = path_of((double[]){0, NAN, 1, NAN, 0.5, 0.5}, 6);
    assert_string_equal(path, "M46.0 114.0h0M86.0 14.0h0M126.0 64.0L146.0 64.0");
    free(path);
    path = path_of((double[]){NAN, NAN}, 2);
    assert_string_equal(path, "");
    free(path);
}

/* A long curve is short in the file, and its only spikes are still there. */
static void long_curves_are_thinned(void **s) {
    (void)s;
    enum { N = 20000 };
    static double y[N];
    for (int i = 0; i < N; i++) y[i] = 0.4 + 0.1 * (i % 3);
    y[7777] = 1, y[13131] = 0;
    char *path = path_of(y, N);
    size_t points = 1;
    for (char *c = path; *c; c++) points += *c == ' ' || *c == 'L';
    assert_in_range(points / 2, 101, 4 * 102);
    assert_contains(path, " 14.0");
    assert_contains(path, " 114.0");
    free(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_are_round),
        cmocka_unit_test(labels_are_short),
        cmocka_unit_test(points_lie_where_they_belong),
        cmocka_unit_test(a_gap_parts_the_line),
        cmocka_unit_test(long_curves_are_thinned),
    };
    return cmocka_run_group_tests_name("plot", tests, NULL, NULL);
}
