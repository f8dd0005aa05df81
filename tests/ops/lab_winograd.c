/* FV_WINOGRAD in the lab: weights are laid out so, and read back against U = G w G' in double. */
#include "kernels/cpu.h"
#include "ops/lab_parts.h"

static size_t taps_of(const fv_winograd *k) { return (size_t)(k->tile.taps * k->tile.taps); }

fv_winograd *lab_tiles(lab *l, const fv_shape *weight) {
    const int *dim = weight->dim;
    for (int kind = 0; kind < fv_winograd_kinds() && weight->rank == 4; kind++) {
        if (dim[2] != fv_winograd_tile_of(kind).taps || dim[3] != dim[2] || lab_chance(l, 50)) continue;
        fv_winograd *k = fv_arena_alloc(&l->arena, 1, sizeof *k);
        fv_conv_shape s = {1, dim[1], 9, 9, dim[0], 9, 9, {dim[2], dim[3]}, {1, 1}, {1, 1}, {0}, 1};
        fv_simd_pick()->winograd2d_plan(&s, fv_block(), kind, false, 1, k);
        return k;
    }
    return NULL;
}

size_t lab_tiles_bytes(const fv_winograd *k) { return fv_simd_pick()->winograd2d_weights_floats(k) * sizeof(float); }

void lab_transform(const fv_winograd *k, const float *w, float *u) {
    const size_t taps = taps_of(k), many = taps * (size_t)k->shape.ic;
    fv_simd_pick()->winograd2d_weights(k, 0, k->shape.ic, w, many, taps, false, u);
}

/* Entry (point, tap) of G, from its rows by pairs: a negative point's odd powers change their sign. */
static double entry(const fv_winograd_tile *t, int point, int tap) {
    const int row = (point + 1) / 2;
    const bool negative = point && point % 2 == 0 && row < t->points / 2;
    return negative && tap % 2 ? -(double)t->weights[row][tap] : (double)t->weights[row][tap];
}

static double value_of(const fv_winograd_tile *t, int i, int j, const double *w) {
    double sum = 0;
    for (int a = 0; a < t->taps; a++)
        for (int b = 0; b < t->taps; b++) sum += entry(t, i, a) * entry(t, j, b) * w[a * t->taps + b];
    return sum;
}

/* Where point p of weight (o, c) lies. */
static ptrdiff_t place(const fv_winograd *k, int p, int o, int c) {
    const int width = fv_simd_pick()->width, panel = 2 * width;
    return p * k->u_point + ((ptrdiff_t)(o / panel) * k->slices * width + c) * panel + o % panel;
}

double lab_transform_error(const fv_winograd *k, const double *w, const float *u) {
    const int points = k->tile.points;
    double most = 0;
    for (int o = 0; o < k->shape.oc; o++)
        for (int c = 0; c < k->shape.ic; c++, w += taps_of(k))
            for (int p = 0; p < points * points; p++) {
                double error = value_of(&k->tile, p / points, p % points, w) - (double)u[place(k, p, o, c)];
                if (!(error <= most && error >= -most)) most = error < 0 ? -error : error;
            }
    return most;
}
