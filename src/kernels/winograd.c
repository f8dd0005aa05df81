/* The matrices of Winograd's convolution, by Cook and Toom's construction. For finite points p_i
 *
 *     A row i  (1, p_i, p_i^2, ..)      G row i  (1, p_i, p_i^2, ..) / prod over j != i of (p_i - p_j)
 *     B' row i  the coefficients of prod over j != i of (x - p_j)
 *
 * and for infinity the last unit vector, and in B' the product over all j.
 *
 * Points are chosen for conditioning: of all triples and pairs from fractions with small terms between 1/4 and 3 these had the
 * smallest errors on normal data. For six points the customary 1 and 2 err three times as much. */
#include "kernels/winograd.h"

#include <string.h>

enum { MOST = FV_WINOGRAD_MOST, MOST_PAIRS = MOST / 2 - 1 };

static const double eight_points[MOST_PAIRS] = {1, 0.5, 2}, six_points[MOST_PAIRS] = {2.0 / 3, 1.5};

static const struct {
    const char *name;
    int outputs, taps;
} tiles[] = {
#define ROW(M, R) {"F(" #M "x" #M "," #R "x" #R ")", M, R},
    FV_WINOGRAD_TILES(ROW)
#undef ROW
};

int fv_winograd_kinds(void) { return (int)(sizeof tiles / sizeof *tiles); }

/* The coefficients of the product of x - p[j] over j < count, j != skip. */
static void expand(const double *p, int count, int skip, double *c) {
    memset(c, 0, MOST * sizeof *c);
    c[0] = 1;
    for (int j = 0; j < count; j++) {
        if (j == skip) continue;
        for (int k = MOST - 1; k >= 0; k--) c[k] = (k ? c[k - 1] : 0) - p[j] * c[k];
    }
}

static double evaluate(const double *c, double x) {
    double value = 0;
    for (int k = MOST - 1; k >= 0; k--) value = value * x + c[k];
    return value;
}

static void fill_finite(fv_winograd_tile *t, int row, const double *p, int i) {
    double c[MOST], power = 1;
    expand(p, t->points - 1, i, c);
    double scale = evaluate(c, p[i]);
    for (int k = 0; k < t->points; k++, power *= p[i]) {
        t->input[row][k] = (float)c[k];
        if (k < t->outputs) t->output[row][k] = (float)power;
        if (k < t->taps) t->weights[row][k] = (float)(power / scale);
    }
}

static void fill_infinite(fv_winograd_tile *t, int row, const double *p) {
    double c[MOST];
    expand(p, t->points - 1, -1, c);
    for (int k = 0; k < t->points; k++) t->input[row][k] = (float)c[k];
    t->output[row][t->outputs - 1] = t->weights[row][t->taps - 1] = 1;
}

fv_winograd_tile fv_winograd_tile_of(int kind) {
    fv_winograd_tile t = {.name = tiles[kind].name, .outputs = tiles[kind].outputs, .taps = tiles[kind].taps};
    t.points = t.outputs + t.taps - 1;
    const double *pair = t.points == MOST ? eight_points : six_points;
    double p[MOST - 1] = {0};
    int pairs = t.points / 2 - 1;
    for (int i = 0; i < pairs; i++) p[2 * i + 1] = pair[i], p[2 * i + 2] = -pair[i];
    fill_finite(&t, 0, p, 0);
    for (int i = 0; i < pairs; i++) fill_finite(&t, i + 1, p, 2 * i + 1);
    fill_infinite(&t, pairs + 1, p);
    return t;
}
